"""Claims about some classes: each class beside its controls, and the row that says how many are what.

For the networks of one kind, *own* is TPR - FPR of a class from its map, *lowest* that from as many of the lowest
frequencies, *other* that from the map of another class. docs/method.md#claims has the rules.
"""

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from frequency_shortcuts.intervals import FEWEST_NETWORKS, Networks, over_networks
from frequency_shortcuts.spectrum.arrays import FloatArray

from . import definitions
from .definitions import (
    BETTER,
    BORDERLINE,
    COUNTS,
    FAILS,
    LEVEL,
    LOWEST,
    OTHERS,
    PUBLISHED,
    UNDECIDED,
    WORSE,
)
from .statistics import ROUNDING, holm, mean_over_networks, p_of_mean
from .study_tables import LOWEST_NAME

OF_CLASS = ["class", "control", "value", "low", "high", "p", "word", "tpr", "fpr", "against"]
ENDS = ["value", "low", "high"]
Row = dict[str, Any]


def rates_of(cells: pd.DataFrame) -> pd.DataFrame:
    """A row a network and a column for each rate, class and map, from rows of `matrices.matrices` of one kind.

    An FPR that was not measured counts as 0, as in TPR - FPR.
    """
    cells = cells.assign(fpr=cells["fpr"].astype(float).fillna(0.0))
    return cells.pivot_table(["tpr", "fpr", "value"], "seed", ["class", "map"], sort=False)


def names_of(rates: pd.DataFrame) -> list[str]:
    """The classes, in order."""
    return list(rates["value"].columns.unique("class"))


def beside(rates: pd.DataFrame, name: str, control: str) -> dict[str, FloatArray]:
    """Own minus that from each map of a control, of each network [n]; other maps are those that all networks tried."""
    tried = rates["value"][name].dropna(axis=1)
    others = tried.columns.difference([name, LOWEST_NAME], sort=False)
    maps = [LOWEST_NAME] if control == LOWEST else others
    return {of_map: (tried[name] - tried[of_map]).to_numpy() for of_map in maps}


def classes(cells: pd.DataFrame) -> pd.DataFrame:
    """One row a class and control, with the columns `OF_CLASS`, of networks of one kind.

    `value`, `low`, `high` : as published TPR - FPR of the class, else the difference from the control, mean over the
    networks with its 95 % interval; of `others`, from that map (`against`) whose interval begins lowest
    `p` : of the word, after Holm's rule
    """
    rates = rates_of(cells)
    names = names_of(rates)
    rows = [
        *(_as_published(rates, name) for name in names),
        *_beside_lowest(rates, names),
        *(_beside_others(rates, name) for name in names),
    ]
    own = cells[cells["class"] == cells["map"]].groupby("class")[["tpr", "fpr"]].mean()
    return pd.DataFrame(rows).join(own, on="class").reindex(columns=OF_CLASS)


def _row(name: str, control: str, interval: Networks, **others: Any) -> Row:
    ends = dict(zip(ENDS, interval, strict=False))
    return {"class": name, "control": control, **ends, **others}


def _as_published(rates: pd.DataFrame, name: str) -> Row:
    interval = mean_over_networks(rates["value"][name, name])
    return _row(name, PUBLISHED, interval, word=published_word(rates, name, name))


def published_word(rates: pd.DataFrame, name: str, of_map: str) -> str:
    """Whether a class counts as published with a map: TPR and FPR against `LEAST_TPR` and `MOST_FPR`.

    It is borderline if an interval over the networks crosses its limit, and neither rate fails for sure.
    """
    tpr, fpr = (over_networks(rates[rate][name, of_map]) for rate in ("tpr", "fpr"))
    above = np.array([tpr[:3], np.negative(fpr[:3])])
    distance = above - [[definitions.LEAST_TPR], [-definitions.MOST_FPR]]
    # Below five networks, an interval has no ends: the value takes their place.
    distance = np.where(np.isfinite(distance), distance, distance[:, :1])
    if (distance.max(axis=1) < -ROUNDING).any():
        return FAILS
    return COUNTS if (distance >= -ROUNDING).all() else BORDERLINE


def _beside_lowest(rates: pd.DataFrame, names: list[str]) -> list[Row]:
    differences = [beside(rates, name, LOWEST)[LOWEST_NAME] for name in names]
    rows = []
    for name, values, p in zip(names, differences, holm(map(p_of_mean, differences)), strict=True):
        interval = mean_over_networks(values)
        word = _direction(interval) if p < LEVEL else UNDECIDED
        rows.append(_row(name, LOWEST, interval, p=p, word=word, against=LOWEST_NAME))
    return rows


def _direction(interval: Networks) -> str:
    """The word of an interval. Where all networks have the same difference, p is 0 and the interval may hold 0."""
    if interval.low > 0:
        return BETTER
    return WORSE if interval.high < 0 else UNDECIDED


def _beside_others(rates: pd.DataFrame, name: str) -> Row:
    """Better than every other map, worse than one, or undecided."""
    differences = beside(rates, name, OTHERS)
    if not differences:
        return {"class": name, "control": OTHERS, "word": UNDECIDED}
    intervals = {other: mean_over_networks(values) for other, values in differences.items()}
    raw = [p_of_mean(values) for values in differences.values()]
    of_maps = zip(holm(raw), intervals.values(), strict=True)
    worse = [p for p, interval in of_maps if p < LEVEL and interval.high < 0]
    closest = min(intervals, key=lambda other: _begin(intervals[other]))
    p, word = max(raw), UNDECIDED
    if intervals[closest].low > 0:
        word = BETTER
    elif worse:
        p, word = min(worse), WORSE
    return _row(name, OTHERS, intervals[closest], p=p, word=word, against=closest)


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
    rates = rates_of(cells)
    rows = []
    for control, of_control in of_classes.groupby("control", sort=False):
        interval = mean_over_networks(_mean_of_network(rates, str(control)))
        row: Row = {"control": control, **dict(zip(ENDS, interval, strict=False))}
        row |= {"networks": len(rates), **_counts(of_control)}
        if control == PUBLISHED:
            words = [published_word(rates, name, LOWEST_NAME) for name in names_of(rates)]
            row["lowest"] = words.count(COUNTS)
        else:
            row["detectable"] = _detectable(rates, str(control))
        rows.append(row)
    return rows


def _mean_of_network(rates: pd.DataFrame, control: str) -> FloatArray:
    """The mean over the classes of each network, [n]."""
    means = {}
    for name in names_of(rates):
        of_class = rates["value"][name]
        own = of_class[name]
        if control == LOWEST:
            own = own - of_class[LOWEST_NAME]
        elif control == OTHERS:
            own = own - of_class.drop(columns=[name, LOWEST_NAME]).mean(axis=1)
        means[name] = own
    return pd.DataFrame(means).mean(axis=1).to_numpy()


def _counts(of_control: pd.DataFrame) -> Row:
    """How many classes there are, are better (or count), and worse; the names of these and of borderline ones."""
    words, names = of_control["word"], of_control["class"]
    better, worse = words.isin([BETTER, COUNTS]), words == WORSE
    return {
        "classes": len(of_control),
        "better": int(better.sum()),
        "better_classes": ", ".join(names[better]),
        "worse": int(worse.sum()),
        "worse_classes": ", ".join(names[worse]),
        "borderline_classes": ", ".join(names[words == BORDERLINE]),
    }


def _detectable(rates: pd.DataFrame, control: str) -> float:
    """The mean difference at which half of the studies with so many networks call a class better.

    The standard deviation over the networks is pooled over the classes. Beside the lowest frequencies, the least p of
    Holm's rule must be reached; beside one other map, the end of a 95 % interval.
    """
    names, n = names_of(rates), len(rates)
    differences = [values for name in names for values in beside(rates, name, control).values()]
    if n < FEWEST_NETWORKS or not differences:
        return float("nan")
    level = LEVEL / len(names) if control == LOWEST else LEVEL
    pooled = np.sqrt(np.mean([values.var(ddof=1) for values in differences]))
    return float(stdtrit(n - 1, 1 - level / 2) * pooled / np.sqrt(n))
