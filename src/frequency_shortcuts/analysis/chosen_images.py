"""Which of the images of a user do what: those that are chosen are read, and become splits."""

import hashlib
import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from frequency_shortcuts.exchange.class_statistics import FEWEST
from frequency_shortcuts.images import stores
from frequency_shortcuts.images.folders import few
from frequency_shortcuts.images.labelled import LabelledImages, read_labelled
from frequency_shortcuts.images.pictures import ImageFiles, share_tones
from frequency_shortcuts.images.preprocessing import PROBES, Preprocessing, TransformedFiles
from frequency_shortcuts.images.splits import Images, Split, check_classes
from frequency_shortcuts.images.torch_dataset import DatasetImages
from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray

from .classes import is_an_order
from .options import Evaluation, Run
from .sources import read_sources

log = logging.getLogger(__name__)

CHECKED = 10_000  # files: of more, only those that are used are decoded to say what is wrong


class Counts(NamedTuple):
    """How many images of each class do what, at most.

    ranking : whose spectra have the statistics of the class; search : those of them that also find its map
    test : that are changed; tested : those of them that also test its map
    """

    ranking: int
    test: int
    search: int
    tested: int


class Chosen(NamedTuple):
    """Positions of the images that rank frequencies, and of those that test; see `Counts`.

    search, tested : so many of them, the first ones, find maps and test them
    """

    ranking: IntArray
    test: IntArray
    search: int
    tested: int


class ChosenImages(NamedTuple):
    """The images of an analysis: what reads them has checked them.

    ranking, test : the images of the statistics, and those that test
    search, tested : so many of them, the first ones, find maps and test them
    numbers : of the classes, as in the labels, or among all folders with pictures
    labelled : the images that they were chosen from
    sources : where each image of `test` comes from, [n], if that is known
    shared : what is said of images that are in both
    """

    ranking: Split
    test: Split
    search: int
    tested: int
    numbers: IntArray
    labelled: LabelledImages
    sources: npt.NDArray[np.str_] | None
    shared: str


def choose_images(
    labelled: LabelledImages,
    test: Evaluation,
    counts: Counts,
    seed: int,
    given: Sequence[str] | None = None,
) -> ChosenImages:
    """Choose the images that rank frequencies and those that test, and read them, each as a `Split`.

    given : names of the classes, see `analyse`
    """
    names, numbers = _classes_of(labelled)
    if given is not None and len(given) == len(names) and not is_an_order(given, names):
        names = tuple(map(str, given))
    labels = np.searchsorted(numbers, labelled.labels)
    check_classes(labels, names, "images")
    others = labelled.test or labelled
    halves = others is labelled
    what = "images" if halves else "test images"
    chosen = choose(labels, names, counts, seed, halves=halves, fewest=FEWEST)
    if not halves:
        _check_alike(labelled, others, numbers)
        labels = np.searchsorted(numbers, others.labels)
        of_others = choose(labels, names, counts, seed, halves=False)
        chosen = chosen._replace(test=of_others.test, tested=of_others.tested)
    if labelled.classes and labelled.listing is not None and labelled.listing.every:
        numbers = np.array([labelled.listing.every.index(name) for name in labelled.classes])
    neutral = _neutral_class(labelled.neutral if test.neutral is None else test.neutral, numbers)
    ranking = as_split(labelled, chosen.ranking, names, neutral)
    tested = as_split(others, chosen.test, names, neutral, what)
    shared = "" if halves else _shared(ranking, tested)
    sources = None
    if test.source is not None:
        of_all = read_sources(test.source, len(others.labels), others.listing, what)
        sources = of_all[chosen.test]
    counted = (chosen.search, chosen.tested)
    return ChosenImages(ranking, tested, *counted, numbers, labelled, sources, shared)


def _classes_of(labelled: LabelledImages) -> tuple[tuple[str, ...], IntArray]:
    """The names of the classes, and their numbers in the labels."""
    if labelled.classes:
        names = labelled.classes
        numbers = np.arange(len(names))
    else:
        numbers = np.unique(labelled.labels)
        names = tuple(map(str, numbers.tolist()))
    if len(names) < 2:
        raise ValueError(f"all images are of class {names[0]}: expected at least two classes")
    return names, numbers


def _neutral_class(number: int | None, numbers: IntArray) -> int | None:
    """The place of the class without a cue of its own among the numbers of the classes."""
    if number is None:
        return None
    if number not in numbers:
        known = few([*map(str, numbers)])
        raise ValueError(
            f"neutral class {number}: expected the number of a class of the images, {known}"
        )
    return int(np.searchsorted(numbers, number))


def _check_alike(labelled: LabelledImages, others: LabelledImages, numbers: IntArray) -> None:
    """Raise ValueError if other images to test with do not match those that find the maps."""
    shape = list(labelled.images.shape[1:])
    other_shape = list(others.images.shape[1:])
    if other_shape != shape:
        raise ValueError(
            f"test images are {other_shape}, images are {shape}: expected the same channels and size"
        )
    if labelled.classes and others.classes and labelled.classes != others.classes:
        raise ValueError(
            f"test images are of the classes {', '.join(others.classes[:5])}, images of "
            f"{', '.join(labelled.classes[:5])}: expected the same, in the same order"
        )
    unknown = np.setdiff1d(others.labels, numbers)
    if len(unknown):
        raise ValueError(f"test images hold images of class {unknown[0]}, of which no map is made")


def _shared(ranking: Split, test: Split) -> str:
    """What is said of test images that also rank frequencies. Raises ValueError if all do."""
    known = {*_digests(ranking)}
    shared = sum(digest in known for digest in _digests(test))
    if shared == len(test):
        raise ValueError(
            "the test images are among those that rank frequencies and find maps: give others, or leave them out of "
            "Evaluation, so that half of the images test"
        )
    if not shared:
        return ""
    return f"{shared:,} of {len(test):,} test images are among those that rank frequencies"


def _digests(split: Split) -> list[str]:
    images = (np.asarray(split.images[np.array([i])]) for i in range(len(split)))
    return [hashlib.sha256(image.tobytes()).hexdigest() for image in images]


def read_images(
    images: Any,
    labels: Any,
    prepared: Preprocessing,
    test: Evaluation,
    run: Run,
    counts: Counts,
) -> LabelledImages:
    """The images, with those to test with: of the options, or of the same file.

    Of pictures in files, those that `choose` will choose are decoded; see `readable`.
    """
    labelled = read_labelled(images, labels, prepared)
    progress = run.progress
    if test.images is not None:
        given = read_labelled(test.images, test.labels, prepared, "test images")
        others = given.test or given  # a store has a split for it
        share_tones(labelled.images, others.images)
        others = readable(others, counts, run.seed, halves=False, progress=progress)
        labelled = replace(labelled, test=others)
    halves = labelled.test is None
    return readable(labelled, counts, run.seed, halves=halves, fewest=FEWEST, progress=progress)


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
    found = labelled.listing
    images = labelled.images
    if found is None or not isinstance(images, ImageFiles):
        return labelled
    least = 2 * fewest if halves else fewest
    good = np.ones(len(images), bool)
    seen = np.zeros(len(images), bool)
    while True:
        left = np.flatnonzero(found.large(good, least))
        wrong = bool(found.problems) or len(left) < len(images)
        if wrong and len(images) <= CHECKED:
            used = np.arange(len(images))
        else:
            used = _used(found.labels, left, counts, seed, halves)
        unseen = used[~seen[used]]
        if not len(unseen):
            break
        images.kept = {} if not wrong and _fit(images, len(unseen)) else None
        seen[unseen] = True
        good[unseen] = _decodes(images.subset(unseen), progress)
    if not good.any():
        images[:1]  # raises an error that says why
    settled, kept = found.settled(good, least)
    if settled.left_out:
        log.warning("Left out of %s", settled.left_out)
    return replace(
        labelled,
        images=images.subset(kept),
        labels=settled.labels,
        classes=settled.classes,
        listing=settled,
    )


def _used(labels: IntArray, left: IntArray, counts: Counts, seed: int, halves: bool) -> IntArray:
    """The positions of the images that an analysis reads, among those that are left."""
    if not len(left):
        return left
    numbers, classes = np.unique(labels[left], return_inverse=True)
    chosen = choose(classes, [*map(str, numbers)], counts, seed, halves=halves)
    return np.unique(left[np.concatenate([chosen.ranking, chosen.test])])


def _decodes(images: ImageFiles, progress: bool) -> BoolArray:
    """Whether each file is read as an image, [n]."""
    images.on_error = "skip"
    read = np.zeros(len(images), bool)
    for i, _ in images.decoded("reading pictures" if progress else None):
        read[i] = True
    return read


def choose(
    labels: IntArray,
    classes: Sequence[str],
    counts: Counts,
    seed: int,
    *,
    halves: bool,
    fewest: int = 1,
) -> Chosen:
    """Choose images at random, class by class; those of maps come first, and both parts of them are sorted.

    halves : draw both from these images, none of them twice: then at least half of a class ranks. Otherwise both are
        drawn from all of them, for a caller that uses only one. fewest : ranking images of a class

    Raises ValueError for a class with too few images.
    """
    generator = np.random.default_rng(seed)
    n_search = min(counts.search, counts.ranking)
    search: list[IntArray] = []
    other_ranking: list[IntArray] = []
    tested: list[IntArray] = []
    other_test: list[IntArray] = []
    for c, name in enumerate(classes):
        images = generator.permutation(np.flatnonzero(labels == c))
        n_test = min(counts.test, len(images) // 2 if halves else len(images))
        ranking = images[n_test:] if halves else images
        test = images[:n_test]
        if len(ranking) < fewest or not n_test:
            half = ", of which half test" if halves else ""
            least = 2 * fewest if halves else fewest
            raise ValueError(
                f"class {name} has {len(images)} images{half}: expected at least {least}"
            )
        search.append(ranking[:n_search])
        other_ranking.append(ranking[n_search : counts.ranking])
        tested.append(test[: counts.tested])
        other_test.append(test[counts.tested :])
    return Chosen(
        np.concatenate([_sorted(search), _sorted(other_ranking)]),
        np.concatenate([_sorted(tested), _sorted(other_test)]),
        sum(map(len, search)),
        sum(map(len, tested)),
    )


def _sorted(of_classes: Sequence[IntArray]) -> IntArray:
    return np.sort(np.concatenate(of_classes))


def as_split(
    labelled: LabelledImages,
    chosen: IntArray,
    names: Sequence[str],
    neutral: int | None = None,
    what: str = "images",
) -> Split:
    """The chosen images, given by their positions, as a `Split`; see `LabelledImages.ready`.

    What is read from files or a Dataset stays in memory if it fits. Raises ValueError for images that differ when they
    are read again.
    """
    fit = _fit(labelled.images, len(chosen))
    if isinstance(labelled.images, ImageFiles) and labelled.images.kept is None and fit:
        labelled.images.kept = {}
    images = labelled.ready(chosen, what)
    if isinstance(images, DatasetImages | TransformedFiles):
        probes: Any = images.subset(np.arange(min(PROBES, len(images))))
        probes.kept = None
        if not np.array_equal(probes[:], probes[:], equal_nan=True):
            raise ValueError(
                f"{what} differ when they are read again: leave out the random augmentation of the Dataset or "
                "transform"
            )
    if isinstance(images, DatasetImages) and fit:
        images = images[:]
    labels = labelled.labels[chosen]
    if labelled.classes is None:
        labels = np.unique(labels, return_inverse=True)[1]
    return Split(images, labels, names, labelled.mean, labelled.std, neutral=neutral)


def _fit(images: Images, count: int) -> bool:
    """Whether so many of the images may stay in memory."""
    numbers = count * math.prod(images.shape[1:])
    return numbers * np.dtype(images.dtype).itemsize <= stores.IN_MEMORY


def shown(split: Split, positions: Iterable[int]) -> npt.NDArray[np.uint8]:
    """Some images as pictures, uint8 [k, channels, H, W]; normalised ones are scaled to their own range."""
    images = np.asarray(split.images[np.fromiter(positions, np.int64)])
    if images.dtype == np.uint8:
        return images
    images = images * split.std[:, None, None] + split.mean[:, None, None]
    if images.min() < -1e-3 or images.max() > 1 + 1e-3:
        low = images.min(axis=(1, 2, 3), keepdims=True)
        high = images.max(axis=(1, 2, 3), keepdims=True)
        images = (images - low) / np.maximum(high - low, np.finfo(float).tiny)
    return np.rint(255 * images.clip(0, 1)).astype(np.uint8)
