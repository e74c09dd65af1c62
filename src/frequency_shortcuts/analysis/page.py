"""The page of an analysis: one HTML file that loads nothing from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from frequency_shortcuts import __version__
from frequency_shortcuts.evaluation.verdicts import MOST_FPR, STRONG_TPR
from frequency_shortcuts.exchange.answers import BOUND, FOLLOWS, PARTS
from frequency_shortcuts.figures import canvas

from . import summary
from .plots import NOTE
from .wording import percent

if TYPE_CHECKING:
    from .result import Analysis

DRAWINGS = ("cards", "shortcuts")  # of maps; the first one of all is `flip`
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


def render(result: Analysis, drawings: Path) -> str:
    """The page as text, with the pictures that lie in a folder."""
    maps = None
    if result.hits is not None:
        maps = {
            "title": summary.map_title(result),
            "table": summary.map_table(result),
            "pictures": {name: embedded(drawings / f"{name}.png") for name in DRAWINGS},
            "strong_tpr": STRONG_TPR,
            "most_fpr": MOST_FPR,
        }
    return fill(
        "page.html.jinja",
        title=f"Frequency shortcuts of {result.about['network']}",
        note=NOTE,
        summary=summary.sentences(result),
        flips=summary.flip_table(result),
        found=(FOLLOWS,),
        parts=PARTS,
        bound=BOUND,
        flip=embedded(drawings / "flip.png"),
        sources=None if result.sources is None else summary.source_table(result).head(WORST),
        maps=maps,
        percent=percent,
        about=result.about,
    )


def embedded(path: Path) -> str:
    """A picture in base64, reduced."""
    return base64.b64encode(canvas.reduced(path, WIDTH)).decode()
