"""Which of the images of a user are read: those that are chosen, in memory where they fit, as splits."""

import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from frequency_shortcuts.exchange.class_statistics import FEWEST
from frequency_shortcuts.images import stores
from frequency_shortcuts.images.pictures import ImageFiles, share_tones
from frequency_shortcuts.images.preprocessing import PROBES, Preprocessing, TransformedFiles
from frequency_shortcuts.images.splits import Images, Split
from frequency_shortcuts.images.torch_dataset import DatasetImages
from frequency_shortcuts.spectrum.arrays import IntArray

from .classes import Classes, Counts, choose
from .images import LabelledImages, read_labelled
from .options import Run, Test

log = logging.getLogger(__name__)

CHECKED = 10_000  # files: of more, only those that are used are decoded to say what is wrong


def read_images(
    images: Any,
    labels: Any,
    prepared: Preprocessing,
    test: Test,
    run: Run,
    counts: Counts,
) -> LabelledImages:
    """The images, with those to test with: of the options, or of the same file.

    Of pictures in files, those that `choose` will choose are decoded; see `readable`.
    """
    own = read_labelled(images, labels, prepared)
    other = (
        None
        if test.images is None
        else read_labelled(test.images, test.labels, prepared, "test images")
    )
    halves = other is None and own.test is None
    if other is not None:
        other = other.test or other  # a store has a split for it
        share_tones(own.images, other.images)
        other = readable(other, counts, run.seed, halves=False, progress=run.progress)
    own = readable(own, counts, run.seed, halves=halves, fewest=FEWEST, progress=run.progress)
    return own if other is None else replace(own, test=other)


def readable(
    labelled: LabelledImages,
    counts: Counts,
    seed: int,
    *,
    halves: bool,
    fewest: int = 1,
    progress: bool = False,
) -> LabelledImages:
    """The images; of pictures in files without those that cannot be read, and without classes of too few.

    Those that `choose` chooses are decoded; all are, at most CHECKED, if anything is wrong.

    Raises ValueError, with all that is wrong, unless the `Files` say that it is left out.
    """
    found, images = labelled.listing, labelled.images
    if found is None or not isinstance(images, ImageFiles):
        return labelled
    good, seen, fewest = (
        np.ones(len(images), bool),
        np.zeros(len(images), bool),
        (1 + halves) * fewest,
    )
    while True:
        left = np.flatnonzero(found.large(good, fewest))
        wrong = found.problems or len(left) < len(images)
        if wrong and (len(images) <= CHECKED or not len(left)):
            look = np.arange(len(images) * (len(images) <= CHECKED))
        else:
            numbers, labels = np.unique(found.labels[left], return_inverse=True)
            ranking, test, *_ = choose(labels, [*map(str, numbers)], counts, seed, halves=halves)
            look = np.unique(
                left[np.concatenate([np.arange(len(left))[:PROBES], ranking, test, spread(labels)])]
            )
        if not len(look := look[~seen[look]]):
            break
        images.kept = {} if not wrong and _bytes(images) * len(look) <= stores.IN_MEMORY else None
        some = images.subset(look)
        some.on_error = "skip"
        decoded = [i for i, _ in some.decoded("reading pictures" if progress else None)]
        seen[look], good[np.delete(look, decoded)] = True, False
    if not good.any():
        images[:1]  # raises an error that says why
    found, kept = found.settled(good, fewest)
    if found.left_out:
        log.warning("Left out of %s", found.left_out)
    return replace(
        labelled,
        images=images.subset(kept),
        labels=found.labels,
        classes=found.classes,
        listing=found,
    )


def spread(labels: IntArray) -> IntArray:
    """The positions of some images of all classes."""
    some = np.linspace(0, len(labels) - 1, min(8 * PROBES, len(labels))).astype(int)
    return np.argsort(labels, kind="stable")[some]


def _bytes(images: Images) -> int:
    return math.prod(images.shape[1:]) * np.dtype(images.dtype).itemsize


def as_splits(
    labelled: LabelledImages,
    parts: Sequence[IntArray],
    classes: Classes,
    neutral: int | None,
    what: str = "images",
) -> list[Split]:
    """Parts of the images, given by their positions, each as a `Split`; see `LabelledImages.ready`.

    What is read from files or a Dataset stays in memory if all parts fit. Raises ValueError for images that differ when
    they are read again.
    """
    if isinstance(labelled.images, DatasetImages | TransformedFiles):
        probes: Any = labelled.images.subset(parts[0][:PROBES])
        probes.kept = None
        first, again = probes[:], probes[:]
        if not np.array_equal(first, again, equal_nan=True):
            raise ValueError(
                f"{what} differ when they are read again: leave out the random augmentation of the Dataset or transform"
            )
    fits = _bytes(labelled.images) * sum(map(len, parts)) <= stores.IN_MEMORY
    if fits and isinstance(labelled.images, ImageFiles) and labelled.images.kept is None:
        labelled.images.kept = {}
    splits = []
    for part in parts:
        images = labelled.ready(part, what)
        if fits and isinstance(images, DatasetImages):
            images = images[:]
        labels = classes.relabel(labelled.labels[part], what)
        splits.append(
            Split(images, labels, classes.names, labelled.mean, labelled.std, neutral=neutral)
        )
    return splits


def shown(split: Split, positions: Iterable[int]) -> npt.NDArray[np.uint8]:
    """Some images as pictures, uint8 [k, channels, H, W]; normalised ones are scaled to their own range."""
    images = np.asarray(split.images[np.fromiter(positions, np.int64)])
    if images.dtype == np.uint8:
        return images
    images = images * split.std[:, None, None] + split.mean[:, None, None]
    if images.min() < -1e-3 or images.max() > 1 + 1e-3:
        low, high = (end(axis=(1, 2, 3), keepdims=True) for end in (images.min, images.max))
        images = (images - low) / np.maximum(high - low, np.finfo(float).tiny)
    return np.rint(255 * images.clip(0, 1)).astype(np.uint8)
