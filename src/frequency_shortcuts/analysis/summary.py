"""What an analysis says: a table for each test, and fixed sentences with slots for names and numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from frequency_shortcuts.data.folders import few
from frequency_shortcuts.evaluation.flip_rates import (
    CANNOT_TELL,
    FOUND,
    LEAST_RECALL,
    NOT_RECOGNISED,
    NOT_SHOWN_VERDICT,
    NUMBERS,
)
from frequency_shortcuts.figures.canvas import CONTROLS, control_label

from .counterfactuals import clearest_first
from .wording import as_lines, as_table, filled, percent, with_interval

if TYPE_CHECKING:
    from .result import Analysis

ADVICE, TESTED = "advice", "tested"
SENTENCES = {  # verdict of a class, or a label -> what is said once
    **dict.fromkeys(
        FOUND,
        "Follows: other images are called the class once they have its fine spectrum (flip), a disturbed one (sham) or "
        "the finest part of one of its images (part). Needs: without its own fine spectrum, it is no longer recognised "
        "(need). Texture or artefact: your knowledge of the images tells which.",
    ),
    ADVICE: "What to do about {classes}: look at {files}, and find out how these images came by the trace, and others "
    "did not; `frequency-shortcuts data` compares the files of all classes. If a class is rightly known by its "
    "texture, nothing needs a cure.",
    NOT_SHOWN_VERDICT: "Not shown: flip, sham and part are at most {flips} %, the need is at most {need} % (largest "
    "upper ends).",
    **dict.fromkeys(
        (CANNOT_TELL, NOT_RECOGNISED),
        "Cannot tell: a number may lie on either side of its threshold, only images of one other class are called so, "
        "or too few are left for the need. Not recognised: the recall is below {recall}, or hardly above the share of "
        "others that are called so.",
    ),
    TESTED: "Tested: {test:,} images (at least {least:,} of each class), with statistics of {ranking:,}. The network "
    "chose among {n_classes:,} of its {outputs:,} outputs.",
}
NAMED = 3  # files of each class


def flip_table(result: Analysis) -> pd.DataFrame:
    """The verdicts of the counterfactual test as cells: what follows or needs its fine spectrum comes first."""
    table = clearest_first(result.tested_flips().table)
    numbers = {number: with_interval(table, number) for number in NUMBERS}
    return filled(table[["class", "verdict"]].assign(**numbers, **{"likely cause": table["cause"]}))


def map_table(result: Analysis) -> pd.DataFrame:
    """The verdicts of the test of maps as cells: the clearest shortcuts come first."""
    rank = result.verdicts["verdict"].map({"strong": 0, "weak": 1}).fillna(2)
    order = result.verdicts.assign(_rank=rank)
    table = order.sort_values(["_rank", "margin"], ascending=[True, False], kind="stable")
    controls = zip(table["best_control"], table["closest_class"], strict=True)
    shown = {
        "class": table["class"], "verdict": table["verdict"],
        **{rate.upper(): table[f"{rate}_dfm"].map(percent) for rate in ("tpr", "fpr")},
        "closest control": [control_label(kind, other) for kind, other in controls],
        "margin": with_interval(table, "margin"), "than lowest frequencies": table["than_lowest"],
        "needed": table["needed"],
    }  # fmt: skip
    return filled(pd.DataFrame(shown))


def rate_table(result: Analysis) -> str:
    """Table 1 of the paper, with the controls beside it, as plain text."""
    table = result.table_1
    cells = {"class": table["class"].tolist()}
    for name, words in {"unfiltered": "unfiltered", "dfm": "map", **CONTROLS}.items():
        rates = [table[f"{rate}_{name}"].map(percent) for rate in ("tpr", "fpr") if f"{rate}_{name}" in table]
        if rates:
            cells[words] = [" / ".join(row) for row in zip(*rates, strict=True)]
    title = f"Table 1 of the paper: TPR / FPR in %, maps of {result.about['percent']:.3g} % of the frequencies, zeros"
    return as_table(title, pd.DataFrame(cells))


def map_title(result: Analysis) -> str:
    """What maps were tested, in words."""
    fill = result.table.loc[result.table["headline"], "fill"].iloc[0]
    return f"Maps of {result.about['percent']:.3g} % of the frequencies (fill: {fill}): shares in %, 95 % intervals"


def source_table(result: Analysis) -> pd.DataFrame:
    """The recall of classes by source as cells, the worst first."""
    table = result.recall_by_source
    return filled(table[["class", "source", "images"]].assign(recall=with_interval(table, "recall")))


def sentences(result: Analysis) -> list[str]:
    """What the verdicts mean, what to do about classes that follow or need their spectrum, and what was tested."""
    table = result.flips
    found, not_shown = table[table["verdict"].isin(FOUND)], table[table["verdict"] == NOT_SHOWN_VERDICT]
    *flips, need = (_up(not_shown[f"{number}_high"].max()) for number in NUMBERS)
    files = few(result.files.groupby("class", sort=False)["path"].head(NAMED).tolist(), 4 * NAMED)
    slots = {
        "classes": few(found["class"].tolist()), "files": files or "its images", "flips": max(flips), "need": need,
        "recall": LEAST_RECALL, "test": len(result.test), "least": int(np.bincount(result.test.labels).min()),
        "ranking": len(result.ranking), "n_classes": len(result.classes), "outputs": result.about["outputs"],
    }  # fmt: skip
    said = {*table["verdict"], TESTED, *([ADVICE] if len(found) else [])}
    return list(dict.fromkeys(words.format(**slots) for label, words in SENTENCES.items() if label in said))


def text(result: Analysis) -> str:
    """The tables and sentences, as plain text."""
    parts = [as_table("Fine spectra: shares in %, 90 % intervals", flip_table(result)), as_lines(sentences(result))]
    if result.sources is not None:
        parts.append(as_table("Recall by source: shares in %, 95 % intervals", source_table(result)))
    if result.hits is not None:
        parts.append(as_table(map_title(result), map_table(result)))
    return "\n\n".join(parts)


def _up(end: float) -> int:
    """An upper end in percent, not rounded down; 0 where there is none."""
    return 0 if math.isnan(end) else math.ceil(100 * end - 1e-6)
