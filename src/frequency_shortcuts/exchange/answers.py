"""What a network calls images before and after they got parts, and what follows from it: rates, verdicts and files.

All numbers are paired differences on the same images, see `test`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import h5py
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from frequency_shortcuts.intervals import Paired, paired
from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray

FOLLOWS = "follows"
NOTHING_FOUND = "nothing found"
CANNOT_TELL = "cannot tell"
NOT_RECOGNISED = "not recognised"
VERDICTS = (FOLLOWS, NOTHING_FOUND, CANNOT_TELL, NOT_RECOGNISED)
LEAST_RECALL = 0.5  # of a class that has another verdict than `NOT_RECOGNISED`
LEAST_MARGIN = 0.25  # of the same, recall minus the false positive rate
MISSED = (81, 281)  # harmful artefacts of which nothing was found, docs/data/leaks/tables/leaks.csv
BOUND = 0.2  # the upper ends of all numbers are below it where nothing was shown
REACH = float(ndtri(0.95))  # of two-sided 90 % intervals, and of one-sided 95 % ones


class Kind(NamedTuple):
    """A part that is tested: what the lower end of its number must reach, the part in words, and what is subtracted.

    given : what stands over the image that got the part of a class
    controlled : the share called the class after the control is subtracted, not that before. A patch holds pieces of
        objects, which are called the class at some places whosever they are
    """

    threshold: float
    words: str
    given: str
    controlled: bool = False


PARTS: Mapping[str, Kind] = {
    "fine": Kind(0.1, "what is fine (texture or artefact)", "with what is fine\nin {}"),
    "field": Kind(0.15, "the illumination or background", "with the illumination\nof {}"),
    "patch": Kind(0.25, "a place", "with a patch\nof {}", controlled=True),
}


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
    given: dict[str, npt.NDArray[np.int16]]
    control: dict[str, npt.NDArray[np.int16]]
    place: dict[str, IntArray]
    neutral: int | None = None

    @property
    def tested(self) -> list[int]:
        return [c for c in range(len(self.images)) if c != self.neutral]

    def receivers(self, c: int) -> IntArray:
        """The images that got the parts of class c, as places among all that were shown: int [m]."""
        images = self.images[c]
        return images[images >= 0]


def rates(answers: Answers) -> pd.DataFrame:
    """The numbers and the verdict of each class that was tested, one row a class.

    results/README.md says what the columns are, at `flips.csv`. `verdict` is one of

    - follows: the lower end of a number reaches its threshold (`PARTS`)
    - nothing found: all upper ends are below 0.2
    - cannot tell: else
    - not recognised: a recall below 0.5, or less than 0.25 above the share of other images that are called the class

    What separates two classes can be in either, so both have the verdict of the pair (`verdict_of_the_pair`).
    """
    table = pd.DataFrame([_numbers(answers, c) for c in answers.tested])
    margin = table["recall"] - table.pop("false_positives")
    is_recognised = (table["recall"] >= LEAST_RECALL) & (margin >= LEAST_MARGIN)
    recognised = is_recognised.to_numpy()
    reached = [table[f"{part}_low"] >= kind.threshold for part, kind in PARTS.items()]
    found = np.stack(reached, axis=1) & recognised[:, None]
    small = [table[f"{part}_high"] < BOUND for part in PARTS]
    below: BoolArray = np.all(small, axis=0)
    if len(answers.images) == 2:
        recognised, found, below = verdict_of_the_pair(recognised, found, below)
    table["verdict"] = np.select(
        [~recognised, found.any(axis=1), below],
        [NOT_RECOGNISED, FOLLOWS, NOTHING_FOUND],
        CANNOT_TELL,
    )
    names = np.array([*PARTS])
    table["follows"] = [", ".join(names[row]) for row in found]
    return table


def verdict_of_the_pair(
    recognised: BoolArray, found: BoolArray, below: BoolArray
) -> tuple[BoolArray, BoolArray, BoolArray]:
    """What holds of each of two classes, when it is judged of both together.

    The pair is recognised if one of them is. It follows a part if one of them does. Its numbers are below the bound
    only if those of both are.

    recognised, below : bool [class]; found : bool [class, part]. Returns the same, equal for all classes
    """
    one_is_recognised = np.full_like(recognised, recognised.any())
    one_follows = np.broadcast_to(found.any(axis=0), found.shape)
    both_are_below = np.full_like(below, below.all())
    return one_is_recognised, one_follows, both_are_below


def _numbers(answers: Answers, c: int) -> dict[str, float]:
    """The numbers of class c: of each part, with its ends and its control, and how often images are called c."""
    receivers = answers.receivers(c)
    before = answers.before[receivers] == c
    row: dict[str, float] = {"class": c}
    for part, kind in PARTS.items():
        given = answers.given[part][c, : len(receivers)] == c
        control = answers.control[part][c, : len(receivers)] == c
        subtracted = control if kind.controlled else before
        row[part], row[f"{part}_low"], row[f"{part}_high"] = ends(
            paired(given.astype(float) - subtracted)
        )
        row[f"{part}_control"] = float(control.mean() - before.mean())
    is_of_class = answers.labels == c
    row["recall"] = float((answers.before[is_of_class] == c).mean())
    row["images"] = len(receivers)
    row["false_positives"] = float((answers.before[~is_of_class] == c).mean())
    return row


def ends(difference: Paired) -> tuple[float, float, float]:
    """Value, lower and upper end of the two-sided 90 % interval."""
    centre = float(difference.centre)
    reach = REACH * float(difference.variance) ** 0.5
    return float(difference.value), centre - reach, centre + reach


def write_answers(group: h5py.Group, answers: Answers) -> None:
    """Write answers to an open HDF5 file or to a group in it; `read_answers` reads them."""
    arrays = {"labels": answers.labels, "before": answers.before, "receivers": answers.images}
    for name in ("given", "control", "place"):
        for part, values in getattr(answers, name).items():
            arrays[f"{name}/{part}"] = values
    for name, values in arrays.items():
        group.create_dataset(name, data=values, compression="gzip", shuffle=True)
    group.attrs["neutral"] = -1 if answers.neutral is None else answers.neutral


def read_answers(group: h5py.Group) -> Answers:
    """The answers in an open HDF5 file, or in a group of it, that `write_answers` wrote."""

    def of_parts(name: str) -> dict[str, npt.NDArray[Any]]:
        return {part: group[name][part][:] for part in PARTS}

    neutral = int(group.attrs["neutral"])
    return Answers(
        labels=group["labels"][:],
        before=group["before"][:],
        images=group["receivers"][:],
        given=of_parts("given"),
        control=of_parts("control"),
        place=of_parts("place"),
        neutral=None if neutral < 0 else neutral,
    )


def typical(answers: Answers, part: str, c: int) -> int:
    """The place, among the images of class c, of one that shows what a part does.

    It was rightly called and is called c with the part of c; if there is none, it is not changed by the part.
    """
    receivers = answers.receivers(c)
    before = answers.before[receivers]
    after = answers.given[part][c, : len(receivers)]
    rightly_called = before == answers.labels[receivers]
    flipped = rightly_called & (after == c)
    if flipped.any():
        return int(np.argmax(flipped))
    return int(np.argmax(rightly_called & (after == before)))
