"""Images that the user provides as a torch Dataset, as the configuration describes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from frequency_shortcuts.data import entry_points
from frequency_shortcuts.data.splits import check_classes
from frequency_shortcuts.data.torch_dataset import DatasetImages

from .image_folders import height_and_width


def open_dataset(settings: Mapping[str, Any]) -> tuple[DatasetImages, np.ndarray, list[str]]:
    """The items of a torch Dataset, their labels and the names of the classes.

    settings: the data set in the configuration. Raises ValueError if the Dataset does not match them.
    """
    name = f"dataset {settings['entry_point']}"
    dataset = entry_points.call(settings["entry_point"], dict(settings.get("options", {})))
    size = height_and_width(settings["size"])
    items = DatasetImages(dataset, size, settings["channels"], settings.get("resize"), name=name)
    labels = items.labels()
    classes = settings.get("class_names") or getattr(dataset, "classes", None)
    if isinstance(classes, str):
        raise ValueError(f"{name}: its classes are the text {classes[:40]!r}: expected a list of names")
    if classes is None:
        raise ValueError(f"{name} has no attribute classes: write class_names in its settings")
    check_classes(labels, classes, name)
    return items, labels, [str(name) for name in classes]
