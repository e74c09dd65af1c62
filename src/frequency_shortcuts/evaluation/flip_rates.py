"""Rates, intervals and verdicts of the counterfactual test, from its hits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from frequency_shortcuts.intervals import Paired, paired
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, IntArray

from .hits import NOT_SHOWN

if TYPE_CHECKING:
    from .counterfactual import Called, Flips

FOLLOWS, NEEDS, BOTH = "follows", "needs", "follows and needs"
NOT_SHOWN_VERDICT, CANNOT_TELL, NOT_RECOGNISED = "not shown", "cannot tell", "not recognised"
FOUND = (FOLLOWS, BOTH, NEEDS)
VERDICTS = (FOLLOWS, NEEDS, BOTH, NOT_SHOWN_VERDICT, CANNOT_TELL, NOT_RECOGNISED)
LEAST_RECALL, LEAST_MARGIN = 0.5, 0.25  # for a verdict: recall, and recall minus the false positive rate
FEWEST_LEFT = 20  # images of a class, for its need
TAKES = 0.03  # of the images of other classes, without their fine spectrum: a class called more often is a sink
ONE_SIDED = 0.05  # probability beyond each end of an interval
MOST_ALONE = 21  # classes whose verdicts are given one by one; beyond, the rate of false ones is controlled
NUMBERS = ("flip", "sham", "part", "need")
FOLLOWED = ("flip", "sham", "part")  # numbers by which a class follows
AWAY = ("away", "away_sham")  # changes that a class may need to be without
REACH = float(ndtri(1 - ONE_SIDED))  # of two-sided 90 % intervals, and of one-sided 95 % ones
MISSING = Paired(*np.full(3, np.nan))


class Thresholds(NamedTuple):
    """What a lower end must reach for a verdict; chosen on tuning seeds, see docs/method.md.

    bound : what the upper ends of flip, sham and part must stay below where nothing was shown
    """

    flip: float = 0.05
    sham: float = 0.05
    part: float = 0.15
    need: float = 0.5
    bound: float = 0.2


def rates(flips: Flips, thresholds: Thresholds = Thresholds()) -> pd.DataFrame:  # noqa: B008 (it cannot change)
    """Flip rate, sham, part, need and verdict of each class that was tested, one row a class.

    Returns `class` (its number), `flip`, `sham`, `part`, `need`, each with the ends of its two-sided 90 % interval
    `_low` and `_high`, `coarse`, `recall`, `images` (of the flip rate), `own_images` (of the recall), `verdict`, and
    `by`, the number that it rests on:

    - follows: the lower end of flip, sham or part reaches its threshold, also without the class whose images are called
      c most: that class may need its own spectrum, which any other one takes away
    - needs: the lower end of the need reaches its threshold; or both
    - not shown: the upper ends of flip, sham and part are below the bound, that of the need is below its threshold
    - cannot tell: else, also where fewer than 20 images are left for the need
    - not recognised: a recall below 0.5, or less than 0.25 above the share of other images that are called the class

    With more than 21 classes a number is above its threshold where Benjamini and Hochberg's procedure at 0.05, over
    the classes, rejects that it is not.

    >>> rates(flips).query("verdict == 'follows'")[["class", "flip", "flip_low", "flip_high"]]
    """
    tested = flips.tested
    recall = np.array([float((flips.unfiltered[flips.labels == c] == c).mean()) for c in tested])
    found = [_flips_to(flips, c) for c in tested]
    measured = {number: [of_class[number][0] for of_class in found] for number in (*FOLLOWED, "coarse")}
    limits = thresholds._asdict()
    above = {
        number: _above(measured[number], limits[number])
        & _above([of_class[number][1] for of_class in found], limits[number])
        for number in FOLLOWED
    }
    wrong = np.array([float((flips.unfiltered[flips.labels != c] == c).mean()) for c in tested])
    recognised = (recall >= LEAST_RECALL) & (recall - wrong >= LEAST_MARGIN)
    follows = (above["flip"] | above["sham"] | above["part"]) & recognised
    taken, following = _taken(flips), np.array(tested)[follows]
    measured["need"] = [_need(flips, c, np.union1d(following, _sinks(taken, c, tested))) for c in tested]
    needs = _above(measured["need"], thresholds.need) & recognised
    table = pd.DataFrame({"class": tested})
    below = np.ones(len(tested), bool)
    for number in NUMBERS:
        value, low, high = (np.array(column) for column in zip(*map(_ends, measured[number]), strict=True))
        table[number], table[f"{number}_low"], table[f"{number}_high"] = value, low, high
        limit = thresholds.need if number == "need" else thresholds.bound
        below &= (high < limit) | (np.isnan(value) if number == "part" else False)
    table["coarse"] = [float(coarse.value) for coarse in measured["coarse"]]
    table["recall"] = recall
    table["images"] = [int(_counted(flips, c).sum()) for c in tested]
    table["own_images"] = [int((flips.labels == c).sum()) for c in tested]
    table["verdict"] = np.select(
        [~recognised, follows & needs, follows, needs, below],
        [NOT_RECOGNISED, BOTH, FOLLOWS, NEEDS, NOT_SHOWN_VERDICT],
        CANNOT_TELL,
    )
    rests_on = [*(follows & above[number] for number in FOLLOWED), needs]
    table["by"] = np.select(rests_on, NUMBERS, "flip")
    return table


def cross_flips(flips: Flips) -> pd.DataFrame:
    """The cross matrix of flips: one row for each class that is called and each class whose spectrum is given.

    Returns `class`, `spectrum_of` (numbers of classes), `flip`: the share of images, of neither class, that are called
    the first after they got the fine spectrum of the second, minus before; of classes that are hardly confused with
    the first. `flip_all`: of all such images. `images`: of `flip`. Missing where there are none, as with two classes.
    """
    rows: list[tuple[Any, ...]] = []
    for c, k in product(flips.tested, repeat=2):
        column = flips.columns[k]
        there = (column >= 0) & (flips.labels[column] != c)
        counted = there & flips.comparable[c][flips.labels[column]]
        change = _change(flips.called["flip"][:, k], flips.unfiltered[column], c)
        means = (float(change[:, chosen].mean()) if chosen.any() else np.nan for chosen in (counted, there))
        rows.append((c, k, *means, int(counted.sum())))
    return pd.DataFrame(rows, columns=["class", "spectrum_of", "flip", "flip_all", "images"])


def evidence(row: Any) -> str:
    """The number that a row of `rates` rests on: `flip` before `sham` before `part`, or `need`."""
    return "need" if row["verdict"] == NEEDS else str(row["by"])


def example(flips: Flips, row: Any, k: int) -> tuple[IntArray, str, int]:
    """The images that were changed for class k, a kind of change, and the place of an image that shows what it does.

    It is the first that was rightly called, of a class that counts, and is then called what most are. row : of `rates`
    """
    number = evidence(row)
    needed, found = number == "need", row["verdict"] in FOUND
    images, after = (flips.own, flips.own_called) if needed else (flips.columns, flips.called)
    images = images[k][images[k] >= 0]
    labels, before = flips.labels[images], flips.unfiltered[images]
    usual = (before == labels) & (needed | flips.comparable[k][labels])
    first = {"need": AWAY, "sham": ("sham", "own_part")}.get(number, (number,))
    kinds = first if needed or not found else [*first, *(kind for kind in FOLLOWED if kind not in first)]
    for kind in kinds:
        called = after[kind][0, k, : len(images)]
        typical = (called == k) != needed if found else called == before
        if (chosen := usual & typical & (called != NOT_SHOWN)).any():
            return images, kind, int(np.argmax(chosen))
    return images, kinds[0], int(np.argmax(usual))  # the first of all, if none is called rightly


def _counted(flips: Flips, c: int) -> BoolArray:
    """Which images of the column of class c count in its flip rate."""
    column = flips.columns[c]
    counted: BoolArray = (column >= 0) & flips.comparable[c][flips.labels[column]]
    return counted


def _change(called: Called, before: IntArray, c: int) -> FloatArray:
    """Whether each image [m] is called c after a change [draw, m], minus whether it was before."""
    change: FloatArray = (called == c).astype(float) - (before == c)
    return change


def _flips_to(flips: Flips, c: int) -> dict[str, tuple[Paired, Paired]]:
    """Flip rate, sham, part and coarse of a class, each of all images, and without the class in which it is largest."""
    column, counted = flips.columns[c], _counted(flips, c)
    change = {}
    for kind, called in flips.called.items():
        differences = _change(called[:, c], flips.unfiltered[column], c)
        change[kind] = np.where(counted & (called[:, c] != NOT_SHOWN), differences, np.nan)
    change["part"] -= change["own_part"]
    found = {kind: _robust(differences, flips.labels[column]) for kind, differences in change.items()}
    shams = found["sham"], found.pop("own_part")
    found["sham"] = max(shams, key=lambda sham: np.nan_to_num(float(sham[0].value), nan=-np.inf))
    return found


def _robust(differences: FloatArray, labels: IntArray) -> tuple[Paired, Paired]:
    """The mean of differences [draw, image], of all and without the class in which it is largest, if there are others.

    labels : classes of the images
    """
    estimate, classes = _mean_of_draws(differences), np.unique(labels[~np.isnan(differences).all(axis=0)])
    if len(classes) < 2:
        return estimate, estimate
    largest = classes[np.argmax([np.nanmean(differences[:, labels == c]) for c in classes])]
    return estimate, _mean_of_draws(differences[:, labels != largest])


def _mean_of_draws(differences: FloatArray) -> Paired:
    """The mean of differences [draw, image], NaN where one is left out, with the variance over draws in its own."""
    there = differences[:, ~np.isnan(differences).all(axis=0)]
    if not there.size:
        return MISSING
    value, of_draws = paired(np.nanmean(there, axis=0)), [np.nanmean(row) for row in there if not np.isnan(row).all()]
    over_draws = np.var(of_draws, ddof=1) / len(of_draws) if len(of_draws) > 1 else 0.0
    return value._replace(variance=value.variance + over_draws)


def _taken(flips: Flips) -> FloatArray:
    """The share of the images of each class that another one takes when they lose their spectrum, [class, taker].

    The larger of the move and its sham.
    """
    taken = np.zeros((flips.n_classes, flips.n_classes))
    for c in flips.tested:
        images = flips.own[c][flips.own[c] >= 0]
        shares = []
        for kind in AWAY:
            after = flips.own_called[kind][:, c, : len(images)]
            new = np.where(after != flips.unfiltered[images], after, c)
            shares.append(np.bincount(new.ravel(), minlength=flips.n_classes)[: flips.n_classes] / max(1, new.size))
        taken[c] = np.maximum(*shares)
    np.fill_diagonal(taken, 0)
    return taken


def _sinks(taken: FloatArray, c: int, tested: Sequence[int]) -> IntArray:
    """The classes that take images of all classes but c and themselves, on average over these; no neutral class."""
    others = np.array([k for k in tested if k != c])
    return np.array([j for j in tested if taken[others, j].sum() / max(1, len(others) - (j != c)) >= TAKES], np.int64)


def _need(flips: Flips, c: int, sinks: IntArray) -> Paired:
    """How much the recall of a class falls without its fine spectrum: the larger of the move and its sham.

    Images that are then called a sink, or a class that follows, are left out: it takes the images of every class.
    """
    images, found = flips.own[c][flips.own[c] >= 0], []
    for kind in AWAY:
        after = flips.own_called[kind][:, c, : len(images)]
        lost = (flips.unfiltered[images] == c).astype(float) - (after == c)
        lost[np.isin(after, sinks[sinks != c])] = np.nan
        if (~np.isnan(lost)).any(axis=0).sum() >= FEWEST_LEFT:
            found.append(_mean_of_draws(lost))
    return max(found, key=lambda lost: float(lost.value), default=MISSING)


def _ends(estimate: Paired) -> tuple[float, float, float]:
    """Value, lower and upper end of the two-sided 90 % interval."""
    reach = REACH * float(estimate.variance) ** 0.5
    return float(estimate.value), float(estimate.centre) - reach, float(estimate.centre) + reach


def _above(estimates: Sequence[Paired], threshold: float) -> BoolArray:
    """Which numbers are clearly above a threshold; a missing one is not."""
    if len(estimates) <= MOST_ALONE:
        return np.array([_ends(estimate)[1] >= threshold for estimate in estimates], bool)
    chance = np.array([1 - ndtr((e.centre - threshold) / np.sqrt(e.variance)) for e in estimates])
    return benjamini_hochberg(np.nan_to_num(chance, nan=1.0))


def benjamini_hochberg(p: FloatArray, rate: float = ONE_SIDED) -> BoolArray:
    """Which hypotheses are rejected, bool [n], at a rate of false ones among them, from their p values [n].

    Y. Benjamini and Y. Hochberg, J. R. Stat. Soc. B 57 (1995).
    """
    order = np.argsort(p)
    passed = np.flatnonzero(p[order] <= rate * np.arange(1, len(p) + 1) / len(p))
    rejected = np.zeros(len(p), bool)
    if len(passed):
        rejected[order[: passed[-1] + 1]] = True
    return rejected
