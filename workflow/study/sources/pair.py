"""Two classes of another set that are alike, or one class of which half is woven, with a texture on the object."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .description import Config, Content, Derived

WOVEN = ("plain", "woven")
TEXTURE, PERIOD = 0.15, 4  # share of the brightness, pixels


class Pair(Derived):
    """Two classes of another data set."""

    names = ("pair",)

    def inspect(self, config: Config, name: str) -> Content:
        named = config["datasets"][name]["classes"]
        return super().inspect(config, name)._replace(classes=named if len(named) == 2 else WOVEN)

    def build(
        self, path: str, settings: Mapping[str, Any], given: Any, workers: int, **about: Any
    ) -> None:
        """Choose the images of the classes, in their order; of one class, weave every other image."""
        from frequency_shortcuts.images import stores

        names, splits = settings["classes"], {}
        for split in ("train", "validation", "test"):
            data = stores.read(given.images, split)
            numbers = [data.classes.index(name) for name in names]
            chosen = np.flatnonzero(np.isin(data.labels, numbers))
            images = np.asarray(data.images[:])[chosen]
            labels = np.array([numbers.index(label) for label in data.labels[chosen]])
            splits[split] = woven(images) if len(names) == 1 else (images, labels)
        classes = WOVEN if len(names) == 1 else names
        stores.write(path, splits, classes=classes, source=" and ".join(names), **about)


def woven(images: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Images of which every other one has a texture at a random place, and their classes, `WOVEN`."""
    changed, labels = images.astype(float), np.arange(len(images)) % 2
    rows, columns = (np.arange(side) for side in images.shape[2:])
    for number in np.flatnonzero(labels):
        shift = np.random.default_rng([4, int(number)]).integers(PERIOD, size=2)
        rib = np.sign(
            np.sin(2 * np.pi * ((rows + shift[0])[:, None] + columns + shift[1] + 0.5) / PERIOD)
        )
        changed[number] *= 1 + TEXTURE * rib
    return np.rint(changed).clip(0, 255).astype(np.uint8), labels


SOURCE = Pair()
