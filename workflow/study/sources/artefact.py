"""Another set of photographs with an artefact in the images of one class."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from frequency_shortcuts.images.artefacts import KINDS, Artefact, Pixels
from frequency_shortcuts.images.splits import Images

from .description import Content, Plan, Shape, Source


class WithArtefact(Source):
    """Photographs of which one class has what a file or a camera leaves; of a wave, its frequencies are known."""

    names = ("artefact",)
    rule = "artefact"
    message = "Adding an artefact to a class of {input.images}"

    def has_truth(self, settings: Mapping[str, Any]) -> bool:
        """Of waves."""
        return KINDS[settings["kind"]].has_frequency

    def mistakes(self, plan: Plan) -> Iterator[str]:
        """A level that the kind does not have, a wave without a frequency, and another kind with one."""
        for name in plan.from_source(*self.names):
            try:
                _artefact(plan.dataset(name), 0)
            except ValueError as error:
                yield f"datasets.{name}: {error}"

    def shape(self, plan: Plan, name: str) -> Shape | None:
        """That of the other set."""
        return plan.shape(plan.dataset(name)["set"])

    def inspect(self, plan: Plan, name: str) -> Content:
        """Raises ValueError for an artefact that is not possible."""
        settings = plan.dataset(name)
        plain = plan.source(settings["set"]).inspect(plan, settings["set"])
        classes = plain.classes if isinstance(plain.classes[0], str) else [settings["class"]]
        _of_class(settings, classes).check(*plain.shape)
        about = f"{plain.description}, with {settings['kind']} in class {settings['class']}"
        return plain._replace(description=about)

    def inputs(self, plan: Plan) -> dict[str, Any]:
        """The store of the other set."""
        return {"images": lambda wildcards: f"{plan.results}/data/{plan.dataset(wildcards.dataset)['set']}.h5"}

    def build(self, path: str, settings: Mapping[str, Any], given: Any, workers: int, **about: Any) -> None:
        """Change images of every split of the store of the other set; the rest stays as it is."""
        from frequency_shortcuts.images import stores
        from frequency_shortcuts.storage.hdf5 import read_hdf5

        with read_hdf5(given.images) as file:
            splits = [split for split in ("train", "validation", "test") if split in file]
            source = file.attrs["source"]
        plain = {split: stores.read(given.images, split, workers=workers, in_memory=0) for split in splits}
        of_any = plain[splits[0]]
        artefact, shape = _of_class(settings, of_any.classes), of_any.images.shape[1:]
        artefact.check(*shape)
        truth = artefact.truth(len(of_any.classes), *shape[1:]) if self.has_truth(settings) else None
        stores.write(
            path,
            {split: (ChangedImages(data.images, artefact, data.labels), data.labels) for split, data in plain.items()},
            classes=of_any.classes,
            source=f"{source}, {artefact}",
            statistics=None if "train" in plain else (of_any.mean, of_any.std),
            planted=None if truth is None else ({"truth": truth}, {"mechanism": "waved", "neutral": -1}),
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


def _of_class(settings: Mapping[str, Any], classes: Sequence[Any]) -> Artefact:
    """The artefact of the class that is named. Raises ValueError for a class that is not there."""
    name = settings["class"]
    if name not in classes:
        raise ValueError(f"no class {name!r} in {settings['set']}: choose from {', '.join(map(str, classes))}")
    return _artefact(settings, list(classes).index(name))


def _artefact(settings: Mapping[str, Any], label: int) -> Artefact:
    frequency = tuple(settings["frequency"]) if "frequency" in settings else None
    return Artefact(settings["kind"], settings["level"], label, settings.get("share", 1.0), frequency)


SOURCE = WithArtefact()
