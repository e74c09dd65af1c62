"""What the sources have in common that change some images of another set."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .description import Content, Shape, Source

if TYPE_CHECKING:
    from frequency_shortcuts.data.artefacts import Artefact
    from frequency_shortcuts.data.waved import Wave

    from ..plan import Plan

Truth = tuple[Mapping[str, Any], Mapping[str, Any]]  # `planted` of `stores.write`


class OfAnotherSet(Source):
    """Images of another set, some of which are changed; the key `of` names the key of that set."""

    of: str

    @abstractmethod
    def change(self, settings: Mapping[str, Any], label: int) -> Artefact | Wave:
        """What is put into images of a class."""

    @abstractmethod
    def planted(self, change: Any, n_classes: int, shape: Shape) -> Truth | None:
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
            planted=planted,
            **about,
        )

    def _of_class(self, settings: Mapping[str, Any], classes: Sequence[Any]) -> Artefact | Wave:
        """The change of the class that is named. Raises ValueError for a class that is not there."""
        name = settings["class"]
        if name not in classes:
            raise ValueError(f"no class {name!r} in {settings[self.of]}: choose from {', '.join(map(str, classes))}")
        return self.change(settings, list(classes).index(name))
