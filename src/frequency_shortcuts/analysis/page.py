"""The page of an analysis: one HTML file that loads nothing from elsewhere."""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from frequency_shortcuts import __version__
from frequency_shortcuts.figures import canvas, typeset

if TYPE_CHECKING:
    from .result import Analysis

WIDTH = 1400  # pixels of the pictures
_PAGE = jinja2.Environment(
    autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
).from_string(Path(__file__).with_name("page.html.jinja").read_text())


def render(result: Analysis) -> str:
    """The page as text."""
    return _PAGE.render(
        title=f"Frequency shortcuts of {result.about['network']}",
        summary=result.summary().splitlines(),
        verdicts=typeset.cells(result.verdicts),
        cards=_embedded(result.cards()),
        rates=_embedded(result.figure()),
        about={name: value for name, value in result.about.items() if value != ""},
        version=__version__,
    )


def _embedded(figure: Figure) -> str:
    """A drawing as a PNG in base64."""
    with tempfile.TemporaryDirectory() as folder:
        canvas.save(figure, Path(folder) / "figure")
        plt.close(figure)
        return base64.b64encode(canvas.reduced(Path(folder) / "figure.png", WIDTH)).decode()
