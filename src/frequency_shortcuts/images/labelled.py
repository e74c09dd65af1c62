"""The images that a user provides, in any usual form, as labelled images that can be read by their positions."""

import logging
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from frequency_shortcuts.spectrum.arrays import IntArray, as_array
from frequency_shortcuts.storage.hdf5 import read_hdf5

from . import stores
from .folders import Files, Listing, listing
from .normalisation import check_statistics
from .pictures import ImageFiles, one_size
from .preprocessing import Preprocessing, TransformedFiles, normalisation_of, normalised
from .splits import Images, Split, check_image_array, is_raw, subset
from .stored_images import Stored, take_rows
from .torch_dataset import DatasetImages

log = logging.getLogger(__name__)

UNKNOWN = (
    "the transform does not end with Normalize of pixels from 0 to 1, so that these are not known: the range of each "
    "channel stands for black to white, and blocks of JPEG may not be recognised as a cause"
)
WORKERS = 4  # threads that decode files
HDF5 = (".h5", ".hdf5", ".hdf")


@dataclass(frozen=True)
class LabelledImages:
    """Images and the numbers of their classes.

    images : [n, channels, H, W], uint8, float32 or float64; labels : int64 [n]
    classes : names by number, None where there are only numbers
    mean, std : [channels], to normalise images with, or with which float images are normalised; None where they are
        not known
    as_they_are : float images are not normalised, as those of a `Split`, a transform or a Dataset
    neutral : the class without a cue of its own, if the set has one
    test : other images to test with, if the file holds some
    listing : of pictures in files, or None
    of_pictures : whether they are made of pictures, by a `Preprocessing`
    remark : what cannot be known of them, or empty
    """

    images: Images
    labels: IntArray
    classes: tuple[str, ...] | None = None
    mean: npt.NDArray[np.float64] | None = None
    std: npt.NDArray[np.float64] | None = None
    neutral: int | None = None
    test: "LabelledImages | None" = None
    listing: Listing | None = None
    as_they_are: bool = False
    of_pictures: bool = False
    remark: str = ""

    def ready(self, chosen: IntArray, what: str = "images") -> Images:
        """The chosen images [k], uint8 as they are, or float as a network sees them.

        uint8 images need the mean and std; float arrays from 0 to 1 are normalised if these are known. Raises
        ValueError for float arrays outside [0, 1] with a mean and std: pixels, or images that are normalised already.
        """
        check_shape(self.images, what)
        if isinstance(self.images, h5py.Dataset):
            images: Images = take_rows(self.images, chosen)
        else:
            images = subset(self.images, chosen)
        if is_raw(images):
            if self.mean is None or self.std is None:
                raise ValueError(
                    f"{what} are uint8 and need the mean and std to normalise them with: give mean and std, or the "
                    "transform of the network"
                )
            return images
        if isinstance(images, TransformedFiles):
            return images
        if isinstance(images, DatasetImages):
            return images if self.as_they_are else images.converted(self._normalised_item)
        floats = np.asarray(images[:])
        if not np.isfinite(floats).all():
            raise ValueError(f"{what} hold numbers that are not finite")
        if self.mean is None or self.as_they_are:
            return floats
        return normalised(floats, self.mean, self.std, what)

    def _normalised_item(self, image: Any) -> npt.NDArray[Any]:
        return normalised(as_array(image), self.mean, self.std, "its values")


def check_shape(images: Any, what: str = "images") -> None:
    """Raise ValueError unless these are images [n, channels, H, W]; images with the channels last are named."""
    shape = tuple(images.shape)
    if len(shape) == 4 and shape[3] in (1, 3, 4) and shape[1] not in (1, 3, 4):
        raise ValueError(
            f"{what} are {' x '.join(map(str, shape))}, with the channels last: expected [n, channels, H, W], as "
            "images.transpose(0, 3, 1, 2)"
        )
    check_image_array(images, what)


def checked_labels(labels: Any, n_images: int) -> IntArray:
    """Labels int64 [n]. Raises ValueError, in one sentence, for text, one-hot vectors and a wrong number."""
    numbers = as_array(labels)
    if numbers.ndim != 1:
        raise ValueError(
            f"labels are {' x '.join(map(str, numbers.shape))}: expected one number for each image, which "
            "labels.argmax(1) gives of one-hot vectors"
        )
    if len(numbers) != n_images:
        raise ValueError(f"there are {len(numbers)} labels for {n_images} images")
    if numbers.dtype.kind not in "biu":
        raise ValueError(
            f"labels are {numbers.dtype}: expected integers, the numbers of the classes, from 0"
        )
    if len(numbers) and numbers.min() < 0:
        raise ValueError(
            f"labels begin at {numbers.min()}: expected the numbers of the classes, from 0"
        )
    return numbers.astype(np.int64)


def prepared_by(transform: Any, mean: Any = None, std: Any = None) -> Preprocessing:
    """What makes images of pictures: a `Preprocessing` or that of a transform, with the mean and std of a call.

    For arrays, these count before those of a transform. Float images of pictures are normalised once, by either.

    Raises ValueError if only one of mean and std is given, and for another transform.
    """
    if (mean is None) != (std is None):
        raise ValueError("mean and std belong together: give both, or none")
    if not isinstance(transform, Preprocessing):
        transform = Preprocessing(transform=transform)
    return transform if mean is None else replace(transform, mean=mean, std=std)


def read_labelled(
    images: Any, labels: Any = None, prepared: Preprocessing | None = None, what: str = "images"
) -> LabelledImages:
    """Images of any kind, with their labels.

    images, labels : as of `analyse`. An HDF5 file is a store, or has the datasets `images` and `labels`
    prepared : what makes images of pictures; see `prepared_by`
    what : name of the images in errors

    Raises ValueError for other images or labels, in one sentence.
    """
    prepared = prepared or Preprocessing()
    mean, std = prepared.statistics
    read = _read_any(images, labels, prepared, what)
    if read.of_pictures:
        return read
    if prepared.transform and mean is None:
        raise ValueError(
            f"{what} are no pictures, on which alone a transform is called, and it ends with no mean and std for them: "
            "leave it out, or give mean and std"
        )
    size = tuple(read.images.shape[2:])
    if prepared.shape not in (None, size):
        sides = [" x ".join(map(str, sizes)) for sizes in (size, prepared.shape)]
        raise ValueError(
            f"{what} are {sides[0]} and size is {sides[1]}: only pictures of a folder or Dataset are resized"
        )
    if mean is None:
        return read
    test = read.test and replace(read.test, mean=mean, std=std, as_they_are=False)
    return replace(read, mean=mean, std=std, test=test, as_they_are=False)


def _read_any(images: Any, labels: Any, prepared: Preprocessing, what: str) -> LabelledImages:
    files = as_files(images, labels)
    if files is not None:
        return _of_files(files, prepared)
    kind = type(images).__name__
    if all(hasattr(images, name) for name in ("__getitem__", "shape", "dtype")):
        return _of_array(images, labels, what)
    if isinstance(images, list | tuple):
        raise ValueError(
            f"{what} are a {kind}: expected one array or tensor [n, channels, H, W], a Dataset, a "
            "DataLoader, a path, or a list of paths"
        )
    if labels is not None:
        raise ValueError(f"{what} are a {kind}, which has labels of its own: leave the labels out")
    if isinstance(images, Split):
        about = (images.classes, images.mean, images.std, images.neutral)
        return LabelledImages(images.images, images.labels, *about, as_they_are=True)
    if isinstance(images, str | os.PathLike):
        return _of_hdf5(Path(images))
    if isinstance(images, DataLoader):
        log.warning(
            "%s are a DataLoader: all items of its Dataset are used, not its sampler and collate_fn",
            what,
        )
        images = images.dataset
    return _of_dataset(images, prepared, what)


def as_files(images: Any, labels: Any = None) -> Files | None:
    """Pictures in files: of a `Files`, the path of a folder or CSV, or a list of paths; None for other images."""
    if isinstance(images, Files):
        return images if labels is None else None
    if isinstance(images, str | os.PathLike):
        return None if Path(images).suffix.lower() in HDF5 else Files(images, labels)
    # Such as a column of a table.
    if getattr(images, "ndim", 0) == 1 and images.dtype.kind in "OTU":
        images = images.tolist()
    if not isinstance(images, list | tuple) or not images:
        return None
    are_paths = all(isinstance(path, str | os.PathLike) for path in images)
    return Files(images, labels) if are_paths else None


def listed_classes(images: Any) -> tuple[str, ...]:
    """The classes of pictures in files, or of an HDF5 file, or else their numbers."""
    files = as_files(images)
    read = _of_hdf5(Path(images)) if files is None else listing(files)
    return read.classes or tuple(map(str, np.unique(read.labels).tolist()))


def _of_files(files: Files, prepared: Preprocessing) -> LabelledImages:
    found = listing(files)
    if not found.files:
        found.settled()  # raises an error that says why
    if prepared.transform:
        read: ImageFiles = TransformedFiles(found.files, prepared, workers=WORKERS)
    else:
        size = prepared.shape or one_size(found.files)
        if size is None:
            raise ValueError(
                f"pictures in {found.given.root} have several sizes: give the transform of the network, or a size "
                "(Preprocessing, --size)"
            )
        read = ImageFiles(
            found.files, size, prepared.channels, resize=prepared.resize, workers=WORKERS
        )
    return replace(_of_pictures(read, found.labels, found.classes, prepared), listing=found)


def _of_array(images: Any, labels: Any, what: str) -> LabelledImages:
    if labels is None:
        raise ValueError(
            f"{what} are an array without labels: give the number of each image's class, from 0"
        )
    if isinstance(images, Tensor):
        images = images.detach().cpu().numpy()
    return LabelledImages(images, checked_labels(labels, len(images)))


def _of_hdf5(path: Path) -> LabelledImages:
    """The datasets `images` and `labels` of a file; or a store: its last split, and beside `test` also `validation`."""
    with read_hdf5(path, own_data=True) as file:
        images = file.get("images")
        labels = file.get("labels")
        if isinstance(images, h5py.Dataset) and isinstance(labels, h5py.Dataset):
            names = stores.stored_classes(file, path) if "classes" in file.attrs else None
            numbers = checked_labels(labels[:], len(images))
            return LabelledImages(images[:], numbers, names, **_statistics_in(file))
    read: dict[str, LabelledImages] = {}
    with stores.open_store(path) as (file, classes, splits):
        about = _statistics_in(file) | {"neutral": stores.neutral_class(file)}
        for split in splits[-2:]:
            labels = file[split]["labels"][:].astype(np.int64)
            pixels: Images = Stored(path, split, np.arange(len(labels)))
            if math.prod(pixels.shape) <= stores.IN_MEMORY:
                pixels = pixels[:]
            read[split] = LabelledImages(pixels, labels, tuple(classes), **about)
    if [*read] == ["validation", "test"]:
        return replace(read["validation"], test=read["test"])
    return read[splits[-1]]


def _statistics_in(file: h5py.File) -> dict[str, Any]:
    """The mean and std that a file holds, by their names."""
    there = [name for name in ("mean", "std") if name in file.attrs]
    return {name: np.asarray(file.attrs[name], float) for name in there}


def _of_dataset(dataset: Any, prepared: Preprocessing, what: str) -> LabelledImages:
    is_map_style = hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")
    kind = type(dataset).__name__
    if isinstance(dataset, IterableDataset) or not is_map_style:
        raise ValueError(
            f"{what} are a {kind}: expected an array or tensor [n, channels, H, W], a map-style "
            "Dataset, a DataLoader, or the path of a folder or HDF5 file"
        )
    if not len(dataset):
        raise ValueError(f"{what}: the {kind} is empty")
    names = getattr(dataset, "classes", None)
    classes = None
    if isinstance(names, Sequence) and not isinstance(names, str):
        classes = tuple(map(str, names))
    reader = DatasetImages(dataset, as_array, name=what)
    labels = reader.labels()
    first = reader.image(0)
    if isinstance(first, Image.Image):
        if prepared.size is None:
            prepared = replace(prepared, size=(first.height, first.width))
        return _of_pictures(reader.converted(prepared), labels, classes, prepared)
    mean, std = _statistics_of(getattr(dataset, "transform", None), reader.shape[1])
    return LabelledImages(reader, labels, classes, mean, std, as_they_are=True)


def _of_pictures(
    images: Images, labels: IntArray, classes: tuple[str, ...] | None, prepared: Preprocessing
) -> LabelledImages:
    """Pictures as images, with what is known of their normalisation."""
    mean, std = prepared.statistics
    if prepared.mean is None:
        mean, std = _statistics_of(prepared.transform, images.shape[1])
    remark = UNKNOWN if mean is None and not is_raw(images) else ""
    read = LabelledImages(images, labels, classes, mean, std, remark=remark)
    return replace(read, as_they_are=True, of_pictures=True)


def _statistics_of(transform: Any, channels: int) -> tuple[Any, Any]:
    """The mean and std of a transform; None, None for those of pixels from 0 to 255, or of other channels."""
    mean, std = normalisation_of(transform)
    try:
        check_statistics(mean, std, channels)
    except ValueError:
        return None, None
    return mean, std
