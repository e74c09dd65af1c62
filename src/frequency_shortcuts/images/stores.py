"""Image stores in HDF5: written, linked, checked and read.

A store holds the groups `train`, `validation` and `test` (or some of them), each with `images` uint8
[n, channels, H, W], one after the other, and `labels` int64 [n]; its attributes are `classes`, `mean`, `std` (per
channel, of the training images, in units of [0, 1]) and `source`. `train/stylised` may hold a restyled twin of every
training image. A store of files holds `files` instead of `images`: paths that are decoded when they are read, for sets
that are too large to be kept twice.
"""

import itertools
import math
import reprlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray
from frequency_shortcuts.storage.files import AnyPath, WholeFile, replacing_hdf5
from frequency_shortcuts.storage.hdf5 import read_hdf5

from .folders import few, printable
from .normalisation import channel_sums, check_statistics, moments
from .pictures import FULL, ImageFiles, Tones
from .splits import Images, Split, check_classes, first_of_each_class
from .stored_images import Stored

BLOCK = 256  # images to write at once
IN_MEMORY = 2**30  # bytes up to which a split is read as a whole
SAMPLED = 5000  # training images from which the statistics of a store of files are computed


def write(
    path: AnyPath,
    splits: Mapping[str, tuple[Images, IntArray]],
    *,
    classes: Sequence[str],
    source: str,
    statistics: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    planted: tuple[Mapping[str, BoolArray], Mapping[str, Any]] | None = None,
    stylised: Images | None = None,
    **about: Any,
) -> None:
    """Write a store, whole or not at all.

    splits : name -> (images, labels). The images are an array uint8 [n, channels, H, W], an object whose slices are
        such arrays, or `ImageFiles`; they are read block by block, so that memory does not grow with n
    statistics : mean and std to normalise with; by default those of the `train` split
    planted : masks of a synthetic or planted set, for the group of that name, and its attributes: the `mechanism` and
        the index of the `neutral` class, -1 for none
    stylised : as images, a twin of each of the `train` split
    about : more attributes, such as `created_by`

    Raises ValueError, naming split and class, if a class has no image, or if the images have no contrast to normalise.
    """
    for split, (images, labels) in splits.items():
        check_classes(labels, classes, f"{source}, split {split}", len(images))
    if statistics is None and "train" not in splits:
        raise ValueError(
            f"{source}: without a train split, the mean and std to normalise with must be given"
        )
    if stylised is not None and len(stylised) != len(splits["train"][0]):
        raise ValueError(
            f"{source}: {len(stylised)} stylised twins of {len(splits['train'][0])} training images"
        )
    with replacing_hdf5(path) as file:
        skipped = 0
        for split, (images, labels) in splits.items():
            group = file.create_group(split)
            title = f"storing {split}"
            kept, sums = _write_images(file, group, "images", images, Path(path).parent, title)
            check_classes(labels[kept], classes, f"{source}, split {split}")
            skipped += len(labels) - len(kept)
            group.create_dataset("labels", data=labels[kept])
            if statistics is None and split == "train":
                statistics = moments(sums, len(kept) * math.prod(images.shape[2:]))
            if stylised is not None and split == "train":
                title = "storing stylised"
                twins, _ = _write_images(
                    file, group, "stylised", stylised, Path(path).parent, title
                )
                if not np.array_equal(twins, kept):
                    raise ValueError(
                        f"{source}: an image or its stylised twin does not decode: mend or delete both"
                    )
        if planted:
            for name, mask in planted[0].items():
                file.create_dataset(f"planted/{name}", data=mask)
            file["planted"].attrs.update(planted[1])
            file.attrs["layout"] = "centred"
        source += f", {skipped} undecodable images skipped" if skipped else ""
        _describe(file, classes, statistics, source, about)


def write_files(
    path: AnyPath,
    splits: Mapping[str, tuple[ImageFiles, IntArray]],
    *,
    classes: Sequence[str],
    source: str,
    statistics: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    **about: Any,
) -> None:
    """Write a store of files: paths and labels of the images, for sets that are too large to be stored twice.

    By default the statistics are those of `SAMPLED` training images. For the errors see `write`.
    """
    for split, (pictures, labels) in splits.items():
        check_classes(labels, classes, f"{source}, split {split}", len(pictures))
        if odd := [
            printable(str(name)) for name in pictures.files if printable(str(name)) != str(name)
        ]:
            raise ValueError(f"the name of {few(odd)} is not UTF-8: rename it")
    if statistics is None:
        if "train" not in splits:
            raise ValueError(
                f"{source}: without a train split, the mean and std to normalise with must be given"
            )
        train = splits["train"][0]
        sample = train.subset(np.sort(np.random.default_rng(0).permutation(len(train))[:SAMPLED]))
        sums = sum(image_sums for _, image_sums in sample.decoded(then=channel_sums))
        statistics = moments(sums, len(sample) * math.prod(train.shape[2:]))
    with replacing_hdf5(path) as file:
        for split, (pictures, labels) in splits.items():
            group = file.create_group(split)
            names = [str(Path(name).absolute()) for name in pictures.files]
            group.create_dataset(
                "files", data=names, dtype=h5py.string_dtype(), compression="gzip", chunks=True
            )
            group["files"].attrs["shape"] = pictures.shape[1:]
            group["files"].attrs["resize"] = pictures.resize or 0
            if pictures.tones.range != FULL:
                group["files"].attrs["tones"] = pictures.tones.found
            group.create_dataset("labels", data=labels)
        _describe(file, classes, statistics, source, about)


def class_names(file: h5py.File, path: AnyPath) -> tuple[str, ...]:
    """The attribute `classes` of a file as text. Raises ValueError unless it is a list."""
    names = file.attrs.get("classes")
    if not isinstance(names, np.ndarray) or names.ndim != 1:
        raise ValueError(
            f"{path}: its attribute classes is {reprlib.repr(names)}: expected a list of names"
        )
    return tuple(name.decode() if isinstance(name, bytes) else str(name) for name in names)


def _describe(
    file: WholeFile, classes: Sequence[str], statistics: Any, source: str, about: dict[str, Any]
) -> None:
    mean, std = map(np.asarray, statistics)
    if np.any(std <= 0):
        raise ValueError(
            f"{source}: all training images are of one tone, there is nothing to learn from"
        )
    file.attrs.update(classes=list(classes), mean=mean, std=std, source=source, **about)


def _write_images(
    file: WholeFile, group: h5py.Group, name: str, images: Images, folder: Path, title: str
) -> tuple[IntArray, IntArray]:
    """Write images in order; returns the positions of those that were written, and their `channel_sums`.

    If files are skipped, the number of images is known only at the end: they wait in a nameless file in the folder.
    """
    shape = images.shape[1:]
    sums = np.zeros((2, shape[0]), np.int64)
    kept: list[int] = []
    may_skip = isinstance(images, ImageFiles) and images.on_error == "skip"
    with tempfile.TemporaryFile(dir=folder) if may_skip else nullcontext() as waiting:
        stored: Any = None if waiting else group.create_dataset(name, images.shape, np.uint8)
        described = _in_order(images, title)
        while block := list(itertools.islice(described, BLOCK)):
            pixels = np.stack([image for _, image in block])
            if waiting:
                waiting.write(pixels.data)
            else:
                stored[len(kept) : len(kept) + len(block)] = pixels
            kept += [position for position, _ in block]
            sums += sum(map(channel_sums, pixels))
            file.check()
        if waiting:
            stored = group.create_dataset(name, (len(kept), *shape), np.uint8)
            waiting.seek(0)
            for first in range(0, len(kept), BLOCK):
                rows = np.frombuffer(waiting.read(BLOCK * math.prod(shape)), np.uint8).reshape(
                    -1, *shape
                )
                stored[first : first + len(rows)] = rows
                file.check()
    return np.array(kept, np.int64), sums


def _in_order(images: Images, title: str) -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
    if isinstance(images, ImageFiles):
        yield from images.decoded(title)
        return
    for start in tqdm(range(0, len(images), BLOCK), desc=title, unit="block", disable=None):
        yield from enumerate(np.ascontiguousarray(images[start : start + BLOCK], np.uint8), start)


@contextmanager
def open_store(store: AnyPath) -> Iterator[tuple[h5py.File, list[str], list[str]]]:
    """A store that the user provides, which may have no `mean` and `std`: the open file, its classes and its splits.

    Raises ValueError for a file that is no such store, or whose data lies in other files (see `read_hdf5`).
    """
    with read_hdf5(store, own_data=True) as file:
        splits = [name for name in ("train", "validation", "test") if name in file]
        if "classes" not in file.attrs or not splits:
            raise ValueError(
                f"{store} is no image store: expected the attribute classes and groups train, validation or test"
            )
        classes = list(class_names(file, store))
        if len(classes) < 2:
            raise ValueError(
                f"{store} names {len(classes)} class: expected at least two in its attribute classes"
            )
        for name in splits:
            _check_split(file[name], classes, f"{store}, split {name}")
        shapes = {file[name]["images"].shape[1:] for name in splits}
        if len(shapes) > 1:
            raise ValueError(
                f"{store}: the splits hold images of different sizes, {' and '.join(map(str, shapes))}"
            )
        channels = shapes.pop()[0]
        check_statistics(*_statistics(file, channels), channels, f"{store}: ")
        yield file, classes, splits


def _check_split(group: Any, classes: Sequence[str], where: str) -> None:
    """Raise ValueError unless this is a group with images, perhaps their stylised twins, and labels."""
    if not isinstance(group, h5py.Group):
        raise ValueError(
            f"{where}: it is a data set: expected a group that holds images and labels"
        )
    if "images" not in group or "labels" not in group:
        raise ValueError(
            f"{where}: expected images and labels, it holds {', '.join(group) or 'nothing'}"
        )
    for name in ("images", "stylised") if "stylised" in group else ("images",):
        images = group[name]
        if (
            not isinstance(images, h5py.Dataset)
            or images.dtype != np.uint8
            or images.ndim != 4
            or 0 in images.shape
        ):
            kind = (
                f"{images.dtype} {list(images.shape or ())}"
                if isinstance(images, h5py.Dataset)
                else "a group"
            )
            raise ValueError(
                f"{where}: {name} are {kind}, expected uint8 [n, channels, H, W], none of them 0"
            )
        if images.shape != group["images"].shape:
            raise ValueError(
                f"{where}: {name} and images differ in their shape: expected a twin of every image"
            )
    if not isinstance(group["labels"], h5py.Dataset) or not group["labels"].ndim:
        raise ValueError(
            f"{where}: labels are a group or a single value: expected the class of each image [n]"
        )
    check_classes(group["labels"][:], classes, where, len(group["images"]))


def _statistics(file: h5py.File, channels: int) -> tuple[Any, Any]:
    return file.attrs.get("mean", np.zeros(channels)), file.attrs.get("std", np.ones(channels))


def link(path: AnyPath, store: AnyPath, **about: Any) -> None:
    """Write a store whose splits are links to those of another store (see `open_store`); nothing is copied.

    If the other store has no `mean` and `std`, its pixels are not normalised, but scaled to 0 to 1.
    """
    with open_store(store) as (other, classes, splits):
        statistics = _statistics(other, other[splits[0]]["images"].shape[1])
    with replacing_hdf5(path) as file:
        for name in splits:
            file[name] = h5py.ExternalLink(str(Path(store).absolute()), name)
        _describe(file, classes, statistics, f"store {store}", about)


def read(
    path: AnyPath,
    split: str,
    per_class: int | None = None,
    *,
    statistics: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    workers: int = 1,
    in_memory: int = IN_MEMORY,
) -> Split:
    """One split of a store, or the first `per_class` images of each class in it.

    Its images are read at once if they have at most `in_memory` bytes, else when they are indexed, by `workers`
    threads. `statistics` are a mean and std [channels] that replace those of the store. Raises ValueError if the store
    has no such split or no image of a class, or if the file is no whole store.
    """
    with read_hdf5(path) as file:
        if split not in set(file):
            there = sorted(set(file) - {"planted"})
            raise ValueError(f"{path} has no split {split!r}: it holds {', '.join(there)}")
        if isinstance(link := file.get(split, getlink=True), h5py.ExternalLink):
            with read_hdf5(Path(file.filename).parent / link.filename, own_data=True):
                pass
        classes = class_names(file, path)
        group, where = file[split], f"{path}, split {split}"
        listed = isinstance(group, h5py.Group) and "files" in group
        if listed:
            check_classes(group["labels"][:], classes, where, len(group["files"]))
        else:
            _check_split(group, classes, where)
        labels = group["labels"][:].astype(np.int64)
        chosen = first_of_each_class(labels, per_class)
        lazy: dict[str, Any] = {}
        if listed:
            about = group["files"].attrs
            names = group["files"].asstr()[:]
            channels, height, width = map(int, about["shape"])
            lazy["images"] = ImageFiles(
                names[chosen].tolist(),
                (height, width),
                channels,
                resize=int(about["resize"]) or None,
                workers=workers,
                tones=Tones(names, tuple(np.array(about.get("tones", (0, *FULL, *FULL))).tolist())),
            )
        else:
            names = [name for name in ("images", "stylised") if name in group]
            lazy = {name: Stored(path, split, chosen, name, workers) for name in names}
        mean, std = statistics or (file.attrs["mean"][:], file.attrs["std"][:])
        neutral = neutral_class(file)
    if np.prod(lazy["images"].shape) * len(lazy) <= in_memory:
        lazy = {name: images[:] for name, images in lazy.items()}
    return Split(
        labels=labels[chosen], classes=classes, mean=mean, std=std, neutral=neutral, **lazy
    )


def neutral_class(file: h5py.File) -> int | None:
    """The class of a store in which nothing is planted; None if there is none, as for photographs."""
    index = int(file["planted"].attrs["neutral"]) if "planted" in file else -1
    return None if index < 0 else index
