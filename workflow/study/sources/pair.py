"""Two classes of another set that are alike, or one class of which half is woven, with a texture on the object."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .description import Content, Derived

WOVEN = ("plain", "woven")
TEXTURE, PERIOD = 0.15, 4  # share of the brightness, pixels


class Pair(Derived):
    """Two classes of another data set."""

    names = ("pair",)

    def classes(self) -> Sequence[str]:
        named: Sequence[str] = self.keys["classes"]
        return named if len(named) == 2 else WOVEN

    def inspect(self) -> Content:
        return self.other.inspect()._replace(classes=self.classes())

    def content(self, given: Any) -> dict[str, Any]:
        """The images of the classes, in their order; of one class, every other image is woven."""
        from frequency_shortcuts.images import stores

        names, splits = self.keys["classes"], {}
        for split in ("train", "validation", "test"):
            data = stores.read(given.images, split)
            numbers = [data.classes.index(name) for name in names]
            chosen = np.flatnonzero(np.isin(data.labels, numbers))
            images = np.asarray(data.images[:])[chosen]
            labels = np.array([numbers.index(label) for label in data.labels[chosen]])
            splits[split] = woven(images) if len(names) == 1 else (images, labels)
        return {"splits": splits, "classes": self.classes(), "source": " and ".join(names)}


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


SOURCE = Pair
