"""What is to be known of a source of images: its check, the files that it needs, and what builds its stores."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

Config = Mapping[str, Any]


class Shape(NamedTuple):
    """Shape of an image."""

    channels: int
    height: int
    width: int


class Content(NamedTuple):
    """The content of a data set: names of its classes, shape of its images, a description."""

    classes: Sequence[Any]
    shape: Shape
    description: str


class Source(ABC):
    """A source of images: one or several values of the key `source` in the section `datasets`.

    names : these values, whose other keys config/schema.yaml describes
    kind : of its data sets: synthetic, planted or photographs, which the section `training` tells apart
    threads, minutes : of a job that builds a store

    The methods take a configuration (see `datasets.complete`) and the name of a data set of the source. Imports that
    take long stand inside them.
    """

    names: Sequence[str]
    kind = "photographs"
    threads = 1
    minutes = 10

    @property
    def module(self) -> str:
        """The module that describes the source, on whose code its rule depends."""
        return type(self).__module__

    def has_truth(self, settings: Mapping[str, Any]) -> bool:
        """Whether the store of a data set with these settings holds which frequencies were planted."""
        return False

    def mistakes(self, config: Config, name: str) -> Iterator[str]:
        """A sentence for each value that other values exclude."""
        yield from ()

    def state(self, config: Config, name: str) -> str:
        """A text that differs after the user's files have changed."""
        return ""

    @abstractmethod
    def inspect(self, config: Config, name: str) -> Content:
        """The content of a data set, with one image read per class. Raises ValueError if it is not possible."""

    def files(self, config: Config, name: str) -> dict[str, Any]:
        """The files that the store of a data set is made from, by their names."""
        return {}

    def settings(self, config: Config, name: str) -> dict[str, Any]:
        """The settings that determine the content of a store."""
        changes_no_image = ("ood", "recipe", "dynamics")
        return {
            key: value
            for key, value in config["datasets"][name].items()
            if key not in changes_no_image
        }

    @abstractmethod
    def build(
        self, path: str, settings: Mapping[str, Any], given: Any, workers: int, **about: Any
    ) -> None:
        """Write the store of a data set.

        given : has the paths of `files` as attributes. about : attributes of the store, such as `created_by`
        """


class Derived(Source):
    """A source whose images are those of another data set, the key `set`, chosen or changed."""

    def inspect(self, config: Config, name: str) -> Content:
        """The content of the other set."""
        from . import source_of

        other = config["datasets"][name]["set"]
        return source_of(config, other).inspect(config, other)

    def files(self, config: Config, name: str) -> dict[str, Any]:
        return {"images": f"<results>/data/{config['datasets'][name]['set']}.h5"}


def shape_of(settings: Mapping[str, Any]) -> Shape:
    """The shape of images from the keys `size`, one number or height and width, and `channels`."""
    size = settings["size"]
    height, width = (size, size) if isinstance(size, int) else size
    return Shape(settings["channels"], height, width)
