"""Another set of photographs with an artefact in the images of one class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .description import Content, Shape, Source

if TYPE_CHECKING:
    from ..plan import Plan


class WithArtefact(Source):
    """Photographs of which one class has what a file or a camera leaves."""

    names = ("artefact",)
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

    def shape(self, plan: Plan, name: str) -> Shape | None:
        """That of the other set."""
        return plan.shape(plan.dataset(name)["set"])

    def inspect(self, plan: Plan, name: str) -> Content:
        """Raises ValueError for an artefact that is not possible."""
        from ..artefacts import artefact_of

        settings = plan.dataset(name)
        plain = plan.source(settings["set"]).inspect(plan, settings["set"])
        classes = plain.classes if isinstance(plain.classes[0], str) else [settings["class"]]
        artefact_of(settings, classes).check(*plain.shape)
        return plain._replace(description=f"{plain.description}, with {settings['kind']} in class {settings['class']}")

    def inputs(self, plan: Plan) -> dict[str, Any]:
        """The store of the other set."""
        return {"images": lambda wildcards: f"{plan.results}/data/{plan.dataset(wildcards.dataset)['set']}.h5"}

    def build(self, path: str, settings: Mapping[str, Any], given: Any, workers: int, **about: Any) -> None:
        """Add the artefact to images of every split of the store of photographs; the rest stays as it is."""
        from frequency_shortcuts.data import stores
        from frequency_shortcuts.data.artefacts import ArtefactImages
        from frequency_shortcuts.storage.hdf5 import read_hdf5

        from ..artefacts import artefact_of

        with read_hdf5(given.images) as file:
            splits = [split for split in ("train", "validation", "test") if split in file]
            source = file.attrs["source"]
        plain = {split: stores.read(given.images, split, workers=workers, in_memory=0) for split in splits}
        of_any = plain[splits[0]]
        artefact = artefact_of(settings, of_any.classes)
        stores.write(
            path,
            {
                split: (ArtefactImages(data.images, artefact, artefact.carriers(data.labels)), data.labels)
                for split, data in plain.items()
            },
            classes=of_any.classes,
            source=f"{source}, {artefact}",
            statistics=None if "train" in plain else (of_any.mean, of_any.std),
            **about,
        )


SOURCE = WithArtefact()
