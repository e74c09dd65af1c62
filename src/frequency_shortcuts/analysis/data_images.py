"""The images whose classes are compared without a network: read once, with what is known of them besides."""

import collections
import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from tqdm import tqdm

from frequency_shortcuts.data_check.file_facts import CONTENT, FileFacts, content_facts, file_facts
from frequency_shortcuts.images.folders import BROKEN, NO_FILE, Files, few, listing
from frequency_shortcuts.images.labelled import as_files, check_shape, read_labelled
from frequency_shortcuts.images.pictures import ImageFiles, Tones
from frequency_shortcuts.images.preprocessing import Preprocessing
from frequency_shortcuts.images.source import index_batches
from frequency_shortcuts.images.splits import Images, LazyImages, check_classes, is_raw, subset
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray

from .chosen_images import CHECKED
from .classes import names_of
from .sources import read_sources

LEAST = 20  # images of a class
KEPT = 2**31  # bytes of pixels that are kept in memory; of more, files are read again
LARGEST_SIDE = 512  # pixels: the default size of pictures that have no common size
BRIGHTNESS_BATCH = 256  # images
# Modes of pictures that are read with one channel, if all are so.
GREY = ("grey", "16 bit grey", "black and white")


@dataclass(frozen=True, eq=False)
class DataImages:
    """Images with their classes, and what is known of them.

    images : uint8, or float from 0 to 1, [n, channels, H, W]; labels : int64 [n]; classes : [class]
    names : of the images, [n]: paths relative to the folder, or positions
    facts : a row an image: brightness, contrast and saturation; of files also format, JPEG quality, size, ...
    sources : str [n], or None
    sizes : how many files have each size (height, width); empty without files
    unreadable : the files that cannot be read; left_out : files, in words
    tones : of 16-bit files
    """

    images: Images
    labels: IntArray
    classes: tuple[str, ...]
    names: npt.NDArray[np.str_]
    facts: pd.DataFrame
    sources: npt.NDArray[np.str_] | None
    sizes: collections.Counter[tuple[int, int]]
    unreadable: tuple[str, ...] = ()
    tones: Tones = field(default_factory=lambda: Tones([]))
    left_out: str = ""

    def take(self, chosen: IntArray) -> Images:
        """The chosen images [k]; files that are not in memory stay unread."""
        if len(chosen) == len(self.labels):
            return self.images
        return subset(self.images, chosen)


def read_data(
    images: Any,
    labels: Any,
    source: Any,
    classes: Sequence[str] | None,
    size: int | tuple[int, int] | None,
    *,
    progress: bool,
) -> DataImages:
    """Read images of any kind; the parameters are those of `differences`.

    Raises ValueError, in one sentence, for what cannot be compared.
    """
    files = as_files(images, labels)
    if files is not None:
        read = _read_files(files, source, Preprocessing(size=size).shape, progress)
    else:
        read = _read_others(images, labels, source, size, progress)
    numbers = np.unique(read.labels)
    if classes is None:
        classes = read.classes or None
    names = names_of(numbers, classes, max(len(classes or ()), numbers[-1] + 1))
    if len(names) < 2:
        raise ValueError(f"all images are of class {names[0]}: expected at least two classes")
    places = np.searchsorted(numbers, read.labels)
    check_classes(places, names, "images")
    count = np.bincount(places)
    small = [f"{names[k]} ({count[k]})" for k in np.flatnonzero(count < LEAST)]
    if small:
        raise ValueError(
            f"too few images of {few(small)}: expected at least {LEAST} of each class, so add images or leave it out"
        )
    return replace(read, labels=places, classes=names)


def _read_files(
    given: Files, source: Any, size: tuple[int, int] | None, progress: bool
) -> DataImages:
    """List pictures, read the head of each file, choose a size, and decode all."""
    found = listing(given)
    if not found.files or (
        found.problems and len(found.files) > CHECKED and given.on_error == "stop"
    ):
        found.settled()  # raises an error that says why
    heads = _read_heads(found.files, progress)
    sizes = collections.Counter((head.height, head.width) for head in heads.values())
    if size is None:
        size = common_size(sizes) if heads else (1, 1)
    channels = 1 if all(head.mode in GREY for head in heads.values()) else 3
    files = ImageFiles([found.files[i] for i in heads], size, channels, workers=4, on_error="skip")
    decoded, pixels, content = _decode(files, progress)
    places = np.array([*heads], np.int64)[decoded]
    good = np.zeros(len(found.files), bool)
    good[places] = True
    if not good.any():
        ImageFiles(found.files[:1], (1, 1))[:]  # raises an error that says why
    left, kept = found.settled(good, LEAST)
    rows = np.searchsorted(places, kept)
    if len(rows) < len(places):
        pixels = subset(pixels, rows)
    facts = _facts_of_files([heads[i] for i in kept])
    if source is None:
        source = left.columns.get("source")
    return DataImages(
        pixels,
        left.labels,
        left.classes or (),
        np.array(left.names),
        facts.join(pd.DataFrame(content[rows], columns=[*CONTENT])),
        None if source is None else read_sources(source, len(kept), left),
        sizes,
        (*left.problems.get(NO_FILE, ()), *left.problems.get(BROKEN, ())),
        files.tones,
        left.left_out,
    )


def _read_heads(files: Sequence[Path], progress: bool) -> dict[int, FileFacts]:
    """The facts of each file that is a picture, by its position."""
    heads: dict[int, FileFacts] = {}
    hidden = None if progress else True
    bar = tqdm(files, desc="reading heads", unit="file", leave=False, disable=hidden)
    for i, file in enumerate(bar):
        with contextlib.suppress(ValueError):
            heads[i] = file_facts(file)
    return heads


def _decode(files: ImageFiles, progress: bool) -> tuple[IntArray, Images, FloatArray]:
    """The positions of the files that decode, their pixels, in memory if they fit, and their content facts."""
    memory = np.empty(files.shape, np.uint8) if math.prod(files.shape) <= KEPT else None
    decoded: list[int] = []
    content: list[FloatArray] = []
    for i, picture in files.decoded("reading pictures" if progress else None):
        if memory is not None:
            memory[len(decoded)] = picture
        decoded.append(i)
        content.append(content_facts(picture[None])[0])
    positions = np.array(decoded, np.int64)
    pixels = files.subset(positions) if memory is None else memory[: len(decoded)]
    return positions, pixels, np.array(content)


def _facts_of_files(heads: Sequence[FileFacts]) -> pd.DataFrame:
    """A row a file, of its head."""
    table = pd.DataFrame(heads, columns=FileFacts._fields)
    count = table["height"] * table["width"]
    return table[["format", "quality", "subsampling", "mode"]].assign(
        size=table["width"].astype(str) + " x " + table["height"].astype(str),
        pixels=count,
        shape=table["width"] / table["height"],
        bytes=table["bytes"] / count,  # for each pixel
    )


def common_size(sizes: collections.Counter[tuple[int, int]]) -> tuple[int, int]:
    """The size (height, width) to compare pictures of several sizes at.

    That of most pictures if half of them have it; else a square whose side is the median short side, at most 512.
    """
    [(size, count)] = sizes.most_common(1)
    if 2 * count >= sizes.total():
        return size
    short_sides = [min(sides) for sides in sizes.elements()]
    side = min(int(np.median(short_sides)), LARGEST_SIDE)
    return side, side


def _read_others(
    images: Any, labels: Any, source: Any, size: int | tuple[int, int] | None, progress: bool
) -> DataImages:
    """Arrays, tensors, Datasets and HDF5 files: there are no facts of files."""
    labelled = read_labelled(images, labels, Preprocessing(size=size))
    pixels: Any = labelled.images
    check_shape(pixels)
    if not (is_raw(pixels) and isinstance(pixels, LazyImages)):
        pixels = np.asarray(pixels[:])
    if not is_raw(pixels):
        pixels = _from_0_to_1(pixels)
    n_images = len(labelled.labels)
    batches = tqdm(
        list(index_batches(np.arange(n_images), BRIGHTNESS_BATCH)),
        desc="brightness",
        unit="batch",
        leave=False,
        disable=None if progress else True,
    )
    content = [content_facts(pixels[positions]) for positions in batches]
    return DataImages(
        pixels,
        labelled.labels,
        labelled.classes or (),
        np.arange(n_images).astype(str),
        pd.DataFrame(np.concatenate(content), columns=[*CONTENT]),
        None if source is None else read_sources(source, n_images),
        collections.Counter(),
    )


def _from_0_to_1(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Floats from 0 to 1 as they are; of others, each channel by its range."""
    if not np.isfinite(pixels).all():
        raise ValueError("images hold numbers that are not finite")
    if pixels.min() >= 0 and pixels.max() <= 1:
        return pixels
    low = pixels.min(axis=(0, 2, 3), keepdims=True)
    high = pixels.max(axis=(0, 2, 3), keepdims=True)
    return (pixels - low) / np.where(high > low, high - low, 1)
