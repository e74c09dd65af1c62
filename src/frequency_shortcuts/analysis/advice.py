"""What to do about the classes that follow or need their fine spectrum: which files to look at."""

from __future__ import annotations

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
            "cure. If not, find out how these images came by it, and others did not."
        )
    if rest := found.loc[found["cause"].isna(), "class"].tolist():
        advice.append(
            f"No cause is named for {few(rest)}: if a class is rightly known by its texture, nothing needs a cure; if "
            "not, compare its files with those of the others (`frequency-shortcuts data`)."
        )
    return advice


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
