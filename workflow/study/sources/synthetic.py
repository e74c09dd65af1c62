"""The synthetic sets Syn_1 to Syn_4, drawn with the constants of the section `synthesis`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from frequency_shortcuts.data import synthetic

from .description import Content, Shape, Source, differing_seeds, drawn, shape_of

if TYPE_CHECKING:
    from ..plan import Plan
    from ..settings import Settings


class Synthetic(Source):
    """Images drawn by `frequency_shortcuts.data.synthetic`."""

    names = ("synthetic",)
    kind = "synthetic"
    has_truth = True
    rule = "synthesize"
    message = "Drawing the images of {wildcards.dataset}"
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

    def mistakes(self, plan: Plan) -> Iterator[str]:
        """Seeds of splits that are equal."""
        yield from differing_seeds(plan, "synthesis")

    def shape(self, plan: Settings, name: str) -> Shape:
        """Shape of the images."""
        return shape_of(plan.config["synthesis"])

    def settings(self, plan: Plan, name: str) -> dict[str, Any]:
        """The control band, and the constants of all sets."""
        return {"control_band": plan.dataset(name)["control_band"], **plan.section("synthesis")}

    def inspect(self, plan: Plan, name: str) -> Content:
        """Raises ValueError for constants that are not possible."""
        design, *_ = drawn(synthetic.Design, self.settings(plan, name))
        if not all(band.any() for band in design.bands()):
            raise ValueError(f"synthesis.band_edges {list(design.band_edges)}: expected radii within the spectrum")
        return Content(synthetic.CLASSES, self.shape(plan, name), "synthetic")

    def build(self, path: str, settings: Mapping[str, Any], given: Any, workers: int, **about: Any) -> None:
        """Draw train, validation and test images from separate seeds."""
        from frequency_shortcuts.data import stores

        design, counts, seeds = drawn(synthetic.Design, settings)
        stores.write(
            path,
            {split: synthetic.images(design, counts[split], seeds[split]) for split in counts},
            classes=synthetic.CLASSES,
            source=f"synthetic, {design}",
            planted=design.planted(),
            planted_about=design.about(),
            **about,
        )


SOURCE = Synthetic()
