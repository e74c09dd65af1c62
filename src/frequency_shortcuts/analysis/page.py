"""The page of an analysis: one HTML file that loads nothing from elsewhere."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd

from frequency_shortcuts import __version__
from frequency_shortcuts.evaluation.flip_rates import FOUND, NUMBERS
from frequency_shortcuts.evaluation.verdicts import MOST_FPR, STRONG_TPR
from frequency_shortcuts.figures import canvas, typeset

from . import clearest, flip, summary
from .counterfactuals import THRESHOLDS, clearest_first
from .outcome import Outcome

DRAWINGS = ("clearest", "cards", "shortcuts")  # of maps; the first one of all is `flip`
FLIPS = {  # columns of `Analysis.flips`, as the page shows them: heading
    "class": "class",
    "verdict": "verdict",
    **{number: f"{number} (90\N{NO-BREAK SPACE}% interval)" for number in NUMBERS},
    "coarse": "coarse",
    "recall": "recall",
    "images": "images moved",
    "cause": "likely cause",
    "pairs": "smallest set, pairs",
}
COLUMNS = {  # of `Analysis.verdicts`, as the page shows them: what is tested, and the column's heading
    "class": ("", "class"),
    "verdict": ("", "verdict"),
    "tpr_unfiltered": ("unfiltered", "TPR"),
    "tpr_dfm": ("the map alone is kept", "TPR"),
    "fpr_dfm": ("the map alone is kept", "FPR"),
    "best_control": ("the map alone is kept", "closest control"),
    "margin": ("the map alone is kept", "margin over it (95 % interval)"),
    "smallest_effect": ("the map alone is kept", "smallest clear margin"),
    "than_lowest": ("the map alone is kept", "than the lowest frequencies"),
    "tpr_removed": ("the map is removed", "TPR"),
    "tpr_random_removed": ("the map is removed", "TPR without random ones"),
    "needed": ("the map is removed", "needed"),
    "images": ("test images", "of the class"),
    "negatives": ("test images", "others"),
}
WORST = 20  # classes and sources with the lowest recall
WIDTH = 1400  # pixels of the pictures
_PAGES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)  # fmt: skip


def fill(template: str, about: Mapping[str, Any], **content: Any) -> str:
    """A page as text; about : how it was made."""
    stated = {name: value for name, value in about.items() if value != ""}
    return _PAGES.get_template(template).render(about=stated, version=__version__, **content)


def render(result: Outcome, drawings: Path) -> str:
    """The page as text, with the pictures that lie in a folder."""
    flips = clearest_first(result.tested_flips().table)
    headings, rows = _readable_flips(flips)
    return fill(
        "page.html.jinja",
        title=f"Frequency shortcuts of {result.about['network']}",
        note=flip.note(flips.iloc[0], len(flips)),
        summary=summary.sentences_of_flips(result),
        flip_headings=headings,
        flip_rows=rows,
        found=FOUND,
        thresholds=THRESHOLDS._asdict(),
        flip=embedded(drawings / "flip.png"),
        advice=result.advice,
        sources=[] if result.sources is None else _by_source(result.recall_by_source),
        maps=None if result.hits is None else _of_maps(result, drawings),
        about=result.about,
    )


def _by_source(table: pd.DataFrame) -> list[list[str]]:
    """The rows of the table of recall by source, the worst ones."""
    text = table.head(WORST).map(cell)
    recall = _with_interval(*(text[name] for name in ("recall", "recall_low", "recall_high")))
    rows: list[list[str]] = text.assign(recall=recall)[["class", "source", "images", "recall"]].to_numpy().tolist()
    return rows


def _of_maps(result: Outcome, drawings: Path) -> dict[str, Any]:
    """What the page shows of the test of maps."""
    headings, rows = _readable(result.verdicts)
    return {
        "note": clearest.note(clearest.clearest_class(result.table), len(result.classes)),
        "summary": summary.sentences_of_maps(result),
        "groups": [(name, len(list(group))) for name, group in itertools.groupby(group for group, _ in headings)],
        "headings": [heading for _, heading in headings],
        "rows": rows,
        "pictures": {name: embedded(drawings / f"{name}.png") for name in DRAWINGS},
        "strong_tpr": STRONG_TPR,
        "most_fpr": MOST_FPR,
    }


def _readable_flips(flips: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """The headings of the table of flips and its rows as text, without columns that hold nothing."""
    text = flips.map(cell)
    for number in NUMBERS:
        text[number] = _with_interval(text[number], text[f"{number}_low"], text[f"{number}_high"])
    shown = {name: words for name, words in FLIPS.items() if flips[name].notna().any()}
    return list(shown.values()), text[list(shown)].to_numpy().tolist()


def _with_interval(values: pd.Series, lows: pd.Series, highs: pd.Series) -> list[str]:
    ends = zip(values, lows, highs, strict=True)
    return [
        value if value == typeset.MISSING else f"{value} ({low}\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}{high})"
        for value, low, high in ends
    ]


def _readable(verdicts: pd.DataFrame) -> tuple[list[tuple[str, str]], list[list[str]]]:
    """The headings of the table, each with what is tested, and its rows as text; without removal if it is not tested.

    The closest control is in words, and what is true or false is yes or no.
    """
    text = verdicts.map(cell)
    controls = zip(verdicts["best_control"], verdicts["closest_class"], strict=True)
    text = text.assign(
        best_control=[canvas.control_label(kind, other) for kind, other in controls],
        margin=_with_interval(*(text[name] for name in ("margin", "margin_low", "margin_high"))),
    )
    removed = verdicts["tpr_removed"].notna().any()
    shown = {name: words for name, words in COLUMNS.items() if removed or words[0] != COLUMNS["needed"][0]}
    return list(shown.values()), text[list(shown)].to_numpy().tolist()


def cell(value: Any) -> str:
    """A cell: rates with two decimals, what is true or false as yes or no, what is missing as a dash."""
    if value is None or value is pd.NA or value != value:
        return typeset.MISSING
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def embedded(path: Path) -> str:
    """A picture in base64, reduced."""
    return base64.b64encode(canvas.reduced(path, WIDTH)).decode()
