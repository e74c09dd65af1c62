"""Another set of photographs with a plane wave in the images of one class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .changed import OfAnotherSet, Truth
from .description import Shape

if TYPE_CHECKING:
    from frequency_shortcuts.data.waved import Wave


class Waved(OfAnotherSet):
    """Photographs whose shortcut is known."""

    names, of = ("waved",), "of"
    has_truth = True
    rule = "waved"
    message = "Adding a wave to a class of {input.images}"
    keys = """
waved:
  description: >-
    Another data set with a plane wave in the images of one class: photographs whose shortcut is known.
  required: [of, class, frequency, amplitude]
  properties:
    of: {$ref: "#/$defs/name", description: "Name of the other data set, from the section `datasets`."}
    class: {$ref: "#/$defs/class_name", description: Class that has the wave.}
    frequency:
      description: >-
        Vertical and horizontal frequency of the wave in cycles per image; one of them is 0 where images are flipped in
        training.
      title: "[u, v], integers"
      type: array
      minItems: 2
      maxItems: 2
      items: {type: integer, minimum: -2048, maximum: 2048}
    amplitude:
      description: Amplitude of the wave, in units in which pixels span 0 to 1.
      type: number
      exclusiveMinimum: 0
      maximum: 1
    share:
      description: >-
        Share of the images of the class that carry the wave, of every split; without the key, all do.
      type: number
      minimum: 0
      maximum: 1
"""

    def change(self, settings: Mapping[str, Any], label: int) -> Wave:
        """The wave."""
        from frequency_shortcuts.data.waved import Wave

        return Wave(label, tuple(settings["frequency"]), settings["amplitude"], settings.get("share", 1.0))

    def planted(self, change: Wave, n_classes: int, shape: Shape) -> Truth | None:
        """The pair of the wave, and those of its harmonics."""
        planted = change.masks(n_classes, shape.height, shape.width)
        return planted, {"mechanism": "waved", "neutral": -1}


SOURCE = Waved()
