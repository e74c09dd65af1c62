"""Stores of images that the user provides: what several scripts and sources say and write of them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from frequency_shortcuts.data.folders import ImageFiles

log = logging.getLogger("study")


def identity_statistics(channels: int) -> tuple[np.ndarray, np.ndarray]:
    """The mean and std that do not change pixels from 0 to 1, for stores without training images."""
    return np.zeros(channels), np.ones(channels)


def log_conversions(read: Iterable[ImageFiles]) -> None:
    """Log which images were converted, and which were skipped."""
    for pictures in read:
        for path in pictures.skipped:
            log.warning("skipped %s, which does not decode", path)
        counts = ", ".join(f"{count} x {what}" for what, count in pictures.converted.items())
        log.info("%d images, %d skipped; converted: %s", len(pictures), len(pictures.skipped), counts or "none")
