"""Images that the user provides in folders, as the configuration describes them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from frequency_shortcuts.data import folders
from frequency_shortcuts.data.splits import stratified

log = logging.getLogger("study")
Splits = dict[str, tuple[folders.ImageFiles, np.ndarray]]


def split_folder(
    settings: Mapping[str, Any], workers: int = 1
) -> tuple[Splits, tuple[str, ...], folders.ImageFiles | None]:
    """The splits of a data set in folders, the names of its classes, and the stylised twins of its training images.

    settings: the data set in the configuration. Raises ValueError if the folders do not match them.
    """
    size, classes = height_and_width(settings["size"]), settings.get("classes")
    options = {"resize": settings.get("resize"), "workers": workers, "on_error": settings["on_error"]}

    def pictures(files: Sequence[str | PathLike[str]]) -> folders.ImageFiles:
        return folders.ImageFiles(files, size, settings["channels"], **options)

    files, labels, names = folders.listing(settings["root"], classes)
    parts = stratified(labels, settings["shares"], settings["split_seed"], names)
    splits = {split: (pictures([files[i] for i in chosen]), labels[chosen]) for split, chosen in parts.items()}
    if "test_root" in settings:
        files, labels, _ = folders.listing(settings["test_root"], classes or dict(zip(names, names, strict=True)))
        splits["test"] = pictures(files), labels
    twins = None
    if "stylised" in settings:
        twins = pictures(
            folders.twins([Path(file) for file in splits["train"][0].files], settings["root"], settings["stylised"])
        )
    return splits, names, twins


def height_and_width(size: int | Sequence[int]) -> tuple[int, int]:
    """Height and width in pixels, from one number for both or a list of two."""
    height, width = (size, size) if isinstance(size, int) else size
    return height, width


def identity_statistics(channels: int) -> tuple[np.ndarray, np.ndarray]:
    """The mean and std that do not change pixels from 0 to 1, for stores without training images."""
    return np.zeros(channels), np.ones(channels)


def log_conversions(read: Iterable[folders.ImageFiles]) -> None:
    """Log which images were converted, and which were skipped."""
    for pictures in read:
        for path in pictures.skipped:
            log.warning("skipped %s, which does not decode", path)
        counts = ", ".join(f"{count} x {what}" for what, count in pictures.converted.items())
        log.info("%d images, %d skipped; converted: %s", len(pictures), len(pictures.skipped), counts or "none")
