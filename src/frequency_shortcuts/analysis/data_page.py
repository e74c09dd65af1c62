"""The page of the differences between classes: one HTML file that loads nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from . import data_summary
from .page import embedded, fill

if TYPE_CHECKING:
    from .differences import Differences

MOST, SOURCES = 100, 12  # rows and columns of the table of classes and sources


def render(found: Differences, picture: Path) -> str:
    """The page as text, with the picture."""
    cross = None
    if found.sources is not None:
        cross = found.sources.cross.pivot_table("images", "class", "source", aggfunc="sum", fill_value=0)
        largest = cross.columns[cross.sum().to_numpy().argsort(kind="stable")[::-1][:SOURCES]]
        cross = cross[largest].head(MOST).reset_index()
    return fill(
        "data_page.html.jinja",
        title=f"What differs between the classes of {found.about['name']}",
        summary=data_summary.sentences(found),
        differences=data_summary.difference_table(found),
        picture=embedded(picture),
        cross=cross,
        about=found.about,
    )
