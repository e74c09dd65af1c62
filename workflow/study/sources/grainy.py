"""Grainy images, which are drawn as `study.images.grain` says."""

from typing import Any

from .description import ArraySource, Content, Shape

SIDE = 64  # pixels
IMAGES = {"train": 800, "validation": 200, "test": 400}  # of each class


class Grainy(ArraySource):
    """Smooth objects on grain."""

    names = ("grainy",)
    shape = Shape(1, SIDE, SIDE)

    def inspect(self) -> Content:
        """The first so many forms."""
        from ..images import grain

        return Content(tuple(grain.FORMS)[: self.keys["classes"]], self.shape, "drawn")

    def content(self, given: Any) -> dict[str, Any]:
        """Each split is drawn from a seed of its own."""
        from ..images import grain

        splits = {}
        for number, (split, count) in enumerate(IMAGES.items()):
            seed = 10 * self.keys["draw_seed"] + number
            images, labels, classes = grain.images(self.keys["classes"], count, seed)
            splits[split] = images, labels
        return {"splits": splits, "classes": classes, "source": "objects on grain"}


SOURCE = Grainy
