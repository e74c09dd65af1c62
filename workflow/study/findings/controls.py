"""Claims about some classes: each class beside its controls, and the row that says how many are what.

For the networks of one kind, *own* is TPR - FPR of a class from its map, *lowest* that from as many of the lowest
frequencies, *other* that from the map of another class. docs/method.md#claims has the rules.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from frequency_shortcuts.intervals import FEWEST_NETWORKS, Networks, over_networks
from frequency_shortcuts.spectrum.arrays import FloatArray

from . import definitions
from .definitions import BETTER, BORDERLINE, COUNTS, FAILS, LEVEL, LOWEST, OTHERS, PUBLISHED, UNDECIDED, WORSE
from .statistics import holm, mean_over_networks, p_of_mean
from .study_tables import LOWEST_NAME

OF_CLASS = ["class", "control", "value", "low", "high", "p", "word", "tpr", "fpr", "against"]
Row = dict[str, Any]


class Matrix(NamedTuple):
    """The rates of networks of one kind: each table has a row a network (its seed) and a column a class.

    tpr, fpr : from the map of the class; lowest_tpr, lowest_fpr : from as many of the lowest frequencies
    own, lowest : the differences TPR - FPR; others : by the class whose map it is
    """

    tpr: pd.DataFrame
    fpr: pd.DataFrame
    lowest_tpr: pd.DataFrame
    lowest_fpr: pd.DataFrame
    own: pd.DataFrame
    lowest: pd.DataFrame
    others: dict[str, pd.DataFrame]

    @classmethod
    def of(cls, cells: pd.DataFrame) -> "Matrix":
        """From rows of `matrices.matrices` of networks of one kind."""
        is_own, is_lowest = cells["class"] == cells["map"], cells["map"] == LOWEST_NAME
        own, lowest, others = cells[is_own], cells[is_lowest], cells[~is_own & ~is_lowest]
        return cls(
            tpr=_by_network(own, "tpr"),
            fpr=_by_network(own, "fpr"),
            lowest_tpr=_by_network(lowest, "tpr"),
            lowest_fpr=_by_network(lowest, "fpr"),
            own=_by_network(own, "value"),
            lowest=_by_network(lowest, "value"),
            others={str(name): _by_network(of_map, "value") for name, of_map in others.groupby("map", sort=False)},
        )

    def differences(self, name: str) -> dict[str, FloatArray]:
        """Of a class, own minus that from the map of each other class, over the networks: of those tried in all."""
        differences = {other: self.own[name] - of_map[name] for other, of_map in self.others.items() if name in of_map}
        return {other: values.to_numpy() for other, values in differences.items() if values.notna().all()}


def _by_network(cells: pd.DataFrame, column: str) -> pd.DataFrame:
    return cells.pivot_table(column, "seed", "class", sort=False)


def classes(cells: pd.DataFrame) -> pd.DataFrame:
    """One row a class and control, with the columns `OF_CLASS`, of networks of one kind.

    `value`, `low`, `high` : as published TPR - FPR of the class, else the difference from the control, mean over the
    networks with its 95 % interval; of `others`, from that map (`against`) whose interval begins lowest
    `p` : of the word, after Holm's rule
    """
    matrix = Matrix.of(cells)
    rows = [_as_published(name, matrix) for name in matrix.own]
    if not matrix.lowest.empty:
        rows += _beside_lowest(matrix)
    if matrix.others:
        rows += [_beside_others(name, matrix) for name in matrix.own]
    table = pd.DataFrame(rows, columns=OF_CLASS)
    rates = {"tpr": matrix.tpr.mean(), "fpr": matrix.fpr.mean()}
    return table.assign(**{rate: table["class"].map(means) for rate, means in rates.items()})


def _as_published(name: str, matrix: Matrix) -> Row:
    value, low, high, _ = mean_over_networks(matrix.own[name])
    word = published_word(matrix.tpr[name], matrix.fpr.get(name))
    return {"class": name, "control": PUBLISHED, "value": value, "low": low, "high": high, "word": word}


def published_word(tpr: pd.Series, fpr: pd.Series | None) -> str:
    """Whether a class counts as published: TPR and FPR of n networks, against `LEAST_TPR` and `MOST_FPR`.

    It is borderline if an interval over the networks crosses its limit, and neither rate fails for sure.
    """
    rates = [(over_networks(tpr), definitions.LEAST_TPR, 1.0)]
    if fpr is not None:
        rates.append((over_networks(fpr), definitions.MOST_FPR, -1.0))
    reached, failed = [], []
    for (value, low, high, _), limit, sign in rates:
        ends = (low, high) if np.isfinite(low) else (value, value)
        least, most = sorted(sign * (end - limit) for end in ends)
        reached.append(least >= 0)
        failed.append(most < 0)
    if any(failed):
        return FAILS
    return COUNTS if all(reached) else BORDERLINE


def _beside_lowest(matrix: Matrix) -> list[Row]:
    names = [name for name in matrix.own if name in matrix.lowest]
    differences = [(matrix.own[name] - matrix.lowest[name]).to_numpy() for name in names]
    rows = []
    for name, values, p in zip(names, differences, holm(map(p_of_mean, differences)), strict=True):
        value, low, high, _ = mean_over_networks(values)
        word = _direction(low, high) if p < LEVEL else UNDECIDED
        row = {"class": name, "control": LOWEST, "value": value, "low": low, "high": high, "p": p, "word": word}
        rows.append({**row, "against": LOWEST_NAME})
    return rows


def _direction(low: float, high: float) -> str:
    """The word of an interval. Where all networks have the same difference, p is 0 and the interval may hold 0."""
    if low > 0:
        return BETTER
    return WORSE if high < 0 else UNDECIDED


def _beside_others(name: str, matrix: Matrix) -> Row:
    """Better than every other map, worse than one, or undecided."""
    differences = matrix.differences(name)
    if not differences:
        return {"class": name, "control": OTHERS, "word": UNDECIDED}
    intervals = {other: mean_over_networks(values) for other, values in differences.items()}
    raw = {other: p_of_mean(values) for other, values in differences.items()}
    adjusted = dict(zip(raw, holm(raw.values()), strict=True))
    worse = [other for other, p in adjusted.items() if p < LEVEL and intervals[other].high < 0]
    closest = min(intervals, key=lambda other: _begin(intervals[other]))
    value, low, high, _ = intervals[closest]
    row = {"class": name, "control": OTHERS, "value": value, "low": low, "high": high, "against": closest}
    if all(interval.low > 0 for interval in intervals.values()):
        return {**row, "p": max(raw.values()), "word": BETTER}
    if worse:
        return {**row, "p": min(adjusted[other] for other in worse), "word": WORSE}
    return {**row, "p": max(raw.values()), "word": UNDECIDED}


def _begin(interval: Networks) -> float:
    """Where an interval begins: the value, where it has no ends."""
    return interval.low if np.isfinite(interval.low) else interval.value


def summary(cells: pd.DataFrame, of_classes: pd.DataFrame) -> list[Row]:
    """One row a control, of networks of one kind: how many classes are what, with their names, and the mean over all.

    cells : rows of `matrices.matrices`; of_classes : what `classes` makes of them

    `value`, `low`, `high` : mean over the classes of TPR - FPR, or of the difference from the control, of `others` the
    mean over the other maps; over the networks
    `detectable` : the difference of a class that so many networks show in half of the cases
    """
    matrix = Matrix.of(cells)
    rows = []
    for control, of_control in of_classes.groupby("control", sort=False):
        value, low, high, _ = mean_over_networks(_mean_of_network(matrix, str(control)))
        row: Row = {"control": control, "value": value, "low": low, "high": high, "classes": len(of_control)}
        row |= {"networks": len(matrix.own), **_counts(of_control)}
        if control == PUBLISHED:
            row["lowest"] = sum(
                published_word(matrix.lowest_tpr[name], matrix.lowest_fpr.get(name)) == COUNTS for name in matrix.lowest
            )
        else:
            row["detectable"] = _detectable(matrix, str(control))
        rows.append(row)
    return rows


def _mean_of_network(matrix: Matrix, control: str) -> FloatArray:
    """The mean over the classes of each network, [n]."""
    if control == PUBLISHED:
        return matrix.own.mean(axis=1).to_numpy()
    if control == LOWEST:
        return (matrix.own - matrix.lowest).mean(axis=1).to_numpy()
    of_others = sum(of_map.fillna(0) for of_map in _aligned(matrix))
    tried = sum(of_map.notna().astype(int) for of_map in _aligned(matrix))
    return (matrix.own - of_others / tried).mean(axis=1).to_numpy()


def _aligned(matrix: Matrix) -> list[pd.DataFrame]:
    return [of_map.reindex_like(matrix.own) for of_map in matrix.others.values()]


def _counts(of_control: pd.DataFrame) -> Row:
    """How many classes are better (or count), worse (or fail), and neither; the names of the former two."""
    words = of_control["word"]
    better, worse = words.isin([BETTER, COUNTS]), words.isin([WORSE])
    names = of_control["class"]
    return {
        "better": int(better.sum()),
        "better_classes": ", ".join(names[better]),
        "worse": int(worse.sum()),
        "worse_classes": ", ".join(names[worse]),
        "borderline_classes": ", ".join(names[words == BORDERLINE]),
    }


def _detectable(matrix: Matrix, control: str) -> float:
    """The mean difference at which half of the studies with so many networks call a class better.

    The standard deviation over the networks is pooled over the classes. Beside the lowest frequencies, the least p of
    Holm's rule must be reached; beside one other map, the end of a 95 % interval.
    """
    n = len(matrix.own)
    if n < FEWEST_NETWORKS:
        return float("nan")
    if control == LOWEST:
        differences = [(matrix.own[name] - matrix.lowest[name]).to_numpy() for name in matrix.lowest]
        level = LEVEL / len(differences)
    else:
        differences = [values for name in matrix.own for values in matrix.differences(name).values()]
        level = LEVEL
    if not differences:
        return float("nan")
    pooled = np.sqrt(np.mean([values.var(ddof=1) for values in differences]))
    return float(stdtrit(n - 1, 1 - level / 2) * pooled / np.sqrt(n))
