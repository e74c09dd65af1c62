"""What to do about the classes that follow or need their fine spectrum: which files, which line of code, at what cost.

What a remedy brings back, and costs, are results of `make cure`, which writes them to remedies.csv.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from frequency_shortcuts.data.folders import ImageFiles, few
from frequency_shortcuts.data.pixels import in_pixels
from frequency_shortcuts.evaluation.causes import CAUSES
from frequency_shortcuts.evaluation.fine_differences import carries
from frequency_shortcuts.evaluation.flip_rates import FOUND

from .counterfactuals import FlipTest

SWAP = "`images, labels = swap(images, labels)` in the training loop (`swap = fs.SwapFine()`)"
OTHERS = {  # trainings of `cure.TRAININGS` that need no maps
    "saved_alike": "saving all images alike, as JPEG of quality 75",
    "low_pass": "removing the fine spectrum of all images",
    "afa": "training with random plane waves (AFA)",
}
NAMED = 3  # files of each class


def advise(test: FlipTest, files: pd.DataFrame) -> list[str]:
    """What to do about each cause, and about classes without one; nothing if no class follows or needs its spectrum.

    files : of `carriers`
    """
    found = test.table[test.table["verdict"].isin(FOUND)]
    advice = []
    for cause, rows in found.dropna(subset="cause").groupby("cause", sort=False):
        of_classes = files[files["class"].isin(rows["class"])].groupby("class", sort=False)["path"]
        named = [", ".join(paths.head(NAMED)) for _, paths in of_classes]
        where = f" Most clearly it is in {'; '.join(named)}." if named else ""
        advice.append(
            f"What to do about {few(rows['class'].tolist())}: look at the images, which seem to have "
            f"{CAUSES[str(cause)]}.{where} If it is the texture by which the class is rightly known, nothing needs a "
            f"cure. If not, find out how these images came by it, and others did not. {_cure(str(cause))}"
        )
    if rest := found.loc[found["cause"].isna(), "class"].tolist():
        advice.append(
            f"No cause is named for {few(rest)}: if a class is rightly known by its texture, nothing needs a cure; if "
            "not, compare its files with those of the others (`frequency-shortcuts data`)."
        )
    return advice


def _cure(cause: str) -> str:
    """What would cure a cause, by the benchmark, and what that costs."""
    table = pd.read_csv(Path(__file__).with_name("remedies.csv"))
    of_cause = table[table["cause"] == cause].set_index("training")
    if of_cause.empty:
        return f"Our benchmark does not say whether {SWAP} cures it."
    row = of_cause.loc["swap_fine"]
    does = "cures" if row["cured"] else "does not cure"
    return (
        f"In our benchmark, grey pictures of clothes, {SWAP} {does} {row['artefacts']}: on average "
        f"{math.floor(100 * min(1, max(0, row['back'])))} % of the lost recall or more is back, and "
        f"{max(0, row['accuracy_loss']):.3f} of the accuracy is lost{''.join(_others(of_cause))}."
    )


def _others(of_cause: pd.DataFrame) -> Iterator[str]:
    """Other remedies of a cause, if the line does not cure it."""
    if not of_cause.loc["swap_fine", "cured"]:
        tried = of_cause[of_cause.index.isin([*OTHERS])]
        cured = tried[tried["cured"].astype(bool)]
        words = [f"{OTHERS[str(name)]} ({loss:.3f})" for name, loss in cured["accuracy_loss"].items()]
        no = " or ".join(OTHERS[str(name)] for name in tried.index)
        yield f"; {' or '.join(words)} does" if words else f"; {no} does not, either" if no else ""


def carriers(test: FlipTest) -> pd.DataFrame:
    """The files of each class with a likely cause, those that carry it most clearly first.

    Returns `class`, `cause`, `path` (folder and file), `score`; no rows for images that are not in files.
    """
    found = test.table[test.table["verdict"].isin(FOUND)].dropna(subset="cause")
    splits = test.ranking, test.test
    if found.empty or not any(isinstance(split.images, ImageFiles) for split in splits):
        return pd.DataFrame(columns=["class", "cause", "path", "score"])
    named = {test.classes.index(name): cause for name, cause in zip(found["class"], found["cause"], strict=True)}
    tables = []
    for split, own in zip(splits, in_pixels(*splits, torch.device("cpu")), strict=True):
        if not isinstance(split.images, ImageFiles):
            continue
        for k, scores in carries(own, named, statistics=test.statistics).items():
            (at,) = np.nonzero(split.labels == k)
            paths = ["/".join(Path(split.images.files[i]).parts[-2:]) for i in at]
            tables.append(
                pd.DataFrame({"class": test.classes[k], "cause": named[k], "path": paths, "score": scores[at]})
            )
    return pd.concat(tables).sort_values(
        ["class", "score"], ascending=[True, False], kind="stable", ignore_index=True
    )  # fmt: skip
