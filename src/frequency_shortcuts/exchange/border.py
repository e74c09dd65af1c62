"""The border of images: the recall of a class that is lost with what surrounds the objects of other classes.

`border_test` gives images the border of others. Nothing here imports PyTorch.
"""

from dataclasses import dataclass
from typing import NamedTuple

import h5py
import numpy as np

from frequency_shortcuts.intervals import clopper_pearson
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, IntArray

OWN = 4  # images of its own class whose border an image gets
DRAWS = 500  # of the bootstrap over images


@dataclass(frozen=True)
class Borders:
    """Whether images are called their class with the border of others.

    right : bool [n, OWN + k], with the border of own images, and of an image of each of k other classes
    labels : int [n], of the images
    givers : int [class, k], whose borders the other columns are
    """

    right: BoolArray
    labels: IntArray
    givers: IntArray


class Lost(NamedTuple):
    """The recall of a class that is lost with the border of others.

    value : the median over the other classes; of an even number of them, the smaller of the two in the middle
    standard_error : of it, over images
    least_high : what an upper end is at least, that of no loss among so many images
    own : the recall with the border of other images of the class
    """

    value: float
    standard_error: float
    least_high: float
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
    value = _lower_median(lost.mean(axis=0))
    drawn = _lower_median(weights @ lost)
    variance = drawn.var() + 1 / (n + 2) ** 2
    _, least_high = clopper_pearson(0, n, tail=0.05)
    return Lost(float(value), float(variance**0.5), least_high, float(with_own.mean()))


def _lower_median(lost: FloatArray) -> FloatArray:
    """The median over the last axis, the other classes; of an even number of them the smaller one in the middle."""
    return np.quantile(lost, 0.5, axis=-1, method="lower")


def write_borders(group: h5py.Group, borders: Borders) -> None:
    """Write to an open HDF5 file or to a group in it; `read_borders` reads it."""
    arrays = {"right": borders.right, "givers": borders.givers}
    for name, values in arrays.items():
        group.create_dataset(f"border/{name}", data=values, compression="gzip", shuffle=True)


def read_borders(group: h5py.Group, labels: IntArray) -> Borders:
    """What `write_borders` wrote; labels : int [n], of the images."""
    stored = group["border"]
    return Borders(stored["right"][:], labels, stored["givers"][:])
