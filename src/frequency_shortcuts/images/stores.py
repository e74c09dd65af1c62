"""Image stores in HDF5: written, linked, checked and read.

A store holds the groups `train`, `validation` and `test` (or some of them), each with `images` uint8
[n, channels, H, W], one after the other, and `labels` int64 [n]; its attributes are `classes`, `mean`, `std` (per
channel, of the training images, in units of [0, 1]) and `source`. `train/stylised` may hold a restyled twin of every
training image. A store of files holds `files` instead of `images`: paths that are decoded when they are read, for sets
that are too large to be kept twice.
"""

import reprlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray
from frequency_shortcuts.storage.files import AnyPath, WholeFile, replacing_hdf5
from frequency_shortcuts.storage.hdf5 import read_hdf5

from .normalisation import READ_AT_ONCE, per_channel, pixel_statistics
from .pictures import FULL, ImageFiles, Tones
from .splits import Images, Split, check_classes, first_of_each_class, is_raw, subset
from .stored_images import Stored

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
    listed: bool = False,
    **about: Any,
) -> None:
    """Write a store, whole or not at all.

    splits : name -> (images, labels). The images are an array uint8 [n, channels, H, W], an object whose slices are
        such arrays, or `ImageFiles`; they are read block by block, so that memory does not grow with n
    statistics : mean and std to normalise with; by default those of the `train` split, which it then needs
    planted : masks of a synthetic or planted set, for the group of that name, and its attributes: the `mechanism` and
        the index of the `neutral` class, -1 for none
    stylised : as images, a twin of each of the `train` split
    listed : write the paths of `ImageFiles` in place of images, for sets that are too large to be stored twice; by
        default the statistics are then those of `SAMPLED` training images
    about : more attributes, such as `created_by`

    Raises ValueError, naming split and class, if a class has no image, or if the images have no contrast to normalise.
    """
    for split, (images, labels) in splits.items():
        check_classes(labels, classes, f"{source}, split {split}", len(images))
    if listed and statistics is None:
        statistics = _statistics_of_sample(splits["train"][0])
    skipped = 0
    with replacing_hdf5(path) as file:
        for split, (images, labels) in splits.items():
            twins = stylised if split == "train" else None
            where = f"{source}, split {split}"
            if isinstance(images, ImageFiles) and listed:
                _write_paths(file, split, images, labels)
            else:
                kept = _write_split(file, split, images, labels, twins, where)
                check_classes(labels[kept], classes, where)
                skipped += len(labels) - len(kept)
        if statistics is None:
            statistics = pixel_statistics(file["train"]["images"])
        if planted:
            for name, mask in planted[0].items():
                file.create_dataset(f"planted/{name}", data=mask)
            file["planted"].attrs.update(planted[1])
            file.attrs["layout"] = "centred"
        if skipped:
            source += f", {skipped} undecodable images skipped"
        _describe(file, classes, statistics, source, about)


def _statistics_of_sample(images: Images) -> tuple[Any, Any]:
    chosen = np.random.default_rng(0).permutation(len(images))[:SAMPLED]
    return pixel_statistics(subset(images, np.sort(chosen)))


def _write_paths(file: WholeFile, split: str, pictures: ImageFiles, labels: IntArray) -> None:
    """Write the paths of the files of a split, and its labels."""
    group = file.create_group(split)
    names = [str(Path(name).absolute()) for name in pictures.files]
    group.create_dataset(
        "files", data=names, dtype=h5py.string_dtype(), compression="gzip", chunks=True
    )
    about = group["files"].attrs
    about["shape"] = pictures.image_shape
    about["resize"] = pictures.resize or 0
    if pictures.tones.range != FULL:
        about["tones"] = pictures.tones.found
    group.create_dataset("labels", data=labels)


def _write_split(
    file: WholeFile,
    split: str,
    images: Images,
    labels: IntArray,
    stylised: Images | None,
    where: str,
) -> IntArray:
    """Write the images of a split, their labels and stylised twins; returns the positions that were written."""
    group = file.create_group(split)
    kept = _write_images(file, group, "images", images)
    group.create_dataset("labels", data=labels[kept])
    if stylised is None:
        return kept
    twins = _write_images(file, group, "stylised", stylised)
    if not np.array_equal(twins, kept):
        raise ValueError(
            f"{where}: {len(stylised)} stylised twins of {len(images)} images, or one of a pair does not decode: "
            "expected one of each, so mend or delete both"
        )
    return kept


def _write_images(file: WholeFile, group: h5py.Group, name: str, images: Images) -> IntArray:
    """Write images in order; returns the positions of those that were written.

    Files that may be skipped are decoded twice: how many there are is known only at the end.
    """
    kept = np.arange(len(images))
    if isinstance(images, ImageFiles) and images.on_error == "skip":
        decoded = [position for position, _ in images.decoded(f"checking {name}")]
        kept = np.array(decoded, np.int64)
        images = images.subset(kept)
    stored = group.create_dataset(name, images.shape, np.uint8)
    blocks = range(0, len(kept), READ_AT_ONCE)
    for start in tqdm(blocks, f"storing {name} of {group.name[1:]}", unit="block", disable=None):
        end = min(start + READ_AT_ONCE, len(kept))
        stored[start:end] = images[start:end]
        file.check()
    return kept


def stored_classes(file: h5py.File, path: AnyPath) -> tuple[str, ...]:
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
        classes = list(stored_classes(file, store))
        if len(classes) < 2:
            raise ValueError(
                f"{store} names {len(classes)} class: expected at least two in its attribute classes"
            )
        for name in splits:
            _check_split(file[name], classes, _statistics(file), f"{store}, split {name}")
        shapes = {file[name]["images"].shape[1:] for name in splits}
        if len(shapes) > 1:
            raise ValueError(
                f"{store}: the splits hold images of different sizes, {' and '.join(map(str, shapes))}"
            )
        yield file, classes, splits


def _check_split(group: Any, classes: Sequence[str], statistics: Any, where: str) -> None:
    """Raise ValueError unless images and labels in this group make a `Split`, perhaps with stylised twins."""
    held = dict(group) if isinstance(group, h5py.Group) else {}
    if not {"images", "labels"} <= held.keys():
        holds = f"holds {', '.join(held) or 'nothing'}"
        raise ValueError(f"{where}: expected a group with images and labels, it {holds}")
    images = held["images"]
    try:
        split = Split(images, held["labels"][()], classes, *statistics)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    if not is_raw(split.images):
        raise ValueError(f"{where}: images are {images.dtype}: expected uint8")
    if "stylised" in held and held["stylised"].shape != images.shape:
        raise ValueError(
            f"{where}: stylised and images differ in their shape: expected a twin of every image"
        )


def _statistics(file: h5py.File) -> tuple[Any, Any]:
    """The mean and std of a store; without any, pixels are scaled to 0 to 1."""
    return file.attrs.get("mean", 0.0), file.attrs.get("std", 1.0)


def link(path: AnyPath, store: AnyPath, **about: Any) -> None:
    """Write a store whose splits are links to those of another store (see `open_store`); nothing is copied.

    If the other store has no `mean` and `std`, its pixels are not normalised, but scaled to 0 to 1.
    """
    with open_store(store) as (other, classes, splits):
        channels = other[splits[0]]["images"].shape[1]
        statistics = [per_channel(values, channels) for values in _statistics(other)]
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

    Its images are read at once if they have at most `in_memory` bytes, else when they are indexed; `workers` threads
    decode files. `statistics` are a mean and std [channels] that replace those of the store. Raises ValueError if the
    store has no such split or no image of a class, or if the file is no whole store.
    """
    with read_hdf5(path) as file:
        if split not in set(file):
            there = sorted(set(file) - {"planted"})
            raise ValueError(f"{path} has no split {split!r}: it holds {', '.join(there)}")
        _check_link(file, split)
        group = file[split]
        labels = group["labels"][:].astype(np.int64)
        chosen = first_of_each_class(labels, per_class)
        images: dict[str, Any] = {}
        if "files" in group:
            images["images"] = _listed_files(group["files"], workers).subset(chosen)
        for name in {"images", "stylised"} & set(group):
            images[name] = Stored(path, split, chosen, name)
        if np.prod(images["images"].shape) * len(images) <= in_memory:
            images = {name: lazy[:] for name, lazy in images.items()}
        mean, std = statistics or (file.attrs["mean"], file.attrs["std"])
        names = stored_classes(file, path)
        neutral = neutral_class(file)
        return Split(
            labels=labels[chosen], classes=names, mean=mean, std=std, neutral=neutral, **images
        )


def _check_link(file: h5py.File, split: str) -> None:
    """Raise ValueError if a split is a link to a store that is not there, or that does not hold its data itself."""
    link = file.get(split, getlink=True)
    if isinstance(link, h5py.ExternalLink):
        with read_hdf5(Path(file.filename).parent / link.filename, own_data=True):
            pass


def _listed_files(files: h5py.Dataset, workers: int) -> ImageFiles:
    """The pictures that a store of files lists."""
    channels, height, width = files.attrs["shape"].tolist()
    names = files.asstr()[:].tolist()
    found = files.attrs.get("tones", (0, *FULL, *FULL))
    return ImageFiles(
        names,
        (height, width),
        channels,
        resize=int(files.attrs["resize"]) or None,
        workers=workers,
        tones=Tones(names, tuple(np.array(found).tolist())),
    )


def neutral_class(file: h5py.File) -> int | None:
    """The class of a store in which nothing is planted; None if there is none, as for photographs."""
    if "planted" not in file:
        return None
    number = int(file["planted"].attrs["neutral"])
    return number if number >= 0 else None
