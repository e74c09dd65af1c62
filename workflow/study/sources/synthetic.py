"""The synthetic sets Syn_1 to Syn_4, drawn with the constants of the section `synthesis`."""

from typing import Any

from study.images import synthetic

from ..annotations import Plan
from .drawn import Drawn


class Synthetic(Drawn):
    """Images drawn by `study.images.synthetic`."""

    names = ("synthetic",)
    kind = "synthetic"
    section = "synthesis"
    rule = "synthesize"
    keys = """
synthetic:
  description: The set Syn_1, Syn_2, Syn_3 or Syn_4 of the paper, drawn with the constants of `synthesis`.
  required: [control_band]
  properties:
    control_band:
      description: Band (1 is the lowest) in which class C3 has no energy.
      type: integer
      minimum: 1
      maximum: 32
"""

    def settings(self, plan: Plan, name: str) -> dict[str, Any]:
        """The control band, and the constants of all sets."""
        return {"control_band": plan.dataset(name)["control_band"], **plan.section("synthesis")}

    def design(self, constants: dict[str, Any]) -> synthetic.Design:
        """Raises ValueError for bands beyond the spectrum as well."""
        design = synthetic.Design(**constants)
        if not all(band.any() for band in design.bands()):
            raise ValueError(f"synthesis.band_edges {list(design.band_edges)}: expected radii within the spectrum")
        return design


SOURCE = Synthetic()
