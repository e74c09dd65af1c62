"""Scenes of clothing on photographs of Debian's packages (see `study.images.scenes`)."""

from collections.abc import Iterator
from typing import Any

from .description import Content, Derived, Shape

ARTICLES = "fashion_mnist"  # the source of the other set


class Scenes(Derived):
    """A scene of each article of another set; no photograph serves two of training, tuning and judging."""

    names = ("scenes",)
    shape = Shape(3, 64, 64)

    def mistakes(self) -> Iterator[str]:
        """Another set that does not hold clothing on black."""
        source = self.config["datasets"][self.keys["set"]]["source"]
        if source != ARTICLES:
            yield (
                f"datasets.{self.name}.set: {self.keys['set']!r} has the source {source}; choose a set with the "
                f"source {ARTICLES}"
            )

    def inspect(self) -> Content:
        return Content(self.other.inspect().classes, self.shape, "clothing on photographs")

    def files(self) -> dict[str, Any]:
        return {**super().files(), "backgrounds": "<results>/backgrounds"}

    def content(self, given: Any) -> dict[str, Any]:
        """Each split is drawn from a seed of its own; training images and those that rank have the same photographs."""
        from frequency_shortcuts.images import stores

        from ..images import scenes

        splits = {}
        roles = {"train": "train", "validation": "train", "test": self.keys["role"]}
        for number, (split, role) in enumerate(roles.items()):
            clothing = stores.read(given.images, split)
            photographs = scenes.read_backgrounds(given.backgrounds, role)
            seed = 10 * self.keys["draw_seed"] + number
            images = scenes.draw_scenes(clothing.images[:], photographs, seed)
            splits[split] = images, clothing.labels
        return {"splits": splits, "classes": clothing.classes, "source": "clothing on photographs"}


SOURCE = Scenes
