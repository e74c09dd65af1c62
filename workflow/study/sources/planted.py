"""Sets with one known difference between their classes, drawn with the constants of the section `planting`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from frequency_shortcuts.data import planted

from .description import Content, Shape, Source, differing_seeds, drawn, shape_of

if TYPE_CHECKING:
    from ..plan import Plan
    from ..settings import Settings


class Planted(Source):
    """Images drawn by `frequency_shortcuts.data.planted`."""

    names = ("planted",)
    kind = "planted"
    has_truth = True
    rule = "plant"
    message = "Drawing the images of {wildcards.dataset}"
    keys = """
planted:
  description: A set with one known difference between its classes, drawn with the constants of `planting`.
  required: [mechanism]
  properties:
    mechanism:
      description: How the classes differ.
      oneOf:
        - const: present
          description: >-
            Nothing is planted in class C0; in C1, C2 and C3 the amplitude is raised at the set of the class.
        - const: redundant
          description: >-
            Classes as in `present`; the amplitude is raised at two sets of the class, and either alone is
            enough.
        - const: diffuse
          description: Classes as in `present`; the amplitude is raised a little at many pairs.
        - const: absent
          description: Classes as in `present`; there is no energy in the ring of the class.
        - const: joint
          description: >-
            Classes A and B. In A both of two sets are raised or neither is, in B exactly one is; the mean
            amplitudes of A and B are equal.
        - const: phase
          description: >-
            Classes independent, equal and opposite. One set is raised in all; there the phases of the colour
            channels are independent, equal, or those of channel 1 differ by half a turn.
        - const: decoy
          description: >-
            As `present`; validation and test images have a second raised set of their class, which training
            images do not have.
        - const: graded
          description: >-
            Classes C0 to C4. As `present`, with a ring (the lower or the higher of two) and a gain of each
            class that are drawn.
"""

    def mistakes(self, plan: Plan) -> Iterator[str]:
        """Seeds of splits that are equal."""
        yield from differing_seeds(plan, "planting")

    def shape(self, plan: Settings, name: str) -> Shape:
        """Shape of the images."""
        return shape_of(plan.config["planting"])

    def settings(self, plan: Plan, name: str) -> dict[str, Any]:
        """The mechanism and its constants."""
        mechanism = plan.dataset(name)["mechanism"]
        return {"mechanism": mechanism, **plan.planting(mechanism)}

    def inspect(self, plan: Plan, name: str) -> Content:
        """Raises ValueError for constants that are not possible."""
        design, *_ = drawn(planted.Design, self.settings(plan, name))
        return Content(design.classes, self.shape(plan, name), "planted")

    def build(self, path: str, settings: Mapping[str, Any], given: Any, workers: int, **about: Any) -> None:
        """Draw train, validation and test images from separate seeds; only the latter two have decoys."""
        from frequency_shortcuts.data import stores

        design, counts, seeds = drawn(planted.Design, settings)
        stores.write(
            path,
            {
                split: planted.images(design, counts[split], seeds[split], decoys=split != "train")
                for split in ("train", "validation", "test")
            },
            classes=design.classes,
            source=f"planted, {design}",
            planted=design.planted(),
            planted_about=design.about(),
            **about,
        )


SOURCE = Planted()
