"""Another set of photographs with an artefact in the images of one class."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .description import Content, Shape, Source

if TYPE_CHECKING:
    from frequency_shortcuts.data.artefacts import Artefact
    from frequency_shortcuts.data.waved import Wave

    from ..plan import Plan


class OfAnotherSet(Source):
    """Images of another set, some of which are changed; the key `of` names the key of that set."""

    of: str

    @abstractmethod
    def change(self, settings: Mapping[str, Any], label: int) -> Artefact | Wave:
        """What is put into images of a class."""

    @abstractmethod
    def planted(self, change: Any, n_classes: int, shape: Shape) -> dict[str, Any]:
        """What the store says of the truth. Raises ValueError for images that cannot be changed so."""

    def words(self, settings: Mapping[str, Any]) -> str:
        """What is put into images, for messages."""
        return str(settings.get("kind", "a wave"))

    def shape(self, plan: Plan, name: str) -> Shape | None:
        """That of the other set."""
        return plan.shape(plan.dataset(name)[self.of])

    def inspect(self, plan: Plan, name: str) -> Content:
        """Raises ValueError for a change that is not possible."""
        settings = plan.dataset(name)
        plain = plan.source(settings[self.of]).inspect(plan, settings[self.of])
        classes = plain.classes if isinstance(plain.classes[0], str) else [settings["class"]]
        self.planted(self._of_class(settings, classes), len(classes), plain.shape)
        about = f"{plain.description}, with {self.words(settings)} in class {settings['class']}"
        return plain._replace(description=about)

    def inputs(self, plan: Plan) -> dict[str, Any]:
        """The store of the other set."""
        return {"images": lambda wildcards: f"{plan.results}/data/{plan.dataset(wildcards.dataset)[self.of]}.h5"}

    def build(self, path: str, settings: Mapping[str, Any], given: Any, workers: int, **about: Any) -> None:
        """Change images of every split of the store of the other set; the rest stays as it is."""
        from frequency_shortcuts.data import stores
        from frequency_shortcuts.data.waved import ChangedImages
        from frequency_shortcuts.storage.hdf5 import read_hdf5

        with read_hdf5(given.images) as file:
            splits = [split for split in ("train", "validation", "test") if split in file]
            source = file.attrs["source"]
        plain = {split: stores.read(given.images, split, workers=workers, in_memory=0) for split in splits}
        of_any = plain[splits[0]]
        change = self._of_class(settings, of_any.classes)
        planted = self.planted(change, len(of_any.classes), Shape(*of_any.images.shape[1:]))
        stores.write(
            path,
            {
                split: (ChangedImages(data.images, change.add_to, change.carriers(data.labels)), data.labels)
                for split, data in plain.items()
            },
            classes=of_any.classes,
            source=f"{source}, {change}",
            statistics=None if "train" in plain else (of_any.mean, of_any.std),
            **planted,
            **about,
        )

    def _of_class(self, settings: Mapping[str, Any], classes: Sequence[Any]) -> Artefact | Wave:
        """The change of the class that is named. Raises ValueError for a class that is not there."""
        name = settings["class"]
        if name not in classes:
            raise ValueError(f"no class {name!r} in {settings[self.of]}: choose from {', '.join(map(str, classes))}")
        return self.change(settings, list(classes).index(name))


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

    def planted(self, change: Artefact, n_classes: int, shape: Shape) -> dict[str, Any]:
        """Nothing."""
        change.check(*shape)
        return {}


SOURCE = WithArtefact()
