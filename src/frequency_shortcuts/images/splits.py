"""Splits: labelled images with their classes and normalisation, as one object. Nothing here imports PyTorch."""

from __future__ import annotations

import functools
import hashlib
import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray, as_array

from .normalisation import check_one_per_channel, check_statistics, per_channel

if TYPE_CHECKING:
    from torch import Tensor

DIGESTED, READ = 1024, 2**23  # images, and numbers of images, that are read at a time


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


@runtime_checkable
class StoredImages(Images, Protocol):
    """Images uint8 [n, channels, H, W] in files, read when they are indexed."""

    def subset(self, chosen: IntArray) -> StoredImages:
        """Some of the images, in that order, unread."""

    def origin(self) -> tuple[object, ...]:
        """The identity of these images, without reading them."""


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
        check_images(images)
        numbers, channels = as_array(labels), images.shape[1]
        if classes is None and numbers.ndim == 1 and numbers.dtype.kind in "biu":
            classes = range(int(numbers.max(initial=0)) + 1)
        names = tuple(map(str, () if classes is None else classes))
        check_classes(numbers, names, n_images=images.shape[0])
        if is_raw(images) and (mean is None or std is None):
            raise ValueError("uint8 images need the mean and std to normalise them with")
        shift = per_channel(0.0 if mean is None else mean, channels)
        scale = per_channel(1.0 if std is None else std, channels)
        (check_statistics if is_raw(images) else check_one_per_channel)(shift, scale, channels)
        if not (np.isfinite(shift).all() and np.isfinite(scale).all() and (scale > 0).all()):
            raise ValueError(
                f"mean {shift.tolist()} and std {scale.tolist()}: expected numbers, std above 0"
            )
        if stylised is not None and len(stylised) != len(images):
            raise ValueError(
                f"{len(stylised)} stylised twins of {len(images)} images: expected one of each"
            )
        if not (
            neutral is None or (isinstance(neutral, int | np.integer) and 0 <= neutral < len(names))
        ):
            raise ValueError(
                f"neutral class {neutral!r}: expected 0 to {len(names) - 1}, or None where there is none"
            )
        images = images.detach() if hasattr(images, "detach") else images
        vars(self).update(
            images=images, labels=numbers.astype(np.int64), classes=names, neutral=neutral
        )
        vars(self).update(mean=shift.astype(float), std=scale.astype(float), stylised=stylised)

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
        low, high = np.full(len(shift), np.inf), np.full(len(shift), -np.inf)
        step = max(1, READ // math.prod(self.images.shape[1:]))
        for start in range(0, len(self), step):
            values = as_array(self.images[start : start + step])
            low, high = (
                np.minimum(low, values.min(axis=(0, 2, 3))),
                np.maximum(high, values.max(axis=(0, 2, 3))),
            )
        unknown = (self.mean == 0).all() and (self.std == 1).all()
        if unknown or (low < shift - 0.01 * scale).any() or (high > shift + 1.01 * scale).any():
            return low, np.where(high > low, high - low, 1)
        return shift, scale


def subset(images: Images, chosen: IntArray) -> Images:
    """Some images, in that order; those in files or a Dataset stay unread."""
    return images.subset(chosen) if hasattr(images, "subset") else images[chosen]


def is_raw(images: Images) -> bool:
    """Whether images are uint8, and so not normalised."""
    return str(images.dtype).removeprefix("torch.") == "uint8"


def images_digest(images: Images) -> bytes:
    """The identity of a set of images: its bytes, or its files and positions if it is not in memory."""
    if isinstance(
        images, StoredImages
    ):  # reading all images would take minutes in every part of a culling
        return hashlib.sha256(repr(images.origin()).encode()).digest()
    digest = hashlib.sha256()
    for start in range(0, len(images), DIGESTED):  # a Dataset may not fit into memory
        digest.update(np.ascontiguousarray(as_array(images[start : start + DIGESTED])).data)
    return digest.digest()


def first_of_each_class(labels: IntArray, per_class: int | None) -> IntArray:
    """Positions, in order, of the first `per_class` images of each class; of all images for None."""
    if per_class is None:
        return np.arange(len(labels))
    chosen = [np.flatnonzero(labels == c)[:per_class] for c in np.unique(labels)]
    return np.sort(np.concatenate(chosen))


def evenly(labels: IntArray, positions: IntArray, most: int, seed: list[int]) -> IntArray:
    """At most so many random ones of some positions among labels [n], in order, as many of each class as there are."""
    order = np.random.default_rng(seed).permutation(positions)
    turn = np.empty(len(order), np.int64)  # of each among those of its class
    for c in np.unique(labels):
        own = labels[order] == c
        turn[own] = np.arange(own.sum())
    return np.sort(order[np.argsort(turn, kind="stable")[:most]])


def check_images(images: Images, what: str = "images") -> None:
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


def check_characters(classes: Sequence[object], where: str) -> None:
    """Raise ValueError for a name that is not UTF-8, or with a control character, which breaks lines of tables."""
    for name in map(str, classes):
        kinds = {unicodedata.category(character) for character in name}
        problem = (
            "has a control character, such as a line break, in its name"
            if kinds & {"Cc", "Zl", "Zp"}
            else ""
        )
        if problem := "has a name that is not UTF-8: rename it" if "Cs" in kinds else problem:
            raise ValueError(f"{where}: the class {name!r} {problem}")


def check_classes(
    labels: IntArray, classes: Sequence[object], where: str = "labels", n_images: int | None = None
) -> None:
    """Raise ValueError, naming them, if classes have no image or no name, labels no class, or images no label."""
    if any(not str(name).strip() for name in classes):
        raise ValueError(f"{where}: a class has no name; each needs one that can be read")
    check_characters(classes, where)
    if len(set(classes)) < len(classes):
        twice = next(name for i, name in enumerate(classes) if name in classes[:i])
        raise ValueError(f"{where}: two classes are called {twice}; each needs a name of its own")
    if np.ndim(labels) == 0:
        raise ValueError(f"{where}: {labels}: expected the number of each image's class [n]")
    if n_images is not None and len(labels) != n_images:
        raise ValueError(f"{where}: {len(labels)} labels for {n_images} images")
    if np.ndim(labels) == 2:
        raise ValueError(
            f"{where}: labels of shape {list(np.shape(labels))}, as one-hot vectors have: expected the number of each "
            "image's class, as labels.argmax(1)"
        )
    if len(labels) and (kind := np.asarray(labels).dtype).kind not in "biu":
        raise ValueError(
            f"{where}: labels of type {kind}, expected integers: the numbers of the classes, from 0"
        )
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(classes):
        raise ValueError(
            f"{where}: labels {labels.min()} to {labels.max()}, but the classes are 0 to {len(classes) - 1}"
        )
    count = np.bincount(np.asarray(labels, np.int64), minlength=len(classes))
    missing = [str(name) for name, images in zip(classes, count, strict=True) if not images]
    if missing:
        raise ValueError(
            f"{where}: no image of class {', '.join(missing)}; every class needs at least one"
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
    found = []
    bounds = np.cumsum(list(shares.values()))[:-1]
    for c in np.unique(labels):
        positions = generator.permutation(np.flatnonzero(labels == c))
        pieces = np.split(positions, np.rint(bounds * len(positions)).astype(int))
        if not all(len(piece) for piece in pieces):
            name = c if classes is None else classes[c]
            raise ValueError(
                f"class {name} has {len(positions)} images, too few for the splits {dict(shares)}"
            )
        found.append(pieces)
    return {
        name: np.sort(np.concatenate(own))
        for name, own in zip(shares, zip(*found, strict=True), strict=True)
    }
