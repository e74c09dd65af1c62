"""The page of an analysis: one HTML file that loads nothing from elsewhere."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
import pandas as pd
from matplotlib import pyplot as plt

from frequency_shortcuts import __version__
from frequency_shortcuts.figures import canvas, typeset

if TYPE_CHECKING:
    from .result import Analysis

DRAWINGS = ("cards", "shortcuts")
WIDTH = 1400  # pixels of the pictures
_PAGE = jinja2.Environment(
    autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
).from_string(Path(__file__).with_name("page.html.jinja").read_text())


def render(result: Analysis, drawings: Path) -> str:
    """The page as text, with the pictures that `draw` has written to a folder."""
    cards, rates = (_embedded(drawings / f"{name}.png") for name in DRAWINGS)
    return _PAGE.render(
        title=f"Frequency shortcuts of {result.about['network']}",
        summary=result.summary().splitlines(),
        verdicts=typeset.cells(_readable(result.verdicts)),
        cards=cards,
        rates=rates,
        about={name: value for name, value in result.about.items() if value != ""},
        version=__version__,
    )


def _readable(verdicts: pd.DataFrame) -> pd.DataFrame:
    """The verdicts with the closest control in words, and yes or no for what is true or false."""
    names = zip(verdicts["best_control"], verdicts["closest_class"], strict=True)
    table = verdicts.assign(
        best_control=[canvas.control_label(kind, other) for kind, other in names],
        low_frequency=verdicts["low_frequency"].map({True: "yes", False: "no"}),
    )
    words = {"best_control": "closest control", "low_frequency": "lowest frequencies do as well"}
    return table.drop(columns="closest_class").rename(columns=words)


def draw(result: Analysis, folder: Path) -> None:
    """Write the drawings of the page to a folder, as SVG and PNG."""
    for name, figure in zip(DRAWINGS, (result.cards(), result.figure()), strict=True):
        canvas.save(figure, folder / name)
        plt.close(figure)


def _embedded(path: Path) -> str:
    """A picture in base64, reduced."""
    return base64.b64encode(canvas.reduced(path, WIDTH)).decode()
