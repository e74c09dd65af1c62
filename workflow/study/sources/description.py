"""What is to be known of a source of images: its check, the files that it needs, and what builds its stores."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

Config = Mapping[str, Any]


class Shape(NamedTuple):
    """Shape of an image."""

    channels: int
    height: int
    width: int


class Content(NamedTuple):
    """The content of a data set: names of its classes, shape of its images, a description."""

    classes: Sequence[str]
    shape: Shape
    description: str


class Source(ABC):
    """A data set of a source of images, which is one or several values of the key `source` in the section `datasets`.

    names : these values, whose other keys config/schema.yaml describes
    kind : of its data sets: synthetic, planted or photographs, which the section `training` tells apart
    threads, minutes : of a job that builds a store
    config : a configuration (see `datasets.complete`)
    keys : those of the data set in it. A job that builds a store knows the `settings` alone

    Imports that take long stand inside the methods.
    """

    names: Sequence[str]
    kind = "photographs"
    threads = 1
    minutes = 10

    def __init__(self, config: Config, name: str) -> None:
        self.config, self.name = config, name
        self.keys = config["datasets"][name]

    def mistakes(self) -> Iterator[str]:
        """A sentence for each value that other values exclude."""
        yield from ()

    @property
    def shape(self) -> Shape | None:
        """Shape of the images; None if only the user's files have it."""
        return shape_of(self.keys)

    @property
    def has_truth(self) -> bool:
        """Whether the store holds which frequencies were planted."""
        return False

    def state(self) -> str:
        """A text that differs after the user's files have changed."""
        return ""

    @abstractmethod
    def inspect(self) -> Content:
        """The content of the data set, with one image read per class. Raises ValueError if it is not possible."""

    def files(self) -> dict[str, Any]:
        """The files that the store is made from, by their names."""
        return {}

    def settings(self) -> dict[str, Any]:
        """The settings that determine the content of the store."""
        changes_no_image = ("ood", "recipe", "dynamics")
        return {key: value for key, value in self.keys.items() if key not in changes_no_image}

    @abstractmethod
    def build(self, path: str, given: Any, workers: int, **about: Any) -> None:
        """Write the store.

        given : has the paths of `files` as attributes. about : attributes of the store, such as `created_by`
        """


class ArraySource(Source):
    """A source whose images are written from arrays."""

    def build(self, path: str, given: Any, workers: int, **about: Any) -> None:
        from frequency_shortcuts.images import stores

        stores.write(path, **self.content(given), **about)

    @abstractmethod
    def content(self, given: Any) -> dict[str, Any]:
        """The arguments of `stores.write`: `splits`, `classes`, `source` and others."""


class Derived(ArraySource):
    """A source whose images are those of another data set, the key `set`, chosen or changed."""

    @property
    def other(self) -> Source:
        """The other set."""
        from . import source_of

        return source_of(self.config, self.keys["set"])

    def files(self) -> dict[str, Any]:
        return {"images": f"<results>/data/{self.keys['set']}.h5"}


def shape_of(settings: Mapping[str, Any]) -> Shape:
    """The shape of images from the keys `size`, one number or height and width, and `channels`."""
    size = settings["size"]
    height, width = (size, size) if isinstance(size, int) else size
    return Shape(settings["channels"], height, width)


def statistics_of(splits: Collection[str], channels: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Mean and std of a set: without training images its pixels stay as they are."""
    return None if "train" in splits else (np.zeros(channels), np.ones(channels))
