"""Sets with one known difference between their classes, drawn with the constants of the section `planting`."""

from typing import Any

from study.images import planted

from ..annotations import Plan
from .drawn import Drawn


class Planted(Drawn):
    """Images drawn by `study.images.planted`."""

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
        - const: absent
          description: Classes as in `present`; there is no energy in the ring of the class.
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


SOURCE = Planted()
