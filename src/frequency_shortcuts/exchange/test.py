"""The exchange test: does a network follow something that is not the object?

Images of other classes are given a part of class c (`PARTS`). The number of the part is the share that is then called
c, minus the share that is called c after a control: a part of the same kind that is not of c. All numbers are paired
differences on the same images.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import h5py
import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from scipy.special import ndtri
from torch import Tensor, nn
from tqdm import tqdm

from frequency_shortcuts.data.pixels import Pixels, in_pixels
from frequency_shortcuts.data.source import index_batches
from frequency_shortcuts.data.splits import Split, first_of_each_class
from frequency_shortcuts.intervals import Paired, paired
from frequency_shortcuts.networks.predictions import Classifier, check_alone, confusion
from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray

from .field import Field
from .fine import Fine
from .part import Part, Subject
from .patch import Patch

FOLLOWS, NOT_SHOWN, CANNOT_TELL, NOT_RECOGNISED = "follows", "not shown", "cannot tell", "not recognised"
VERDICTS = (FOLLOWS, NOT_SHOWN, CANNOT_TELL, NOT_RECOGNISED)
LEAST_RECALL, LEAST_MARGIN = 0.5, 0.25  # for a verdict: recall, and recall minus the false positive rate
CONFUSED, CONFUSED_IMAGES = 0.02, 1  # a class counts if at most this share, or so many, are confused either way
RANKED, TESTED = 50, 200  # images of a class that tell which classes are confused, and whether it is recognised
IMAGES = 120  # of other classes that get the parts of a class
PORTION = 32  # images that get a part at a time; draws are seeded for each portion
BOUND = 0.2  # the upper ends of all numbers are below it where nothing was shown
REACH = float(ndtri(0.95))  # of two-sided 90 % intervals, and of one-sided 95 % ones


class Kind(NamedTuple):
    """A part that is tested: its class, what the lower end of its number must reach, and what follows it in words."""

    part: type[Part]
    threshold: float
    words: str


PARTS: Mapping[str, Kind] = {
    "fine": Kind(Fine, 0.05, "what is fine (texture or artefact)"),
    "field": Kind(Field, 0.05, "the illumination or background"),
    "patch": Kind(Patch, 0.15, "a place"),
}
Called = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Answers:
    """What a network calls test images before and after they got parts, as numbers of classes.

    labels, before : int [n], of the test images that were shown, `TESTED` of each class at most
    images : int [class, m], which of them got the parts of a class, padded with -1
    given, control : part -> int16 [class, m], after the part of the class, and after the control
    place : part -> int [class], the place of the part for each class, see `Part`
    neutral : the class without a cue of its own, which is not tested
    """

    labels: IntArray
    before: IntArray
    images: IntArray
    given: Mapping[str, Called]
    control: Mapping[str, Called]
    place: Mapping[str, IntArray]
    neutral: int | None = None

    @property
    def tested(self) -> list[int]:
        """The classes that are tested."""
        return [c for c in range(len(self.images)) if c != self.neutral]


def collect(
    network: nn.Module | Classifier,
    ranking: Split,
    test: Split,
    *,
    images: int = IMAGES,
    seed: int = 0,
    progress: bool = False,
) -> Answers:
    """What a network calls test images before and after they got the parts of each class.

    Parameters
    ----------
    network : images [n, channels, H, W], normalised -> logits [n, classes]. It does not change
    ranking : images that give their parts, and by which places are chosen
    test : images that get parts, of the same classes and size
    images : that get the parts of a class, at most

    Raises ValueError for a class without images, for a network whose answer depends on the other images of a batch, and
    for one that does not return finite logits of these classes.

    >>> answers = collect(network, stores.read(path, "validation"), stores.read(path, "test"))
    >>> rates(answers)[["class", "fine", "field", "patch", "verdict", "follows"]]
    """
    frozen, n_classes = Classifier.frozen(network), len(test.classes)
    test = test.subset(first_of_each_class(test.labels, TESTED))
    ranking_pixels, pixels = in_pixels(ranking, test, frozen.device)
    first = pixels.seen(pixels.take(np.arange(min(4, len(pixels))))).to(frozen.dtype)
    frozen.check(first[:1])
    check_alone(frozen.network, first)
    batch = frozen.batch_sizes(first[:1])[0]
    with frozen.naming(n_classes) as predict:

        def name(shown: Tensor) -> IntArray:
            parts = [predict(pixels.seen(part).to(frozen.dtype)) for part in shown.split(batch)]
            return torch.cat(parts).cpu().numpy()

        def name_all(source: Pixels, chosen: IntArray) -> IntArray:
            return np.concatenate([name(source.take(part)) for part in index_batches(chosen, batch)])

        few = first_of_each_class(ranking.labels, RANKED)
        comparable = hardly_confused(confusion(ranking.labels[few], name_all(ranking_pixels, few), n_classes))
        before = name_all(pixels, np.arange(len(pixels)))
        subject = Subject(ranking_pixels, name, comparable, torch.Generator().manual_seed(seed))
        columns = [_evenly(test.labels, comparable[c], images, [seed, c]) for c in range(n_classes)]
        chosen = np.full((n_classes, max(map(len, columns))), -1)
        given, control = ({part: np.full(chosen.shape, -1, np.int16) for part in PARTS} for _ in range(2))
        place: dict[str, IntArray] = {}
        tested = [c for c in range(n_classes) if c != test.neutral]
        with tqdm(total=len(PARTS) * len(tested), desc="parts", leave=False, disable=None if progress else True) as bar:
            for part, kind in PARTS.items():
                made = kind.part(subject)
                place[part] = made.place
                for c in tested:
                    own, m = columns[c], len(columns[c])
                    chosen[c, :m] = own
                    for after, classes in ((given, np.full(m, c)), (control, test.labels[own])):
                        called = [name(x) for _, x in changed(made, subject, pixels, own, classes, c, seed)]
                        after[part][c, :m] = np.concatenate(called)
                    bar.update()
    return Answers(test.labels, before, chosen, given, control, place, test.neutral)


def changed(
    part: Part, subject: Subject, pixels: Pixels, images: IntArray, classes: IntArray, c: int, seed: int
) -> Iterator[tuple[IntArray, Tensor]]:
    """Some images [m] with the part of classes [m], for class c, in portions: places among them, and [k, ...] each.

    The same for the same seed.
    """
    for places in index_batches(np.arange(len(images)), PORTION):
        subject.generator.manual_seed(int(np.random.SeedSequence([seed, c, places[0]]).generate_state(1)[0]))
        yield places, part.give(pixels.take(images[places]), classes[places], c)


def hardly_confused(counts: IntArray) -> BoolArray:
    """Which classes count in the test of each, bool [class c, class], from a confusion matrix [true, called].

    Those of which at most 2 %, or one image, are called c, and the other way round; all others if none is left. A
    neutral class counts as any other.
    """
    n = counts.sum(axis=1, keepdims=True)
    rarely = counts <= np.maximum(CONFUSED * n, CONFUSED_IMAGES)
    others = ~np.eye(len(counts), dtype=bool)
    count: BoolArray = np.asarray(rarely & rarely.T & others)
    none = ~count.any(axis=1)
    count[none] = others[none]
    return count


def _evenly(labels: IntArray, counts: BoolArray, images: int, seed: list[int]) -> IntArray:
    """The positions of some random images of the classes that count, bool [class], as many of each as there are."""
    order = np.random.default_rng(seed).permutation(np.flatnonzero(counts[labels]))
    turn = pd.Series(order).groupby(labels[order]).cumcount().to_numpy()
    return np.sort(order[np.argsort(turn, kind="stable")[:images]])


def rates(answers: Answers) -> pd.DataFrame:
    """The numbers and the verdict of each class that was tested, one row a class.

    Returns `class` (its number); `fine`, `field`, `patch`, each with the ends of its two-sided 90 % interval `_low` and
    `_high`, and `_control`, the share called the class after the control minus that before; `recall`; `images` (of the
    numbers); `verdict`; and `follows`, the names of the parts that are followed:

    - follows: the lower end of a number reaches its threshold (`PARTS`)
    - not shown: all upper ends are below 0.2
    - cannot tell: else
    - not recognised: a recall below 0.5, or less than 0.25 above the share of other images that are called the class

    What separates two classes can be in either, so both have the verdict of the pair.

    >>> rates(answers).query("verdict == 'follows'")[["class", "follows", "fine", "fine_low", "fine_high"]]
    """
    table = pd.DataFrame([_row(answers, c) for c in answers.tested])
    recognised, found = table.pop("recognised"), pd.DataFrame()
    for part, kind in PARTS.items():
        found[part] = recognised & (table[f"{part}_low"] >= kind.threshold)
    below = (table[[f"{part}_high" for part in PARTS]] < BOUND).all(axis=1)
    if len(table) == 2:
        found[:], below[:], recognised[:] = found.any().to_numpy(), below.all(), recognised.any()
    table["verdict"] = np.select(
        [~recognised, found.any(axis=1), below], [NOT_RECOGNISED, FOLLOWS, NOT_SHOWN], CANNOT_TELL
    )
    table["follows"] = [", ".join(found.columns[row]) for row in found.to_numpy()]
    return table


def _row(answers: Answers, c: int) -> dict[str, float]:
    chosen = answers.images[c][answers.images[c] >= 0]
    own = answers.labels == c
    recall, wrong = (float((answers.before[which] == c).mean()) for which in (own, ~own))
    row: dict[str, float] = {"class": c}
    before = answers.before[chosen] == c
    for part in answers.given:
        given, control = (after[part][c, : len(chosen)] == c for after in (answers.given, answers.control))
        value, low, high = ends(paired(given.astype(float) - control))
        row |= {part: value, f"{part}_low": low, f"{part}_high": high}
        row[f"{part}_control"] = float(control.mean() - before.mean())
    row |= {"recall": recall, "images": len(chosen)}
    return row | {"recognised": recall >= LEAST_RECALL and recall - wrong >= LEAST_MARGIN}


def ends(difference: Paired) -> tuple[float, float, float]:
    """Value, lower and upper end of the two-sided 90 % interval."""
    reach = REACH * float(difference.variance) ** 0.5
    return float(difference.value), float(difference.centre) - reach, float(difference.centre) + reach


def count_passes(labels: IntArray, n_classes: int, neutral: int | None = None) -> int:
    """Forward passes of `collect`, at most, for test images [n] with these labels."""
    shown = np.minimum(np.bincount(labels, minlength=n_classes), TESTED).sum()
    of_class = sum(2 * IMAGES + kind.part.passes for kind in PARTS.values())
    return int(shown + RANKED * n_classes + of_class * (n_classes - (neutral is not None)))


_TABLES = ("given", "control", "place")


def write_answers(group: h5py.Group, answers: Answers) -> None:
    """Write answers to an open HDF5 file or to a group in it; `read_answers` reads them.

    >>> with replacing_hdf5("flips.h5") as file:
    ...     write_answers(file, answers)
    """
    arrays = {"labels": answers.labels, "before": answers.before, "receivers": answers.images}
    for name in _TABLES:
        arrays |= {f"{name}/{part}": values for part, values in getattr(answers, name).items()}
    for name, values in arrays.items():
        group.create_dataset(name, data=values, compression="gzip", shuffle=True)
    group.attrs["neutral"] = -1 if answers.neutral is None else answers.neutral


def read_answers(group: h5py.Group) -> Answers:
    """The answers in an open HDF5 file, or in a group of it, that `write_answers` wrote.

    >>> with read_hdf5("results/laptop/tests/fashion_mnist/resnet18_w8/none/seed200/flips.h5") as file:
    ...     answers = read_answers(file)
    """
    labels, before, images = (group[name][:] for name in ("labels", "before", "receivers"))
    given, control, place = ({part: group[name][part][:] for part in PARTS} for name in _TABLES)
    neutral = int(group.attrs["neutral"])
    return Answers(labels, before, images, given, control, place, None if neutral < 0 else neutral)


def typical(answers: Answers, part: str, c: int) -> int:
    """The place, among the images of class c, of one that shows what a part does.

    It was rightly called and is called c with the part of c; if there is none, it is not changed by the part.
    """
    chosen = answers.images[c][answers.images[c] >= 0]
    right = answers.before[chosen] == answers.labels[chosen]
    given = answers.given[part][c, : len(chosen)]
    flipped, unchanged = right & (given == c), right & (given == answers.before[chosen])
    return int(np.argmax(flipped if flipped.any() else unchanged))
