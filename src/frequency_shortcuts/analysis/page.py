"""The page of an analysis: one HTML file that loads nothing from elsewhere."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
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
    verdicts = result.verdicts
    verdicts["low_frequency"] = verdicts["low_frequency"].map({True: "yes", False: "no"})
    cards, rates = (_embedded(drawings / f"{name}.png") for name in DRAWINGS)
    return _PAGE.render(
        title=f"Frequency shortcuts of {result.about['network']}",
        summary=result.summary().splitlines(),
        verdicts=typeset.cells(verdicts),
        cards=cards,
        rates=rates,
        about={name: value for name, value in result.about.items() if value != ""},
        version=__version__,
    )


def draw(result: Analysis, folder: Path) -> None:
    """Write the drawings of the page to a folder, as SVG and PNG."""
    for name, figure in zip(DRAWINGS, (result.cards(), result.figure()), strict=True):
        canvas.save(figure, folder / name)
        plt.close(figure)


def _embedded(path: Path) -> str:
    """A picture in base64, reduced."""
    return base64.b64encode(canvas.reduced(path, WIDTH)).decode()
