"""Another set of photographs with an artefact in the images of one class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .changed import OfAnotherSet, Truth
from .description import Shape

if TYPE_CHECKING:
    from frequency_shortcuts.data.artefacts import Artefact

    from ..plan import Plan


class WithArtefact(OfAnotherSet):
    """Photographs of which one class has what a file or a camera leaves."""

    names, of = ("artefact",), "set"
    rule = "artefact"
    message = "Adding an artefact to a class of {input.images}"
    keys = """
artefact:
  description: >-
    Another set of photographs with an artefact in the images of one class: a leak, as files and cameras make it.
  required: [set, kind, strength, class]
  properties:
    set:
      description: >-
        Name of the other data set, from the section `datasets`; it may have an artefact, too, in this class or another.
      $ref: "#/$defs/name"
    kind:
      description: >-
        What the images have: a plane wave, a trace of JPEG, of another size, of a filter, of a sensor, a pattern of
        single pixels, or a higher brightness.
      enum: [wave, jpeg, resized, blurred, noise, sharpened, checkerboard, brightness]
    strength: {enum: [1, 2], description: Weak or strong.}
    class: {$ref: "#/$defs/class_name", description: Class that has it.}
    share:
      description: Share of the images of the class that have it, of every split; without the key, all do.
      type: number
      minimum: 0
      maximum: 1
    frequency:
      description: Vertical and horizontal frequency of a wave, in cycles per image; other kinds have none.
      title: "[u, v], integers"
      type: array
      minItems: 2
      maxItems: 2
      items: {type: integer, minimum: -2048, maximum: 2048}
"""

    def mistakes(self, plan: Plan) -> Iterator[str]:
        """A wave without a frequency, and another kind with one."""
        for name in plan.from_source(*self.names):
            kind, key = plan.dataset(name)["kind"], f"datasets.{name}.frequency"
            has_one = "frequency" in plan.dataset(name)
            if kind == "wave" and not has_one:
                yield f"{key}: missing, since kind: wave needs one; write frequency: [0, 7]"
            if kind != "wave" and has_one:
                yield f"{key}: kind: {kind} has no frequency; leave it out, or write kind: wave"

    def change(self, settings: Mapping[str, Any], label: int) -> Artefact:
        """The artefact."""
        from frequency_shortcuts.data.artefacts import Artefact

        frequency = tuple(settings["frequency"]) if "frequency" in settings else None
        return Artefact(settings["kind"], settings["strength"], label, settings.get("share", 1.0), frequency)

    def planted(self, change: Artefact, n_classes: int, shape: Shape) -> Truth | None:
        """Nothing."""
        change.check(*shape)
        return None


SOURCE = WithArtefact()
