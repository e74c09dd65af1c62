"""How well a number, or a fact of pictures such as their format, tells a class: areas under the curve."""

from __future__ import annotations

import numpy as np
import pandas as pd

from frequency_shortcuts.intervals import NORMAL
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, IntArray

# Lower end of the area under the curve: of two pictures, the fact picks the right one at least so often. A format that
# all of 20 pictures of a class have, and none of 20 others, reaches 0.89.
TELLS = 0.85
FOLDS, RARE = 5, 5  # values of fewer pictures count as one
NOT_COMMON = "none of the common ones"
NAMED = 3  # values that are written out


def score_facts(facts: pd.DataFrame, labels: IntArray, n_classes: int, seed: int = 0) -> pd.DataFrame:
    """How well each fact alone tells each class: a row a fact and class, without facts that are the same everywhere.

    facts : a column a fact, a row a picture; text is a category. labels : int64 [n]

    Returns `fact`, `class` (its number), the area under the curve `auc`, 0.5 by chance, with the ends of its 95 %
    interval, `value`, `own` and `others`. Of a number, the direction is chosen by the same pictures: `value` is higher
    or lower, in the class, and the others are medians. Of a category: the values that are more frequent in the class,
    and their shares. The area is that of the rule "it is the class if it has one of these values", which each fifth of
    the pictures gets from the others: for shares p and q of class and others it is (1 + p - q) / 2.

    >>> score_facts(pd.DataFrame({"format": ["PNG"] * 30 + ["JPEG"] * 30}), np.repeat([0, 1], 30), 2)["auc"].tolist()
    [1.0, 1.0]
    """
    count = np.bincount(labels, minlength=n_classes)
    rows: list[tuple[object, ...]] = []
    for name, column in facts.items():
        if (column != column.iloc[0]).any():
            of_classes = _of_numbers if pd.api.types.is_numeric_dtype(column) else _of_categories
            rows += [(name, k, *row) for k, row in enumerate(of_classes(column, labels, count, seed))]
    table = pd.DataFrame(rows, columns=["fact", "class", "auc", "value", "own", "others"])
    ends = [
        auc_interval(area, count[k], len(labels) - count[k])
        for area, k in zip(table["auc"], table["class"], strict=True)
    ]
    table.insert(3, "auc_low", [low for low, _ in ends])
    table.insert(4, "auc_high", [high for _, high in ends])
    return table


def _of_numbers(column: pd.Series, labels: IntArray, count: IntArray, _: int) -> list[tuple[object, ...]]:
    """The area, the direction and the medians of each class and its others."""
    ranks = np.bincount(labels, column.rank(), len(count))
    areas = (ranks - count * (count + 1) / 2) / (count * (len(labels) - count))
    values = column.to_numpy(float)
    rows: list[tuple[object, ...]] = []
    for k, area in enumerate(areas.tolist()):
        own, others = (float(np.median(values[chosen])) for chosen in (labels == k, labels != k))
        rows.append((max(area, 1 - area), "higher" if area >= 0.5 else "lower", own, others))
    return rows


def _of_categories(column: pd.Series, labels: IntArray, count: IntArray, seed: int) -> list[tuple[object, ...]]:
    """The area, the values that speak for each class, and the shares of class and others that have one of them."""
    frequent = column.where(column.map(column.value_counts()) >= RARE, NOT_COMMON)
    code, names = pd.factorize(frequent, sort=True)
    generator, fold = np.random.default_rng(seed), np.empty(len(labels), int)
    for k in range(len(count)):
        members = np.flatnonzero(labels == k)
        fold[members] = generator.permutation(len(members)) % FOLDS
    seen = np.zeros((FOLDS, len(names), len(count)))
    np.add.at(seen, (fold, code, labels), 1)
    total, everyone = seen.sum(axis=0), seen.sum(axis=2)
    rows: list[tuple[object, ...]] = []
    for k in range(len(count)):
        own, rest = seen[:, :, k], everyone - seen[:, :, k]
        speaks = _more_frequent(own.sum(axis=0) - own, rest.sum(axis=0) - rest)
        # What speaks for a class in other folds may speak against it here: chance, not less.
        area = max(0.5, (1 + _share(own, speaks) - _share(rest, speaks)) / 2)
        own, rest = total[:, k], total.sum(axis=1) - total[:, k]
        speaks = _more_frequent(own, rest)
        order = np.argsort(-own[speaks], kind="stable")
        rows.append((area, _listed(names[speaks][order].tolist()), _share(own, speaks), _share(rest, speaks)))
    return rows


def _more_frequent(own: FloatArray, rest: FloatArray) -> np.ndarray:
    """Which values [..., values] have a larger share in a class than in the rest, by their counts."""
    more: np.ndarray = own / own.sum(axis=-1, keepdims=True) > rest / rest.sum(axis=-1, keepdims=True)
    return more


def _share(counts: FloatArray, chosen: np.ndarray) -> float:
    return float(counts[chosen].sum() / counts.sum())


def _listed(names: list[str]) -> str:
    more = len(names) - NAMED
    return " or ".join([*names[:NAMED], *([f"{more} other{'s' * (more > 1)}"] if more > 0 else [])])


def area(scores: FloatArray, own: BoolArray, factor: float = 1.0) -> tuple[float, float, float]:
    """The area under the curve of scores [n], of images that are `own` [n] against the others, and its interval.

    The variance is DeLong's (Biometrics 44, 1988), or that of `auc_interval` where that is larger, times a factor.

    >>> value, low, high = area(scores, labels == 3)
    """
    n, m = int(own.sum()), int((~own).sum())
    ranks = _ranks(scores)
    above = (ranks[own] - _ranks(scores[own])) / m
    below = (ranks[~own] - _ranks(scores[~own])) / n
    value = float(above.mean())
    return value, *auc_interval(value, n, m, float(above.var() / n + below.var() / m), factor)


def auc_interval(area: float, own: int, others: int, variance: float = 0.0, factor: float = 1.0) -> tuple[float, float]:
    """The interval of an area under the curve, of so many images of a class and others: its ends.

    A score interval, as Wilson's of a share: the areas whose standard error, after Hanley and McNeil, reaches the one
    that was found (R. Newcombe, Statistics in Medicine 25, 2006, method 5). variance : the least that is
    assumed. factor : of the variance, for scores that are not independent

    >>> auc_interval(0.5, 100, 900)
    """
    rest, pairs = (own + others) / 2 - 1, own * others
    ends = []
    for end in (0.0, 1.0):
        inside, outside = area, end
        for _ in range(40):
            middle = (inside + outside) / 2
            spread = middle * (1 - middle) * (1 + rest * ((1 - middle) / (2 - middle) + middle / (1 + middle))) / pairs
            if abs(area - middle) <= NORMAL * np.sqrt(factor * max(spread, variance)):
                inside = middle
            else:
                outside = middle
        ends.append(inside)
    return ends[0], ends[1]


def _ranks(values: FloatArray) -> FloatArray:
    ranks: FloatArray = pd.Series(values).rank().to_numpy()  # scipy.stats takes each job half a second to import
    return ranks
