"""What a network calls images before and after they got parts, and what follows from it: rates, verdicts and files.

All numbers are paired differences on the same images, see `test`.
"""

from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from frequency_shortcuts.intervals import Paired, paired
from frequency_shortcuts.spectrum.arrays import IntArray

from .border import Borders, lost_recall, read_borders, write_borders
from .verdict import PARTS, with_verdicts

REACH = float(ndtri(0.95))  # of two-sided 90 % intervals, and of one-sided 95 % ones
# A patch holds pieces of objects, which are called the class at some places whosever they are.
CONTROLLED = ("patch",)


@dataclass(frozen=True)
class Answers:
    """What a network calls test images before and after they got parts, as numbers of classes.

    labels, before : int [n], of the test images
    images : int [class, m], which of them got the parts of a class, padded with -1
    given, control : part -> int16 [class, m], after the part of the class, and after the control
    place : part -> int [class], the place of the part for each class, see `Part`
    borders : whether the test images are called their class with the border of others
    neutral : the class without a cue of its own, which is not tested
    """

    labels: IntArray
    before: IntArray
    images: IntArray
    given: dict[str, npt.NDArray[np.int16]]
    control: dict[str, npt.NDArray[np.int16]]
    place: dict[str, IntArray]
    borders: Borders
    neutral: int | None = None

    @property
    def tested(self) -> list[int]:
        return [c for c in range(len(self.images)) if c != self.neutral]

    def receivers(self, c: int) -> IntArray:
        """The images that got the parts of class c, as places among all that were shown: int [m]."""
        images = self.images[c]
        return images[images >= 0]


def rates(answers: Answers) -> pd.DataFrame:
    """The numbers and the verdict of each class that was tested, one row a class; see `verdict.with_verdicts`.

    results/README.md says what the columns are, at `exchanges.csv`.
    """
    table = pd.DataFrame([_numbers(answers, c) for c in answers.tested])
    return with_verdicts(table, len(answers.images))


def _numbers(answers: Answers, c: int) -> dict[str, float]:
    """The numbers of class c: of each part, with its ends and its control, and how often images are called c."""
    receivers = answers.receivers(c)
    before = answers.before[receivers] == c
    row: dict[str, float] = {"class": c}
    for part in PARTS:
        given = answers.given[part][c, : len(receivers)] == c
        control = answers.control[part][c, : len(receivers)] == c
        subtracted = control if part in CONTROLLED else before
        row[part], row[f"{part}_low"], row[f"{part}_high"] = ends(
            paired(given.astype(float) - subtracted)
        )
        row[f"{part}_control"] = float(control.mean() - before.mean())
    lost = lost_recall(answers.borders, c)
    reach = REACH * lost.standard_error
    is_of_class = answers.labels == c
    return row | {
        "border": lost.value,
        "border_low": lost.value - reach,
        "border_high": max(lost.value + reach, lost.least_high),
        "border_error": lost.standard_error,
        "border_own": lost.own,
        "border_images": int(is_of_class.sum()),
        "recall": float((answers.before[is_of_class] == c).mean()),
        "images": len(receivers),
        "false_positives": float((answers.before[~is_of_class] == c).mean()),
    }


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
    write_borders(group, answers.borders)
    group.attrs["neutral"] = -1 if answers.neutral is None else answers.neutral


def read_answers(group: h5py.Group) -> Answers:
    """The answers in an open HDF5 file, or in a group of it, that `write_answers` wrote."""

    def of_parts(name: str) -> dict[str, npt.NDArray[Any]]:
        return {part: group[name][part][:] for part in PARTS}

    neutral = int(group.attrs["neutral"])
    labels = group["labels"][:]
    return Answers(
        labels=labels,
        before=group["before"][:],
        images=group["receivers"][:],
        given=of_parts("given"),
        control=of_parts("control"),
        place=of_parts("place"),
        borders=read_borders(group, labels),
        neutral=None if neutral < 0 else neutral,
    )


def typical(answers: Answers, part: str, c: int, most: int = 1) -> IntArray:
    """The places, among the images of class c, of some that show what a part does: int [k], at most so many.

    They were rightly called and are called c with the part of c, one of each class; if there is none, one is not
    changed by the part.
    """
    receivers = answers.receivers(c)
    before = answers.before[receivers]
    after = answers.given[part][c, : len(receivers)]
    rightly_called = before == answers.labels[receivers]
    changed = np.flatnonzero(rightly_called & (after == c))
    if len(changed):
        _, first_of_class = np.unique(before[changed], return_index=True)
        return changed[np.sort(first_of_class)][:most]
    return np.array([np.argmax(rightly_called & (after == before))])
