"""Another set of photographs with an artefact in the images of one class."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from frequency_shortcuts.images.artefacts import KINDS, Artefact, PixelArray
from frequency_shortcuts.images.splits import Images

from .description import Content, Derived


class WithArtefact(Derived):
    """Photographs of which one class has what a file or a camera leaves; of a wave, its frequencies are known."""

    names = ("artefact",)

    @property
    def has_truth(self) -> bool:
        return "kind" in self.keys and KINDS[self.keys["kind"]].has_frequency

    def mistakes(self) -> Iterator[str]:
        """A level that the kind does not have, a wave without a frequency, and another kind with one."""
        try:
            self.artefacts()
        except ValueError as error:
            yield f"datasets.{self.name}: {error}"

    def inspect(self) -> Content:
        plain = self.other.inspect()
        description = plain.description
        for artefact in self.artefacts(plain.classes):
            artefact.check(*plain.shape)
            description += f", with {artefact.kind} in class {plain.classes[artefact.label]}"
        return plain._replace(description=description)

    def content(self, given: Any) -> dict[str, Any]:
        """The images of every split of the store of the other set, changed; the rest stays as it is."""
        from frequency_shortcuts.images import stores
        from frequency_shortcuts.storage.hdf5 import read_hdf5

        with read_hdf5(given.images) as file:
            names = [split for split in ("train", "validation", "test") if split in file]
            source = file.attrs["source"]
        plain = {split: stores.read(given.images, split, in_memory=0) for split in names}
        first = plain[names[0]]
        shape, artefacts = first.images.shape[1:], self.artefacts(first.classes)
        for artefact in artefacts:
            artefact.check(*shape)
        planted = None
        if self.has_truth:
            truth = artefacts[0].truth(len(first.classes), *shape[1:])
            planted = {"truth": truth}, {"mechanism": "waved", "neutral": -1}
        return {
            "splits": {
                split: (ChangedImages(data.images, data.labels, artefacts), data.labels)
                for split, data in plain.items()
            },
            "classes": first.classes,
            "source": ", ".join([source, *map(str, artefacts)]),
            "statistics": None if "train" in plain else (first.mean, first.std),
            "planted": planted,
        }

    def artefacts(self, classes: Sequence[str] = ()) -> list[Artefact]:
        """The artefacts; the one of the configuration is in class 0 as long as the classes are not known.

        Raises ValueError for a class that is not there, and for an artefact that is not possible.
        """
        keys = self.keys
        if "artefacts" in keys:  # of `benchmarks.draws`
            return [Artefact(**artefact) for artefact in keys["artefacts"]]
        classes = list(classes) or [keys["class"]]
        if keys["class"] not in classes:
            names = ", ".join(classes)
            raise ValueError(f"no class {keys['class']!r} in {keys['set']}: choose from {names}")
        label = classes.index(keys["class"])
        frequency = tuple(keys["frequency"]) if "frequency" in keys else None
        return [Artefact(keys["kind"], keys["level"], label, keys.get("share", 1.0), frequency)]


class ChangedImages:
    """Images of a set that get artefacts when they are read. See `splits.Images`.

    labels : int64 [n], of all images of the set
    """

    def __init__(
        self, images: Images, labels: npt.NDArray[np.int64], artefacts: Sequence[Artefact]
    ) -> None:
        self._images = images
        self._artefacts = [(artefact, artefact.carriers(labels)) for artefact in artefacts]
        self.shape, self.dtype = images.shape, np.dtype(np.uint8)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any, /) -> PixelArray:
        pixels = np.asarray(self._images[index])
        for artefact, carry in self._artefacts:
            pixels = artefact.add_to(pixels, carry[index])
        return pixels


SOURCE = WithArtefact
