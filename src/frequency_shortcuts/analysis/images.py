"""The images that a user provides, in any usual form, as labelled images that can be read by their positions."""

import logging
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

from frequency_shortcuts.images import stores
from frequency_shortcuts.images.folders import Files, Listing, listing
from frequency_shortcuts.images.normalisation import check_statistics
from frequency_shortcuts.images.pictures import ImageFiles
from frequency_shortcuts.images.preprocessing import (
    Preprocessing,
    TransformedFiles,
    normalisation_of,
    normalised,
)
from frequency_shortcuts.images.splits import Images, Split, check_image_array, is_raw, subset
from frequency_shortcuts.images.stored_images import take_rows
from frequency_shortcuts.images.torch_dataset import DatasetImages
from frequency_shortcuts.spectrum.arrays import IntArray, as_array
from frequency_shortcuts.storage.hdf5 import read_hdf5

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
    mean, std : [channels], to normalise uint8 images and arrays with, or with which float images from files, of a
        Dataset or a `Split` are normalised; None where they are not known
    as_they_are : float images are not normalised, as those of a `Split`
    neutral : the class without a cue of its own, if the set has one
    test : other images to test with, if the file holds some
    listing : of pictures in files, or None
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
    remark: str = ""
    as_they_are: bool = False

    def ready(self, chosen: IntArray, what: str = "images") -> Images:
        """The chosen images [k], uint8 as they are, or float as a network sees them.

        uint8 images need the mean and std; float arrays from 0 to 1 are normalised if these are known. Raises
        ValueError for float arrays outside [0, 1] with a mean and std: pixels, or images that are normalised already.
        """
        images, mean, std = self.images, self.mean, self.std
        images = (
            take_rows(images, chosen)
            if isinstance(images, h5py.Dataset)
            else subset(images, chosen)
        )
        if is_raw(images):
            if mean is None or std is None:
                raise ValueError(
                    f"{what} are uint8 and need the mean and std to normalise them with: give mean and std, or the "
                    "transform of the network"
                )
        elif not isinstance(images, DatasetImages | TransformedFiles):
            images = np.asarray(images[:])
            if not np.isfinite(images).all():
                raise ValueError(f"{what} hold numbers that are not finite")
            if mean is not None and not self.as_they_are:
                images = normalised(images, mean, std, what)
        return images


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
    prepared = (
        transform if isinstance(transform, Preprocessing) else Preprocessing(transform=transform)
    )
    return prepared if mean is None else replace(prepared, mean=mean, std=std)


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
    if (files := as_files(images, labels)) is not None:
        return _of_files(listing(files), prepared)
    if hasattr(images, "__getitem__") and hasattr(images, "shape") and hasattr(images, "dtype"):
        check_shape(images, what)
        if labels is None:
            raise ValueError(
                f"{what} are an array without labels: give the number of each image's class, from 0"
            )
        if isinstance(images, Tensor):
            images = images.detach().cpu().numpy()
        return _with_statistics(
            LabelledImages(images, checked_labels(labels, len(images))), prepared, what
        )
    if isinstance(images, list | tuple):
        raise ValueError(
            f"{what} are a {type(images).__name__}: expected one array or tensor [n, channels, H, W], a Dataset, a "
            "DataLoader, a path, or a list of paths"
        )
    if labels is not None:
        raise ValueError(
            f"{what} are a {type(images).__name__}, which has labels of its own: leave the labels out"
        )
    if isinstance(images, str | os.PathLike):
        return _with_statistics(_of_hdf5(Path(images)), prepared, "images")
    if isinstance(images, Split):
        given = LabelledImages(
            images.images,
            images.labels,
            images.classes,
            images.mean,
            images.std,
            images.neutral,
            as_they_are=True,
        )
        return _with_statistics(given, prepared, what)
    if isinstance(images, DataLoader):
        log.warning(
            "%s are a DataLoader: all items of its Dataset are used, not its sampler and collate_fn",
            what,
        )
        images = images.dataset
    return _of_dataset(images, prepared, what)


def _with_statistics(
    labelled: LabelledImages, prepared: Preprocessing, what: str
) -> LabelledImages:
    """Images that are no pictures, with the mean and std of a call or transform instead of those of their file."""
    mean, std = prepared.statistics
    if prepared.transform and mean is None:
        raise ValueError(
            f"{what} are no pictures, on which alone a transform is called, and it ends with no mean and std for them: "
            "leave it out, or give mean and std"
        )
    wanted = prepared.shape
    if wanted is not None and wanted != (size := tuple(labelled.images.shape[2:])):
        sides = [" x ".join(map(str, sizes)) for sizes in (size, wanted)]
        raise ValueError(
            f"{what} are {sides[0]} and size is {sides[1]}: only pictures of a folder or Dataset are resized"
        )
    of_test = (
        None if labelled.test is None else _with_statistics(labelled.test, prepared, f"test {what}")
    )
    if mean is None:
        return replace(labelled, test=of_test)
    return replace(labelled, mean=mean, std=std, test=of_test, as_they_are=False)


def as_files(images: Any, labels: Any = None) -> Files | None:
    """Pictures in files: of a `Files`, the path of a folder or CSV, or a list of paths; None for other images."""
    if isinstance(images, Files):
        return images if labels is None else None
    if isinstance(images, str | os.PathLike):
        return None if Path(images).suffix.lower() in HDF5 else Files(images, labels)
    if (
        getattr(images, "ndim", 0) == 1 and images.dtype.kind in "OTU"
    ):  # names, such as a column of a table
        images = images.tolist()
    named = (
        isinstance(images, list | tuple)
        and images
        and all(isinstance(one, str | os.PathLike) for one in images)
    )
    return Files(images, labels) if named else None


def class_names(images: Any) -> tuple[str, ...]:
    """The classes of pictures in files, or of an HDF5 file, or else their numbers, without reading images."""
    files = as_files(images)
    read = _of_hdf5(Path(images)) if files is None else listing(files)
    return read.classes or tuple(map(str, np.unique(read.labels).tolist()))


def _of_files(found: Listing, prepared: Preprocessing) -> LabelledImages:
    if not found.files:
        found.settled()  # raises an error that says why
    read: ImageFiles
    if prepared.transform:
        read = TransformedFiles(found.files, prepared, workers=WORKERS)
    elif prepared.shape is None:
        raise ValueError(
            f"pictures in {found.given.root} may have any size: give the transform of the network, or Preprocessing "
            "with a size"
        )
    else:
        read = ImageFiles(
            found.files, prepared.shape, prepared.channels, resize=prepared.resize, workers=WORKERS
        )
    return replace(_transformed(read, found.labels, found.classes, prepared), listing=found)


def _transformed(
    images: Images, labels: IntArray, classes: tuple[str, ...] | None, prepared: Preprocessing
) -> LabelledImages:
    """Pictures as images, with what is known of their normalisation."""
    mean, std = prepared.statistics
    if prepared.mean is None:
        mean, std = _in_units(mean, std, images.shape[1])
    remark = UNKNOWN if mean is None and images.dtype != np.uint8 else ""
    return LabelledImages(images, labels, classes, mean, std, remark=remark)


def _in_units(mean: Any, std: Any, channels: int) -> tuple[Any, Any]:
    """The mean and std of a transform; None, None for those of pixels from 0 to 255, or of other channels."""
    try:
        check_statistics(mean, std, channels)
    except ValueError:
        return None, None
    return mean, std


def _of_hdf5(path: Path) -> LabelledImages:
    with read_hdf5(path, own_data=True) as file:
        images, labels = file.get("images"), file.get("labels")
        if isinstance(images, h5py.Dataset) and isinstance(labels, h5py.Dataset):
            check_shape(images, f"{path}: images")
            names = stores.stored_classes(file, path) if "classes" in file.attrs else None
            known: Any = {
                name: np.asarray(file.attrs[name], float)
                for name in ("mean", "std")
                if name in file.attrs
            }
            return LabelledImages(images[:], checked_labels(labels[:], len(images)), names, **known)
    with stores.open_store(path) as (file, _, splits):
        known = {
            name: np.asarray(file.attrs[name], float)
            for name in ("mean", "std")
            if name in file.attrs
        }
        channels = file[splits[0]]["images"].shape[1]

    def part(name: str) -> LabelledImages:
        split = stores.read(
            path,
            name,
            statistics=None if len(known) == 2 else (np.zeros(channels), np.ones(channels)),
        )
        return LabelledImages(
            split.images, split.labels, split.classes, neutral=split.neutral, **known
        )

    return (
        replace(part("validation"), test=part("test"))
        if splits[-2:] == ["validation", "test"]
        else part(splits[-1])
    )


def _of_dataset(dataset: Any, prepared: Preprocessing, what: str) -> LabelledImages:
    if isinstance(dataset, IterableDataset) or not (
        hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")
    ):
        raise ValueError(
            f"{what} are a {type(dataset).__name__}: expected an array or tensor [n, channels, H, W], a map-style "
            "Dataset, a DataLoader, or the path of a folder or HDF5 file"
        )
    if not len(dataset):
        raise ValueError(f"{what}: the {type(dataset).__name__} is empty")
    names, reader = getattr(dataset, "classes", None), DatasetImages(dataset, as_array, name=what)
    classes = (
        tuple(map(str, names))
        if isinstance(names, Sequence) and not isinstance(names, str)
        else None
    )
    labels, first = reader.labels(), reader.image(0)
    if isinstance(first, Image.Image):
        if prepared.size is None:
            prepared = replace(prepared, size=(first.height, first.width))
        read = _transformed(reader.converted(prepared), labels, classes, prepared)
    else:
        check_shape(reader, what)
        read = _with_statistics(LabelledImages(reader, labels, classes), prepared, what)
        if read.mean is None:
            mean, std = _in_units(
                *normalisation_of(getattr(dataset, "transform", None)), reader.shape[1]
            )
            read = replace(read, mean=mean, std=std)
        elif reader.dtype != np.uint8:
            ready = reader.converted(
                lambda image: normalised(as_array(image), read.mean, read.std, "its values")
            )
            read = replace(read, images=ready)
    return read
