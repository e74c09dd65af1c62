"""Counts of images and classes in words, and lines of sentences."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd

from frequency_shortcuts.spectrum.arrays import IntArray

LINE = 100  # characters of a summary


def as_lines(sentences: Sequence[str]) -> str:
    """A sentence in each line; long ones go on in lines that begin with spaces."""
    return "\n".join(textwrap.fill(sentence, LINE, subsequent_indent="  ") for sentence in sentences)


def count_images(labels: IntArray) -> str:
    """How many images there are, and of each class: `12 images (3 of each class)`."""
    count = np.bincount(labels)
    few, many = count[count > 0].min(), count.max()
    return f"{len(labels):,} images ({few if few == many else f'{few} to {many}'} of each class)"


def list_classes(chosen: pd.Series, rows: pd.DataFrame, what: str = "classes", most: int = 8) -> str:
    """How many of some classes, and the names in brackets; of many, the first."""
    names = rows.loc[chosen, "class"].tolist()
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{len(names)} of {len(rows)} {what}" + (f" ({', '.join(names[:most])}{more})" if names else "")
