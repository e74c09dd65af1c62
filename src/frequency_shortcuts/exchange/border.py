"""The border of images: the recall of a class that is lost with what surrounds the objects of other classes.

`border_test` gives images the border of others. Nothing here imports PyTorch.
"""

from dataclasses import dataclass
from typing import NamedTuple

import h5py
import numpy as np

from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, IntArray

OWN = 4  # images of its own class whose border an image gets
COMMON_LOSS = (
    0.02  # of all classes: where the median is above it, borders differ between all of them
)
DRAWS = 500  # of the bootstrap over images


@dataclass(frozen=True)
class Borders:
    """Whether images are called their class with the border of others.

    right : bool [n, OWN + k], with the border of own images, and of an image of each of k other classes
    labels : int [n], of the images
    givers : int [class, k], whose borders the other columns are
    mask : of `border_test.MASKS`
    """

    right: BoolArray
    labels: IntArray
    givers: IntArray
    mask: str


class Lost(NamedTuple):
    """The recall of a class that is lost with the border of others.

    value : the median over the other classes; of three classes the smallest
    standard_error : of it, over images
    own : the recall with the border of other images of the class
    """

    value: float
    standard_error: float
    own: float


def lost_recall(borders: Borders, c: int, seed: int = 0) -> Lost:
    """The recall of class c that is lost with the border of other classes, with a bootstrap over its images.

    One half is added to each cell of the 2 x 2 table, as in `intervals.paired`, so that the error is not 0.
    """
    right = borders.right[borders.labels == c].astype(float)
    n = len(right)
    with_own = right[:, :OWN].mean(axis=1, keepdims=True)
    lost = with_own - right[:, OWN:]
    weights = np.random.default_rng([seed, c]).multinomial(n, np.full(n, 1 / n), size=DRAWS) / n
    value = _typical(lost.mean(axis=0))
    drawn = _typical(weights @ lost)
    variance = drawn.var() + 1 / (n + 2) ** 2
    return Lost(float(value), float(variance**0.5), float(with_own.mean()))


def _typical(lost: FloatArray) -> FloatArray:
    """The median over the last axis, other classes; the smallest of two."""
    return lost.min(axis=-1) if lost.shape[-1] == 2 else np.median(lost, axis=-1)


def write_borders(group: h5py.Group, borders: Borders) -> None:
    """Write to an open HDF5 file or to a group in it; `read_borders` reads it."""
    arrays = {"right": borders.right, "givers": borders.givers}
    for name, values in arrays.items():
        group.create_dataset(f"border/{name}", data=values, compression="gzip", shuffle=True)
    group["border"].attrs["mask"] = borders.mask


def read_borders(group: h5py.Group, labels: IntArray) -> Borders:
    """What `write_borders` wrote; labels : int [n], of the images."""
    stored = group["border"]
    return Borders(stored["right"][:], labels, stored["givers"][:], stored.attrs["mask"])
