"""What a network calls images before and after they got parts, and what follows from it: rates, verdicts and files.

All numbers are paired differences on the same images, see `test`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import h5py
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from frequency_shortcuts.intervals import Paired, paired
from frequency_shortcuts.spectrum.arrays import IntArray

FOLLOWS, NOTHING_FOUND, CANNOT_TELL, NOT_RECOGNISED = (
    "follows",
    "nothing found",
    "cannot tell",
    "not recognised",
)
VERDICTS = (FOLLOWS, NOTHING_FOUND, CANNOT_TELL, NOT_RECOGNISED)
# For a verdict: recall, and recall minus the false positive rate.
LEAST_RECALL, LEAST_MARGIN = (
    0.5,
    0.25,
)
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
    given: Mapping[str, npt.NDArray[np.int16]]
    control: Mapping[str, npt.NDArray[np.int16]]
    place: Mapping[str, IntArray]
    neutral: int | None = None

    @property
    def tested(self) -> list[int]:
        return [c for c in range(len(self.images)) if c != self.neutral]


def rates(answers: Answers) -> pd.DataFrame:
    """The numbers and the verdict of each class that was tested, one row a class.

    results/README.md says what the columns are, at `flips.csv`. `verdict` is one of

    - follows: the lower end of a number reaches its threshold (`PARTS`)
    - nothing found: all upper ends are below 0.2
    - cannot tell: else
    - not recognised: a recall below 0.5, or less than 0.25 above the share of other images that are called the class

    What separates two classes can be in either, so both have the verdict of the pair.
    """
    table = pd.DataFrame([_row(answers, c) for c in answers.tested])
    recognised, found = table.pop("recognised"), pd.DataFrame()
    for part, kind in PARTS.items():
        found[part] = recognised & (table[f"{part}_low"] >= kind.threshold)
    below = (table[[f"{part}_high" for part in PARTS]] < BOUND).all(axis=1)
    if len(answers.images) == 2:
        found[:], below[:], recognised[:] = found.any().to_numpy(), below.all(), recognised.any()
    table["verdict"] = np.select(
        [~recognised, found.any(axis=1), below],
        [NOT_RECOGNISED, FOLLOWS, NOTHING_FOUND],
        CANNOT_TELL,
    )
    table["follows"] = [", ".join(found.columns[row]) for row in found.to_numpy()]
    return table


def _row(answers: Answers, c: int) -> dict[str, float]:
    chosen = answers.images[c][answers.images[c] >= 0]
    own = answers.labels == c
    recall, wrong = (float((answers.before[which] == c).mean()) for which in (own, ~own))
    row: dict[str, float] = {"class": c}
    before = answers.before[chosen] == c
    for part, kind in PARTS.items():
        given, control = (
            after[part][c, : len(chosen)] == c for after in (answers.given, answers.control)
        )
        value, low, high = ends(
            paired(given.astype(float) - (control if kind.controlled else before))
        )
        row |= {part: value, f"{part}_low": low, f"{part}_high": high}
        row[f"{part}_control"] = float(control.mean() - before.mean())
    row |= {"recall": recall, "images": len(chosen)}
    return row | {"recognised": recall >= LEAST_RECALL and recall - wrong >= LEAST_MARGIN}


def ends(difference: Paired) -> tuple[float, float, float]:
    """Value, lower and upper end of the two-sided 90 % interval."""
    reach = REACH * float(difference.variance) ** 0.5
    return (
        float(difference.value),
        float(difference.centre) - reach,
        float(difference.centre) + reach,
    )


_TABLES = ("given", "control", "place")


def write_answers(group: h5py.Group, answers: Answers) -> None:
    """Write answers to an open HDF5 file or to a group in it; `read_answers` reads them."""
    arrays = {"labels": answers.labels, "before": answers.before, "receivers": answers.images}
    for name in _TABLES:
        arrays |= {f"{name}/{part}": values for part, values in getattr(answers, name).items()}
    for name, values in arrays.items():
        group.create_dataset(name, data=values, compression="gzip", shuffle=True)
    group.attrs["neutral"] = -1 if answers.neutral is None else answers.neutral


def read_answers(group: h5py.Group) -> Answers:
    """The answers in an open HDF5 file, or in a group of it, that `write_answers` wrote."""
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
