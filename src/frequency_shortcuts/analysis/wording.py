"""Counts of images and classes in words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from frequency_shortcuts.spectrum.arrays import IntArray


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
