"""Another set of photographs with an artefact in the images of one class."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from frequency_shortcuts.images.artefacts import KINDS, Artefact, Pixels
from frequency_shortcuts.images.splits import Images

from .description import Config, Content, Derived


class WithArtefact(Derived):
    """Photographs of which one class has what a file or a camera leaves; of a wave, its frequencies are known."""

    names = ("artefact",)

    def has_truth(self, settings: Mapping[str, Any]) -> bool:
        return "kind" in settings and KINDS[settings["kind"]].has_frequency

    def mistakes(self, config: Config, name: str) -> Iterator[str]:
        """A level that the kind does not have, a wave without a frequency, and another kind with one."""
        try:
            _artefacts(config["datasets"][name])
        except ValueError as error:
            yield f"datasets.{name}: {error}"

    def inspect(self, config: Config, name: str) -> Content:
        settings, plain = config["datasets"][name], super().inspect(config, name)
        for artefact in _artefacts(
            settings, plain.classes if isinstance(plain.classes[0], str) else None
        ):
            artefact.check(*plain.shape)
        about = [
            f"{one.kind} in class {settings.get('class', one.label)}"
            for one in _artefacts(settings)
        ]
        return plain._replace(description=f"{plain.description}, with {', '.join(about)}")

    def build(
        self, path: str, settings: Mapping[str, Any], given: Any, workers: int, **about: Any
    ) -> None:
        """Change images of every split of the store of the other set; the rest stays as it is."""
        from frequency_shortcuts.images import stores
        from frequency_shortcuts.storage.hdf5 import read_hdf5

        with read_hdf5(given.images) as file:
            splits = [split for split in ("train", "validation", "test") if split in file]
            source = file.attrs["source"]
        plain = {
            split: stores.read(given.images, split, workers=workers, in_memory=0)
            for split in splits
        }
        of_any = plain[splits[0]]
        artefacts, shape = _artefacts(settings, of_any.classes), of_any.images.shape[1:]
        changed: dict[str, Images] = {split: data.images for split, data in plain.items()}
        for artefact in artefacts:
            artefact.check(*shape)
            changed = {
                split: ChangedImages(changed[split], artefact, data.labels)
                for split, data in plain.items()
            }
        truth = (
            artefacts[0].truth(len(of_any.classes), *shape[1:])
            if self.has_truth(settings)
            else None
        )
        stores.write(
            path,
            {split: (changed[split], data.labels) for split, data in plain.items()},
            classes=of_any.classes,
            source=", ".join([source, *map(str, artefacts)]),
            statistics=None if "train" in plain else (of_any.mean, of_any.std),
            planted=None
            if truth is None
            else ({"truth": truth}, {"mechanism": "waved", "neutral": -1}),
            **about,
        )


class ChangedImages:
    """Images of a set that get an artefact when they are read. See `splits.Images`.

    labels : int64 [n], of all images of the set
    """

    def __init__(self, images: Images, artefact: Artefact, labels: npt.NDArray[np.int64]) -> None:
        self._images, self._artefact, self._carry = images, artefact, artefact.carriers(labels)
        self.shape, self.dtype = images.shape, np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self._carry)

    def __getitem__(self, index: Any, /) -> Pixels:
        return self._artefact.add_to(np.asarray(self._images[index]), self._carry[index])


def _artefacts(settings: Mapping[str, Any], classes: Sequence[Any] | None = None) -> list[Artefact]:
    """The artefacts of a data set; the one of the configuration is in class 0 as long as the classes are not known.

    Raises ValueError for a class that is not there, and for an artefact that is not possible.
    """
    if "artefacts" in settings:  # of `benchmarks.draws`
        return [Artefact(**artefact) for artefact in settings["artefacts"]]
    name, label = settings["class"], 0
    if classes is not None:
        if name not in classes:
            raise ValueError(
                f"no class {name!r} in {settings['set']}: choose from {', '.join(map(str, classes))}"
            )
        label = list(classes).index(name)
    frequency = tuple(settings["frequency"]) if "frequency" in settings else None
    return [
        Artefact(settings["kind"], settings["level"], label, settings.get("share", 1.0), frequency)
    ]


SOURCE = WithArtefact()
