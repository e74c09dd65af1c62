"""Another set of photographs with a plane wave in the images of one class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .description import Content, Shape, Source

if TYPE_CHECKING:
    from ..plan import Plan


class Waved(Source):
    """Photographs whose shortcut is known."""

    names = ("waved",)
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

    def shape(self, plan: Plan, name: str) -> Shape | None:
        """That of the other set."""
        return plan.shape(plan.dataset(name)["of"])

    def inspect(self, plan: Plan, name: str) -> Content:
        """Raises ValueError for a wave that is not possible."""
        from ..artefacts import wave_of

        settings = plan.dataset(name)
        plain = plan.source(settings["of"]).inspect(plan, settings["of"])
        classes = plain.classes if isinstance(plain.classes[0], str) else [settings["class"]]
        wave_of(settings, classes).masks(len(classes), plain.shape.height, plain.shape.width)
        return plain._replace(description=f"{plain.description}, with a wave in class {settings['class']}")

    def inputs(self, plan: Plan) -> dict[str, Any]:
        """The store of the other set."""
        return {"images": lambda wildcards: f"{plan.results}/data/{plan.dataset(wildcards.dataset)['of']}.h5"}

    def build(self, path: str, settings: Mapping[str, Any], given: Any, workers: int, **about: Any) -> None:
        """Add the wave to images of every split of the store of photographs; the rest stays as it is."""
        from frequency_shortcuts.data import stores
        from frequency_shortcuts.data.waved import WavedImages
        from frequency_shortcuts.storage.hdf5 import read_hdf5

        from ..artefacts import wave_of

        plain = {
            split: stores.read(given.images, split, workers=workers, in_memory=0)
            for split in ("train", "validation", "test")
        }
        classes = plain["test"].classes
        wave = wave_of(settings, classes)
        height, width = plain["test"].images.shape[-2:]
        with read_hdf5(given.images) as file:
            source = file.attrs["source"]
        stores.write(
            path,
            {
                split: (WavedImages(data.images, wave.carriers(data.labels), wave), data.labels)
                for split, data in plain.items()
            },
            classes=classes,
            source=f"{source}, {wave}",
            planted=wave.masks(len(classes), height, width),
            planted_about={"mechanism": "waved", "neutral": -1},
            **about,
        )


SOURCE = Waved()
