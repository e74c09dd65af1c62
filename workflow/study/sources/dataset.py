"""Images that the user provides as a torch Dataset."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from frequency_shortcuts.images.splits import check_classes, first_of_each_class, stratified

from ..dependencies import code_of_entry_point, digest_states
from .description import ArraySource, Content, shape_of, statistics_of


class Dataset(ArraySource):
    """A function that returns a Dataset."""

    names = ("dataset",)
    minutes = 240

    def state(self) -> str:
        """The contents of the module and of what it imports from beside the Snakefile."""
        files = code_of_entry_point(self.keys["entry_point"])
        return digest_states(Path(file).read_bytes() for file in files)

    def inspect(self) -> Content:
        items, labels, classes = open_dataset(self.keys)
        items[first_of_each_class(labels, 1)[:20]]  # of 20 classes; it raises if they do not fit
        # It raises for classes with too few.
        stratified(labels, self.keys["shares"], self.keys["split_seed"], classes)
        return Content(classes, shape_of(self.keys), f"{len(labels)} items")

    def content(self, given: Any) -> dict[str, Any]:
        """The items, split class by class."""
        keys = self.keys
        items, labels, classes = open_dataset(keys)
        parts = stratified(labels, keys["shares"], keys["split_seed"], classes)
        return {
            "splits": {
                split: (items.subset(chosen), labels[chosen]) for split, chosen in parts.items()
            },
            "classes": classes,
            "source": f"dataset {keys['entry_point']}",
            "statistics": statistics_of(parts, keys["channels"]),
        }


def open_dataset(settings: Mapping[str, Any]) -> tuple[Any, np.ndarray, list[str]]:
    """The items of a torch Dataset, as `DatasetImages`, their labels and the names of the classes.

    settings: the data set in the configuration. Raises ValueError if the Dataset does not match them.
    """
    from frequency_shortcuts.images import entry_points
    from frequency_shortcuts.images.torch_dataset import DatasetImages, stored_image

    name = f"dataset {settings['entry_point']}"
    dataset = entry_points.call(settings["entry_point"], dict(settings.get("options", {})))
    convert = functools.partial(
        stored_image, shape=shape_of(settings), resize=settings.get("resize")
    )
    items = DatasetImages(dataset, convert, name=name)
    labels = items.labels()
    classes = settings.get("class_names") or getattr(dataset, "classes", None)
    if classes is None:
        raise ValueError(f"{name} has no attribute classes: write class_names in its settings")
    check_classes(labels, classes, name)
    return items, labels, [str(name) for name in classes]


SOURCE = Dataset
