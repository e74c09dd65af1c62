"""Sets with one known difference between their classes, drawn with the constants of the section `planting`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from frequency_shortcuts.data import planted

from .drawn import Drawn

if TYPE_CHECKING:
    from frequency_shortcuts.data.splits import ImagesAndLabels

    from ..plan import Plan


class Planted(Drawn):
    """Images drawn by `frequency_shortcuts.data.planted`."""

    names = ("planted",)
    kind = "planted"
    section = "planting"
    rule = "plant"
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
            Classes as in `present`; the amplitude is raised at two sets of the class, and either alone is enough.
        - const: diffuse
          description: Classes as in `present`; the amplitude is raised a little at many pairs.
        - const: absent
          description: Classes as in `present`; there is no energy in the ring of the class.
        - const: joint
          description: >-
            Classes A and B. In A both of two sets are raised or neither is, in B exactly one is; the mean amplitudes of
            A and B are equal.
        - const: phase
          description: >-
            Classes independent, equal and opposite. One set is raised in all; there the phases of the colour channels
            are independent, equal, or those of channel 1 differ by half a turn.
        - const: decoy
          description: >-
            As `present`; validation and test images have a second raised set of their class, which training images do
            not have.
        - const: graded
          description: >-
            Classes C0 to C4. As `present`, with a ring (the lower or the higher of two) and a gain of each class that
            are drawn.
"""

    def settings(self, plan: Plan, name: str) -> dict[str, Any]:
        """The mechanism and its constants."""
        mechanism = plan.dataset(name)["mechanism"]
        return {"mechanism": mechanism, **plan.planting(mechanism)}

    def design(self, constants: dict[str, Any]) -> planted.Design:
        """That of the mechanism."""
        return planted.Design(**constants)

    def images(self, design: planted.Design, split: str, count: int, seed: int) -> ImagesAndLabels:
        """Those of `planted.images`; training images have no decoys."""
        return planted.images(design, count, seed, decoys=split != "train")


SOURCE = Planted()
