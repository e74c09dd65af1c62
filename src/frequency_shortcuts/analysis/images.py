"""The images that a user provides, in any usual form, as labelled images that can be read by their positions."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from frequency_shortcuts.data import folders, stores
from frequency_shortcuts.data.normalisation import check_statistics
from frequency_shortcuts.data.splits import Images, Split, StoredImages
from frequency_shortcuts.data.stored_images import take_rows
from frequency_shortcuts.data.torch_dataset import DatasetImages
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray
from frequency_shortcuts.storage.hdf5 import read_hdf5

from .classes import Classes
from .torch_images import PROBES, ItemImages, LoaderImages, check_shape, checked_labels
from .transforms import Preprocessing

HDF5 = (".h5", ".hdf5", ".hdf")


@dataclass(frozen=True)
class LabelledImages:
    """Images and the numbers of their classes.

    images : [n, channels, H, W], uint8, float32 or float64; labels : int64 [n]
    classes : names by number, None where there are only numbers
    mean, std : [channels], to normalise uint8 images with, if their file names them
    neutral : the class without a cue of its own, if the set has one
    test : other images to test with, if the file holds some
    """

    images: Images
    labels: IntArray
    classes: tuple[str, ...] | None = None
    mean: npt.NDArray[np.float64] | None = None
    std: npt.NDArray[np.float64] | None = None
    neutral: int | None = None
    test: LabelledImages | None = None

    def take(self, chosen: IntArray) -> Images:
        """The chosen images [k]: an array, or images in files, which stay unread."""
        if isinstance(self.images, StoredImages | DatasetImages):
            return self.images.subset(chosen)
        if isinstance(self.images, h5py.Dataset):
            return take_rows(self.images, chosen)
        return np.asarray(self.images[chosen])


def read_labelled(
    images: Any,
    labels: Any = None,
    preprocessing: Preprocessing | None = None,
    *,
    progress: bool = False,
    what: str = "images",
) -> LabelledImages:
    """Images of any kind, with their labels.

    images : an array, tensor or HDF5 dataset [n, channels, H, W] with `labels` [n]; a `Split`; a map-style Dataset or a
        DataLoader of (image, label) or of dicts (see `image_and_label`); the path of a folder with a folder for each
        class, or of an HDF5 file: a store (groups train, validation, test), or one with the datasets `images` and
        `labels`
    preprocessing : how pictures are resized to one size
    what : name of the images in errors

    Raises ValueError for other images or labels, in one sentence.

    >>> read_labelled("photographs", preprocessing=Preprocessing(size=(224, 224), resize=256)).classes
    ('ox', 'zebra')
    """
    preprocessing = preprocessing or Preprocessing()
    if hasattr(images, "__getitem__") and hasattr(images, "shape") and hasattr(images, "dtype"):
        return _of_array(images, labels, what)
    if isinstance(images, list | tuple):
        raise ValueError(
            f"{what} are a {type(images).__name__}: expected one array or tensor [n, channels, H, W], a Dataset, a "
            "DataLoader, or a path"
        )
    if labels is not None:
        raise ValueError(f"{what} are a {type(images).__name__}, which has labels of its own: leave the labels out")
    if isinstance(images, str | os.PathLike):
        return _of_path(Path(images), preprocessing)
    if isinstance(images, Split):
        split = images
        return LabelledImages(split.images, split.labels, split.classes, split.mean, split.std, split.neutral)
    if isinstance(images, DataLoader):
        read = LoaderImages(images, what, progress=progress)
        return LabelledImages(read, read.labels, _classes_of(images.dataset))
    return _of_dataset(images, preprocessing, what)


def _of_array(images: Any, labels: Any, what: str) -> LabelledImages:
    check_shape(images, what)
    if labels is None:
        raise ValueError(f"{what} are an array without labels: give the number of each image's class, from 0")
    if isinstance(images, Tensor):
        images = images.detach().cpu().numpy()
    return LabelledImages(images, checked_labels(labels, len(images)))


def class_names(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """The classes of a folder of class folders, or of an HDF5 file, without reading images.

    A file that names no classes has the numbers of its labels.
    """
    path = Path(path)
    if path.suffix.lower() not in HDF5:
        return folders.listing(path)[2]
    labelled = _of_hdf5(path)
    return labelled.classes or tuple(map(str, np.unique(labelled.labels).tolist()))


def _of_path(path: Path, preprocessing: Preprocessing) -> LabelledImages:
    if path.suffix.lower() in HDF5:
        return _of_hdf5(path)
    files, labels, classes = folders.listing(path)
    if preprocessing.shape is None:
        raise ValueError(
            f"pictures in {path} may have any size: give the transform of the network, or Preprocessing with a size"
        )
    read = folders.ImageFiles(
        files, preprocessing.shape, preprocessing.channels, resize=preprocessing.resize,
        interpolation=preprocessing.interpolation, workers=4,
    )  # fmt: skip
    return LabelledImages(read, labels.astype(np.int64), classes)


def _of_hdf5(path: Path) -> LabelledImages:
    with read_hdf5(path, own_data=True) as file:
        plain = [file.get(name) for name in ("images", "labels")]
        if all(isinstance(part, h5py.Dataset) for part in plain):
            check_shape(plain[0], f"{path}: images")
            names = stores.class_names(file, path) if "classes" in file.attrs else None
            labels = checked_labels(plain[1][:], len(plain[0]))
            return LabelledImages(plain[0][:], labels, names, _attribute(file, "mean"), _attribute(file, "std"))
    with stores.open_store(path) as (file, _, splits):
        mean, std = (_attribute(file, name) for name in ("mean", "std"))
        channels = file[splits[0]]["images"].shape[1]
    known = (np.zeros(channels), np.ones(channels)) if mean is None or std is None else None
    parts = {}
    for name in splits:
        split = stores.read(path, name, statistics=known)
        parts[name] = LabelledImages(split.images, split.labels, split.classes, mean, std, split.neutral)
    if {"validation", "test"} <= parts.keys():
        return replace(parts["validation"], test=parts["test"])
    return parts[next(name for name in ("test", "validation", "train") if name in parts)]


def _attribute(file: h5py.File, name: str) -> Any:
    return np.asarray(file.attrs[name], float) if name in file.attrs else None


def _of_dataset(dataset: Any, preprocessing: Preprocessing, what: str) -> LabelledImages:
    if isinstance(dataset, IterableDataset) or not (hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")):
        raise ValueError(
            f"{what} are a {type(dataset).__name__}: expected an array or tensor [n, channels, H, W], a map-style "
            "Dataset, a DataLoader, or the path of a folder or HDF5 file"
        )
    if not len(dataset):
        raise ValueError(f"{what}: the {type(dataset).__name__} is empty")
    classes = _classes_of(dataset)
    items = DatasetImages(dataset, (1, 1), name=what)
    first = items.image(0)
    if not isinstance(first, Image.Image):
        labels = items.labels()
        return LabelledImages(ItemImages(items, what), labels, classes)
    if preprocessing.shape is None and preprocessing.resize is not None:
        raise ValueError(
            f"{what} are pictures whose short side is resized to {preprocessing.resize} pixels, and then not cropped: "
            "give Preprocessing with a size"
        )
    read = DatasetImages(
        dataset, preprocessing.shape or (first.height, first.width), preprocessing.channels, preprocessing.resize,
        interpolation=preprocessing.interpolation, name=what,
    )  # fmt: skip
    return LabelledImages(read, read.labels(), classes)


def _classes_of(dataset: Any) -> tuple[str, ...] | None:
    """The names of the classes of a Dataset; None if it does not list them."""
    names = getattr(dataset, "classes", None)
    return tuple(map(str, names)) if isinstance(names, Sequence) and not isinstance(names, str) else None


def as_splits(
    labelled: LabelledImages,
    parts: Sequence[IntArray],
    classes: Classes,
    preprocessing: Preprocessing,
    neutral: int | None,
    what: str = "images",
) -> list[Split]:
    """Parts of the images, given by their positions, each as a `Split`; see `ready`.

    All parts are read at once, since a DataLoader may have to be read from its beginning. Raises ValueError for a
    Dataset that augments images at random.
    """
    if isinstance(labelled.images, DatasetImages | ItemImages | LoaderImages):
        first, again = (labelled.take(parts[0][:PROBES])[:] for _ in range(2))
        if not np.array_equal(first, again, equal_nan=True):
            raise ValueError(
                f"{what}: the Dataset gives other pictures at each reading: leave out its random augmentation"
            )
    taken: Sequence[Images]
    if isinstance(labelled.images, StoredImages | DatasetImages):
        taken = [labelled.take(part) for part in parts]
    else:
        ends = np.cumsum([len(part) for part in parts])
        taken = np.split(np.asarray(labelled.take(np.concatenate(parts))), ends[:-1])
    splits = []
    for part, images in zip(parts, taken, strict=True):
        pixels, mean, std = ready(images, preprocessing, what)
        labels = classes.relabel(labelled.labels[part], what)
        splits.append(Split(pixels, labels, classes.names, mean, std, neutral=neutral))
    return splits


def ready(images: Images, preprocessing: Preprocessing, what: str = "images") -> tuple[Images, FloatArray, FloatArray]:
    """Images uint8 as they are, or float as a network sees them, with the mean and std [channels] that belong to them.

    uint8 images need the mean and std; float images from 0 to 1 are normalised if these are given. Raises ValueError
    for float images outside [0, 1] with a mean and std: pixels, or images that are normalised already.
    """
    channels, mean, std = images.shape[1], preprocessing.mean, preprocessing.std
    if (mean is None) != (std is None):
        raise ValueError("mean and std belong together: give both, or none")
    if mean is not None:
        check_statistics(mean, std, channels)
    if str(images.dtype) in ("uint8", "torch.uint8"):
        if mean is None or std is None:
            raise ValueError(
                f"{what} are uint8 and need the mean and std to normalise them with: give mean and std, or the "
                "transform of the network"
            )
        return images, np.asarray(mean, float), np.asarray(std, float)
    pixels = np.asarray(images[:])
    if not np.isfinite(pixels).all():
        raise ValueError(f"{what} hold numbers that are not finite")
    if mean is None or std is None:
        return pixels, np.zeros(channels), np.ones(channels)
    if pixels.min() >= 0 and pixels.max() > 1:
        raise ValueError(
            f"{what} are {pixels.dtype} from {pixels.min():.3g} to {pixels.max():.3g}, but mean and std belong to "
            "images from 0 to 1: divide the images by 255 if they are pixels, or give uint8"
        )
    if pixels.min() < 0:
        raise ValueError(
            f"{what} go from {pixels.min():.3g} to {pixels.max():.3g}, so they are normalised already: leave mean and "
            "std out, or give images from 0 to 1 or uint8"
        )
    mean, std = np.asarray(mean, float), np.asarray(std, float)
    shift, scale = (value.astype(pixels.dtype)[:, None, None] for value in (mean, std))
    pixels = pixels - shift
    pixels /= scale
    return pixels, mean, std


def shown(split: Split, positions: Iterable[int]) -> npt.NDArray[np.uint8]:
    """Some images as pictures, uint8 [k, channels, H, W]; normalised ones are scaled to their own range."""
    images = np.asarray(split.images[np.fromiter(positions, np.int64)])
    if images.dtype == np.uint8:
        return images
    images = images * split.std[:, None, None] + split.mean[:, None, None]
    if images.min() < -1e-3 or images.max() > 1 + 1e-3:
        low, high = (end(axis=(1, 2, 3), keepdims=True) for end in (images.min, images.max))
        images = (images - low) / np.maximum(high - low, np.finfo(float).tiny)
    pictures: npt.NDArray[np.uint8] = np.rint(255 * images.clip(0, 1)).astype(np.uint8)
    return pictures
