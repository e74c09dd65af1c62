"""Splits: labelled images with their classes and normalisation, as one object. Nothing here imports PyTorch."""

from __future__ import annotations

import functools
import hashlib
import math
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt
import pandas as pd

from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray, as_array

from .normalisation import check_one_per_channel, check_statistics, per_channel

if TYPE_CHECKING:
    from torch import Tensor

DIGESTED = 1024  # images that are read at a time
READ = 2**23  # numbers of images that are read at a time
BREAKING = {"Cc", "Zl", "Zp"}  # categories of characters that break lines of tables


@runtime_checkable
class Images(Protocol):
    """Images [n, channels, H, W]: an array, a tensor, an HDF5 dataset, or an object that reads them when it is indexed.

    An index is a slice or an array of positions, int64 [k].
    """

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> Any: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any, /) -> Any: ...


class LazyImages(ABC):
    """Images [n, channels, H, W] in files or a Dataset, which are read when they are indexed; see `Images`.

    chosen : int64 [n], the positions of these images among all those that could be read
    image_shape, dtype : of an image, [channels, H, W]
    """

    chosen: IntArray
    image_shape: Any
    dtype: Any

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.chosen), *self.image_shape

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, index: Any, /) -> npt.NDArray[Any]:
        return self._read(self.chosen[index])

    def subset(self, chosen: IntArray) -> Self:
        """Some of the images, in that order, unread."""
        some = copy(self)
        some.chosen = self.chosen[chosen]
        return some

    def origin(self) -> tuple[object, ...] | None:
        """The identity of these images, without reading them; None if only their pixels tell."""
        return None

    @abstractmethod
    def _read(self, positions: IntArray) -> npt.NDArray[Any]:
        """The images at these positions among all."""


@dataclass(frozen=True, init=False, eq=False)
class Split:
    """Labelled images of one split, with the mean and std to normalise them; checked once, where it is made.

    images : [n, channels, H, W], see `Images`; uint8 is normalised with `mean` and `std`, which it needs, when a
        network sees it; float32 and float64 are used as they are, and were normalised with `mean` and `std`
    labels : [n], 0 to classes - 1, of any kind of array; every class has an image
    classes : their names, by default "0", "1", ...
    mean, std : [channels], or one number for all, in units of [0, 1]; of float images by default 0 and 1
    stylised : as images, a twin of each, or None; neutral : the class in which nothing is planted, or None

    Raises ValueError, in one sentence, for what does not fit together.

    >>> split = Split(images, labels, mean=[0.5], std=[0.25])
    >>> table = shortcuts.measure(network, split, masks)
    """

    images: Images
    labels: IntArray
    classes: tuple[str, ...]
    mean: FloatArray
    std: FloatArray
    stylised: Images | None
    neutral: int | None

    def __init__(
        self,
        images: Images,
        labels: npt.ArrayLike | Tensor,
        classes: Sequence[object] | None = None,
        mean: npt.ArrayLike | None = None,
        std: npt.ArrayLike | None = None,
        stylised: Images | None = None,
        neutral: int | None = None,
    ) -> None:
        check_image_array(images)
        numbers = as_array(labels)
        if classes is None:
            classes = _numbers_of_classes(numbers)
        names = tuple(map(str, classes))
        check_classes(numbers, names, n_images=images.shape[0])
        shift, scale = _checked_statistics(images, mean, std)
        if neutral not in (None, *range(len(names))):
            raise ValueError(
                f"neutral class {neutral!r}: expected 0 to {len(names) - 1}, or None where there is none"
            )
        checked = {
            "images": images.detach() if hasattr(images, "detach") else images,
            "labels": numbers.astype(np.int64),
            "classes": names,
            "mean": shift,
            "std": scale,
            "stylised": stylised,
            "neutral": neutral,
        }
        vars(self).update(checked)  # attributes of a frozen class cannot be set one by one

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, chosen: IntArray) -> Split:
        """Some of the images, in that order, at least one of each class; images in files or a Dataset stay unread."""
        stylised = None if self.stylised is None else subset(self.stylised, chosen)
        return replace(
            self, images=subset(self.images, chosen), labels=self.labels[chosen], stylised=stylised
        )

    @functools.cached_property
    def pixel_units(self) -> tuple[FloatArray, FloatArray]:
        """The shift and scale [channels] by which pixels become what a network sees: pixels * scale + shift.

        uint8 and float images with a mean and std span 0 to 1. Other float images have no known range: then it is
        their own, for each channel.
        """
        shift, scale = -self.mean / self.std, 1 / self.std
        if is_raw(self.images):
            return shift, scale
        low, high = _channel_range(self.images)
        unknown = (self.mean == 0).all() and (self.std == 1).all()
        outside = (low < shift - 0.01 * scale) | (high > shift + 1.01 * scale)
        if unknown or outside.any():
            return low, np.where(high > low, high - low, 1)
        return shift, scale


def _numbers_of_classes(labels: npt.NDArray[Any]) -> range:
    """The classes of labels without names, 0 to the largest; none for labels that are no list of numbers."""
    if labels.ndim != 1 or labels.dtype.kind not in "biu":
        return range(0)
    return range(int(labels.max(initial=0)) + 1)


def _checked_statistics(
    images: Images, mean: npt.ArrayLike | None, std: npt.ArrayLike | None
) -> tuple[FloatArray, FloatArray]:
    """The mean and std [channels] of images. Raises ValueError if they are missing or make no sense."""
    channels = images.shape[1]
    if is_raw(images) and (mean is None or std is None):
        raise ValueError("uint8 images need the mean and std to normalise them with")
    shift = per_channel(0.0 if mean is None else mean, channels)
    scale = per_channel(1.0 if std is None else std, channels)
    if is_raw(images):
        check_statistics(shift, scale, channels)
    else:
        check_one_per_channel(shift, scale, channels)
    finite = np.isfinite(shift) & np.isfinite(scale)
    if not (finite & (scale > 0)).all():
        raise ValueError(
            f"mean {shift.tolist()} and std {scale.tolist()}: expected numbers, std above 0"
        )
    return shift.astype(float), scale.astype(float)


def _channel_range(images: Images) -> tuple[FloatArray, FloatArray]:
    """The smallest and the largest value of each channel, read in blocks."""
    step = max(1, READ // math.prod(images.shape[1:]))
    low, high = [], []
    for start in range(0, len(images), step):
        values = as_array(images[start : start + step])
        low.append(values.min(axis=(0, 2, 3)))
        high.append(values.max(axis=(0, 2, 3)))
    return np.min(low, axis=0).astype(float), np.max(high, axis=0).astype(float)


def subset(images: Images, chosen: IntArray) -> Images:
    """Some images, in that order; those in files or a Dataset stay unread."""
    return images.subset(chosen) if isinstance(images, LazyImages) else images[chosen]


def is_raw(images: Images) -> bool:
    """Whether images are uint8, and so not normalised."""
    return str(images.dtype).removeprefix("torch.") == "uint8"


def images_digest(images: Images) -> bytes:
    """The identity of a set of images: its bytes, or its files and positions if it is not in memory."""
    # Reading all images would take minutes in every part of a culling.
    origin = images.origin() if isinstance(images, LazyImages) else None
    if origin is not None:
        return hashlib.sha256(repr(origin).encode()).digest()
    digest = hashlib.sha256()
    for start in range(0, len(images), DIGESTED):  # a Dataset may not fit into memory
        digest.update(np.ascontiguousarray(as_array(images[start : start + DIGESTED])).data)
    return digest.digest()


def first_of_each_class(labels: IntArray, per_class: int | None) -> IntArray:
    """Positions, in order, of the first `per_class` images of each class; of all images for None."""
    if per_class is None:
        return np.arange(len(labels))
    return np.flatnonzero(_turns(labels) < per_class)


def evenly(labels: IntArray, positions: IntArray, most: int, seed: list[int]) -> IntArray:
    """At most so many random ones of some positions among labels [n], in order, as many of each class as there are."""
    order = np.random.default_rng(seed).permutation(positions)
    by_turn = np.argsort(_turns(labels[order]), kind="stable")
    return np.sort(order[by_turn[:most]])


def _turns(labels: IntArray) -> IntArray:
    """The number of each image among those of its class, from 0."""
    return pd.Series(labels).groupby(labels).cumcount().to_numpy()


def check_image_array(images: Images, what: str = "images") -> None:
    """Raise ValueError unless these are images [n, channels, H, W] of a dtype that is read: uint8, float32, float64."""
    if not hasattr(images, "shape"):
        raise ValueError(
            f"{what} are a {type(images).__name__}: expected an array [n, channels, H, W]"
        )
    shape = tuple(images.shape)
    words = " x ".join(map(str, shape)) or "a single number"
    if len(shape) == 3:
        raise ValueError(
            f"{what} are {words}: expected [n, channels, H, W]; add the channel with images[:, None]"
        )
    if len(shape) != 4 or not all(shape):
        raise ValueError(f"{what} are {words}: expected [n, channels, H, W], none of them 0")
    if str(images.dtype).removeprefix("torch.") not in ("uint8", "float32", "float64"):
        raise ValueError(f"{what} of dtype {images.dtype}: expected float32, float64 or uint8")


def check_classes(
    labels: IntArray, classes: Sequence[object], where: str = "labels", n_images: int | None = None
) -> None:
    """Raise ValueError, naming them, if classes have no image or no name, labels no class, or images no label."""
    names = [str(name) for name in classes]
    _check_names(names, where)
    labels = np.asarray(labels)
    if labels.ndim != 1:
        raise ValueError(
            f"{where}: labels of shape {list(labels.shape)}: expected the number of each image's class [n], which "
            "labels.argmax(1) gives of one-hot vectors"
        )
    if n_images is not None and len(labels) != n_images:
        raise ValueError(f"{where}: {len(labels)} labels for {n_images} images")
    if len(labels) and labels.dtype.kind not in "biu":
        raise ValueError(
            f"{where}: labels of type {labels.dtype}, expected integers: the numbers of the classes, from 0"
        )
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(names):
        raise ValueError(
            f"{where}: labels {labels.min()} to {labels.max()}, but the classes are 0 to {len(names) - 1}"
        )
    missing = [names[number] for number in np.setdiff1d(np.arange(len(names)), labels)]
    if missing:
        raise ValueError(
            f"{where}: no image of class {', '.join(missing)}; every class needs at least one"
        )


def _check_names(names: Sequence[str], where: str) -> None:
    """Raise ValueError for names that are empty, break lines of tables, or are there twice."""
    for number, name in enumerate(names):
        categories = {unicodedata.category(character) for character in name}
        if not name.strip():
            raise ValueError(f"{where}: a class has no name; each needs one that can be read")
        if categories & BREAKING:
            raise ValueError(
                f"{where}: the class {name!r} has a control character, such as a line break, in its name"
            )
        if name in names[:number]:
            raise ValueError(
                f"{where}: two classes are called {name}; each needs a name of its own"
            )


def stratified(
    labels: IntArray, shares: Mapping[str, float], seed: int, classes: Sequence[str] | None = None
) -> dict[str, IntArray]:
    """Split the positions 0..n-1 class by class, at random but seeded: name -> sorted positions.

    `shares` sum to 1; the last split gets the remainder of the rounding. Raises ValueError, by the names in `classes`,
    if a class has too few images for every split to get one.
    """
    if abs(sum(shares.values()) - 1) > 1e-6 or min(shares.values()) <= 0:
        raise ValueError(f"shares {dict(shares)}: expected positive numbers that sum to 1")
    generator = np.random.default_rng(seed)
    bounds = np.cumsum(list(shares.values()))[:-1]
    chosen: dict[str, list[IntArray]] = {name: [] for name in shares}
    for c in np.unique(labels):
        positions = generator.permutation(np.flatnonzero(labels == c))
        pieces = np.split(positions, np.rint(bounds * len(positions)).astype(int))
        if not all(len(piece) for piece in pieces):
            name = c if classes is None else classes[c]
            raise ValueError(
                f"class {name} has {len(positions)} images, too few for the splits {dict(shares)}"
            )
        for parts, piece in zip(chosen.values(), pieces, strict=True):
            parts.append(piece)
    return {name: np.sort(np.concatenate(parts)) for name, parts in chosen.items()}
