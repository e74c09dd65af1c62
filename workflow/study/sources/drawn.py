"""What the sources have in common whose images are drawn with the constants of a section of the configuration."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from study.images import synthetic

from ..annotations import Plan
from .description import Content, Shape, Source, shape_of


class Drawn(Source):
    """A source whose images are drawn; `section` has their size, and their number and seed by split."""

    section: str
    message = "Drawing the images of {wildcards.dataset}"

    @abstractmethod
    def design(self, constants: dict[str, Any]) -> Any:
        """The design of a set from its constants, besides the numbers and seeds. Raises ValueError if it makes none."""

    def has_truth(self, settings: Mapping[str, Any]) -> bool:
        """Always."""
        return True

    def shape(self, plan: Plan, name: str) -> Shape:
        """Shape of the images."""
        return shape_of(plan.config[self.section])

    def inspect(self, plan: Plan, name: str) -> Content:
        """Raises ValueError for constants that are not possible."""
        design, *_ = self._parts(self.settings(plan, name))
        return Content(design.classes, self.shape(plan, name), self.kind)

    def build(self, path: str, settings: Mapping[str, Any], given: Any, workers: int, **about: Any) -> None:
        """Draw the images of each split from a seed of its own."""
        from frequency_shortcuts.images import stores

        design, counts, seeds = self._parts(settings)
        stores.write(
            path,
            {split: synthetic.images(design, counts[split], seeds[split]) for split in counts},
            classes=design.classes,
            source=f"{self.kind}, {design}",
            planted=(design.planted(), design.about()),
            **about,
        )

    def _parts(self, settings: Mapping[str, Any]) -> tuple[Any, dict[str, int], dict[str, int]]:
        constants = dict(settings)
        counts, seeds = constants.pop("images_per_class"), constants.pop("seeds")
        return self.design(constants), counts, seeds
