"""What an analysis says: a table for each test, and at most seven fixed sentences with slots for names and numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from frequency_shortcuts.exchange import verdict
from frequency_shortcuts.exchange.verdict import FOLLOWS, MEASURED, NOTHING_FOUND, PARTS
from frequency_shortcuts.figures.canvas import CONTROL_WORDS, control_label
from frequency_shortcuts.images.artefacts import CAUSES
from frequency_shortcuts.images.folders import few
from frequency_shortcuts.spectrum import fills

from .advice import KINDS_OF_IMAGES
from .cells import as_table, filled, percent, with_interval
from .options import WITH_SWAP
from .reasons import EITHER_OF_TWO, MIRRORED

PARTS_IN_WORDS = "; ".join(f"{part}: {words}" for part, words in PARTS.items())
FOLLOWS_MEANS = (
    "Follows: with the border of images of other classes, recall falls (border), or others are called the class with a "
    f"part of it ({PARTS_IN_WORDS}). Your knowledge of the images tells whether it is an artefact."
)
MISSED, HARMFUL = (
    14,
    62,
)  # artefacts of which nothing was found, of those that harm: docs/data/leaks
NOTHING_FOUND_MEANS = (
    f"Nothing found: no number can be above {percent(verdict.BOUND)} %. It holds for these images alone: what none of "
    f"them carries is not seen. In a benchmark, nothing was found of {MISSED} of {HARMFUL} artefacts that harm."
)
CANNOT_TELL_MEANS = (
    f"Cannot tell: a number can be above {percent(verdict.BOUND)} %, and is not clearly so; or the class is not "
    "recognised with the border of other images of its own."
)


def exchange_cells(exchanges: pd.DataFrame) -> pd.DataFrame:
    """The verdicts of the exchange test as cells, in the order of the rows."""
    shown = {
        "follows": exchanges["follows"].replace("", None),
        **{name: with_interval(exchanges, name) for name in MEASURED},
        "place": exchanges["place"],
        "likely cause": exchanges["cause"],
        "reason": exchanges["reason"],
    }
    return filled(exchanges[["class", "verdict"]].assign(**shown))


def as_pair(exchanges: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """The rows of two classes as one: the numbers of the class that follows it more, or more likely."""
    pair = exchanges.iloc[:1].copy()
    pair["class"] = " or ".join(classes)
    pair["reason"] = "; ".join(exchanges["class"] + ": " + exchanges["reason"])
    decides = "low" if (pair["verdict"] == FOLLOWS).all() else "high"
    for name in MEASURED:
        columns = [name, f"{name}_low", f"{name}_high"]
        clearest = exchanges[f"{name}_{decides}"].idxmax()
        pair[columns] = exchanges[columns].loc[[clearest]].to_numpy()
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


def sentences_on_exchanges(
    exchanges: pd.DataFrame, parts: Mapping[str, Sequence[int]], about: Mapping[str, Any]
) -> list[str]:
    """What the verdicts mean, what to do about it, and what was tested; parts : `Analysis.parts`."""
    verdicts = set(exchanges["verdict"])
    said = []
    if FOLLOWS in verdicts:
        said += _on_what_is_followed(exchanges[exchanges["verdict"] == FOLLOWS], parts, about)
    if NOTHING_FOUND in verdicts:
        said.append(NOTHING_FOUND_MEANS)
    if verdict.CANNOT_TELL in verdicts:
        said.append(CANNOT_TELL_MEANS)
    least = about["test images of the smallest class"]
    said.append(
        f"Tested: {about['images that test']:,} images (at least {least:,} of each class), with parts of "
        f"{about['images that rank frequencies']:,}. The network chose among {about['classes']:,} classes; outputs: "
        f"{about['outputs']:,}."
    )
    return said


def _on_what_is_followed(
    found: pd.DataFrame, parts: Mapping[str, Sequence[int]], about: Mapping[str, Any]
) -> list[str]:
    causes = _causes_and_facts(found, about)
    said = [
        FOLLOWS_MEANS,
        f"Look at images of {few(_with_places(found))}, and find out how these and the other images were made. "
        f"Likely, by the images alone: {causes}. Then test again.",
    ]
    if about["trained with"] == WITH_SWAP:
        said.append("fs.Swap did not remove what is followed.")
    said.append(
        f"To mend the network, train it anew with fs.Swap(parts={parts}). fs.refit(network, images, labels, "
        "parts=result.parts) takes seconds and seldom suffices: test its copy on images without what is followed."
    )
    if about["classes"] == 2 and _could_be_either(found):
        said.append(EITHER_OF_TWO)
    return said


def _could_be_either(found: pd.DataFrame) -> bool:
    """Whether what one of two classes lost would look like something in the other: not of a patch, nor of JPEG."""
    causes = found["cause"].dropna()
    if len(causes):
        mirrored = [CAUSES[name] for name in MIRRORED]
        return any(words in cause for words in mirrored for cause in causes)
    return not found["follows"].str.contains("patch").all()


def _with_places(found: pd.DataFrame) -> list[str]:
    """The classes that follow, with the place of a patch."""
    pairs = zip(found["class"], found["place"], strict=True)
    return [name if pd.isna(place) else f"{name} (patch: {place})" for name, place in pairs]


def _causes_and_facts(found: pd.DataFrame, about: Mapping[str, Any]) -> str:
    """The likely causes of what is followed, and what sets the files of classes apart."""
    named = found[found["cause"].notna()]
    is_pair = about["classes"] == 2  # the cause of a pair names both classes
    causes = named["cause"] if is_pair else named["class"] + ": " + named["cause"]
    files = [f"{name}: {words}" for name, words in about["files differ"].items()]
    return few([*dict.fromkeys(causes), *files]) or "nothing that has a name"
