"""Grainy images, which are drawn as `study.images.grain` says."""

from collections.abc import Mapping
from typing import Any

from .description import Config, Content, Shape, Source

SIDE = 64  # pixels
IMAGES = {"train": 800, "validation": 200, "test": 400}  # of each class


class Grainy(Source):
    """Smooth objects on grain."""

    names = ("grainy",)

    def inspect(self, config: Config, name: str) -> Content:
        """The first so many forms."""
        from ..images import grain

        return Content(
            tuple(grain.FORMS)[: config["datasets"][name]["classes"]],
            Shape(1, SIDE, SIDE),
            "drawn",
        )

    def build(
        self, path: str, settings: Mapping[str, Any], given: Any, workers: int, **about: Any
    ) -> None:
        """Draw each split from a seed of its own."""
        from frequency_shortcuts.images import stores

        from ..images import grain

        splits = {}
        for number, (split, count) in enumerate(IMAGES.items()):
            images, labels, classes = grain.images(
                settings["classes"], count, 10 * settings["draw_seed"] + number
            )
            splits[split] = images, labels
        stores.write(path, splits, classes=classes, source="objects on grain", **about)


SOURCE = Grainy()
