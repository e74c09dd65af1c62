"""What an analysis says: a table for each test, and at most seven fixed sentences with slots for names and numbers."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from frequency_shortcuts.exchange import answers
from frequency_shortcuts.exchange.answers import FOLLOWS, PARTS
from frequency_shortcuts.exchange.test import IMAGES
from frequency_shortcuts.figures.canvas import CONTROL_WORDS, control_label
from frequency_shortcuts.images.folders import few
from frequency_shortcuts.spectrum import fills

from .advice import KINDS_OF_IMAGES
from .cells import MOST, NAMED_FILES, as_table, filled, percent, with_interval
from .options import WITH_SWAP
from .reasons import EITHER_OF_TWO

PARTS_IN_WORDS = "; ".join(f"{part}: {kind.words}" for part, kind in PARTS.items())
CANNOT_TELL_MEANS = (
    f"Cannot tell: the upper end of a part is {percent(answers.BOUND)} % or more, and its lower end below its "
    "threshold. The reason is how many images got the part, of about how many that would decide (at most "
    f"{IMAGES} get it), or a share between {percent(answers.BOUND)} % and the threshold, where no number decides."
)
NOT_RECOGNISED_MEANS = (
    f"Not recognised: the recall is below {percent(answers.LEAST_RECALL)} %, or less than "
    f"{percent(answers.LEAST_MARGIN)} % above FPR, the share of other images that are called the class."
)


def flip_cells(flips: pd.DataFrame) -> pd.DataFrame:
    """The verdicts of the exchange test as cells, in the order of the rows."""
    shown = {
        "follows": flips["follows"].replace("", None),
        **{part: with_interval(flips, part) for part in PARTS},
        "likely cause": flips["cause"],
        "reason": flips["reason"],
    }
    return filled(flips[["class", "verdict"]].assign(**shown))


def as_pair(flips: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """The rows of two classes as one: of each part, the numbers of the class that follows it more, or more likely."""
    pair = flips.iloc[:1].copy()
    reasons = flips[flips["reason"].notna()]
    pair["class"] = " or ".join(classes)
    pair["reason"] = "; ".join(reasons["class"] + ": " + reasons["reason"]) or None
    decides = "low" if (pair["verdict"] == FOLLOWS).all() else "high"
    for part in PARTS:
        columns = [part, f"{part}_low", f"{part}_high"]
        clearest = flips[f"{part}_{decides}"].idxmax()
        pair[columns] = flips[columns].loc[[clearest]].to_numpy()
    return pair


def map_cells(verdicts: pd.DataFrame) -> pd.DataFrame:
    """The verdicts of the test of maps as cells: the clearest shortcuts come first."""
    rank = verdicts["verdict"].map({"strong": 0, "weak": 1}).fillna(2)
    table = verdicts.iloc[np.lexsort([-verdicts["margin"], rank])]
    controls = zip(table["best_control"], table["closest_class"], strict=True)
    shown = {
        "class": table["class"],
        "verdict": table["verdict"],
        "TPR": table["tpr_dfm"].map(percent),
        "FPR": table["fpr_dfm"].map(percent),
        "closest control": [control_label(kind, other) for kind, other in controls],
        "margin": with_interval(table, "margin"),
        "than lowest frequencies": table["than_lowest"],
        "needed": table["needed"],
    }
    return filled(pd.DataFrame(shown))


def table_1_text(table_1: pd.DataFrame, size: float) -> str:
    """Table 1 of the paper, with the controls beside it, as plain text; size : percent of the frequencies in a map."""
    cells = {"class": table_1["class"].tolist()}
    for name, words in {"unfiltered": "unfiltered", "dfm": "map", **CONTROL_WORDS}.items():
        columns = [rate for rate in (f"tpr_{name}", f"fpr_{name}") if rate in table_1]
        if columns:
            rates = table_1[columns].map(percent)
            cells[words] = rates.agg(" / ".join, axis=1).tolist()
    title = f"Table 1 of the paper: TPR / FPR in %, maps of {size:.3g} % of the frequencies, zeros"
    return as_table(title, pd.DataFrame(cells))


def map_title(fill: str, size: float) -> str:
    """What maps were tested, in words; fill : what stands at the other frequencies."""
    words = fills.named(fill).words
    return f"Maps of {size:.3g} % of the frequencies, {words}: shares in %, 95 % intervals"


def source_cells(recall_by_source: pd.DataFrame) -> pd.DataFrame:
    """The recall of classes by source as cells, the worst first."""
    shown = recall_by_source[["class", "source", "images"]]
    return filled(shown.assign(recall=with_interval(recall_by_source, "recall")))


def advice_cells(advice: pd.DataFrame) -> pd.DataFrame:
    """What restored the recall of what is followed, as cells."""
    restored = []
    for back, artefacts in zip(advice["restored"], advice["artefacts"], strict=True):
        restored.append(None if pd.isna(back) else f"{back:.0f} of {artefacts:.0f} artefacts")
    shown = {
        "followed": advice["part"],
        "what helps": advice["remedy"],
        "restored the recall": restored,
        "accuracy lost": advice["cost"],
    }
    return filled(pd.DataFrame(shown))


def advice_title(advice: pd.DataFrame) -> str:
    """What the table of remedies is about, with the kind of images."""
    return f"What helped on {KINDS_OF_IMAGES[advice['images'].iloc[0]]}"


def image_cells(images: pd.DataFrame) -> pd.DataFrame:
    """The clearest of `Analysis.images` that flip, as cells: those first that lose the most."""
    flip = images[images["flips"]]
    gained = flip["probability_without"] - flip["probability"]
    flip = flip.iloc[gained.argsort(kind="stable")].head(MOST)
    shown = {
        "image": flip["path"].fillna(flip["image"].astype(str)),
        "class": flip["class"],
        "part": flip["part"],
        "probability": flip["probability"],
        "without": flip["probability_without"],
        "then called": flip["called_without"],
    }
    return filled(pd.DataFrame(shown))


def sentences_on_flips(
    flips: pd.DataFrame, images: pd.DataFrame, about: Mapping[str, Any]
) -> list[str]:
    """What the verdicts mean, what to do about it, and what was tested."""
    verdicts = set(flips["verdict"])
    said = []
    if FOLLOWS in verdicts:
        said += _on_what_is_followed(flips[flips["verdict"] == FOLLOWS], images, about)
    if answers.NOTHING_FOUND in verdicts:
        nothing = flips.loc[flips["verdict"] == answers.NOTHING_FOUND]
        highest = nothing[[f"{part}_high" for part in PARTS]].max(axis=None)
        bound = math.ceil(100 * highest - 1e-6)
        missed, harmful = answers.MISSED
        said.append(
            f"Nothing found: no number is above {bound} % (largest upper end). The test can miss: {missed} of "
            f"{harmful} harmful artefacts had this verdict."
        )
    if answers.CANNOT_TELL in verdicts:
        said.append(CANNOT_TELL_MEANS)
    if answers.NOT_RECOGNISED in verdicts:
        said.append(NOT_RECOGNISED_MEANS)
    least = about["test images of the smallest class"]
    said.append(
        f"Tested: {about['images that test']:,} images (at least {least:,} of each class), with parts of "
        f"{about['images that rank frequencies']:,}. The network chose among {about['classes']:,} classes; outputs: "
        f"{about['outputs']:,}."
    )
    return said


def _on_what_is_followed(
    found: pd.DataFrame, images: pd.DataFrame, about: Mapping[str, Any]
) -> list[str]:
    files = _files_to_look_at(found, images)
    causes = _causes_and_facts(found, about)
    said = [
        f"Follows: many other images are called the class once they have a part of it. {PARTS_IN_WORDS}. Your "
        "knowledge of the images tells whether it is an artefact.",
        f"Look at {files}, and find out how these and the other images were made. Likely, by the images alone: "
        f"{causes}. Then test again.",
    ]
    if about["trained with"] == WITH_SWAP:
        said.append("fs.Swap did not remove what is followed.")
    if about["classes"] == 2:
        said.append(EITHER_OF_TWO)
    return said


def _files_to_look_at(found: pd.DataFrame, images: pd.DataFrame) -> str:
    flipped = images[images["flips"] & images["path"].notna()].drop_duplicates("image")
    clearest = flipped.groupby("class", sort=False)["path"].head(NAMED_FILES)
    return few(clearest.tolist(), 4 * NAMED_FILES) or f"images of {few(found['class'].tolist())}"


def _causes_and_facts(found: pd.DataFrame, about: Mapping[str, Any]) -> str:
    """The likely causes of what is followed, and what sets the files of classes apart."""
    named = found[found["cause"].notna()]
    is_pair = about["classes"] == 2  # the cause of a pair names both classes
    causes = named["cause"] if is_pair else named["class"] + ": " + named["cause"]
    files = [f"{name}: {words}" for name, words in about["files differ"].items()]
    return few([*dict.fromkeys(causes), *files]) or "nothing that has a name"
