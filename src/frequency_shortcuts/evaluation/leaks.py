"""The benchmark of the counterfactual test: artefacts in known classes, what they cost, and whether the test warns.

Fixed before any result of the seeds that judge:

- *Harm* is measured on images without the artefact. `called`: the share of images of other classes that are called the
  class when they get the artefact, minus before. `lost`: the recall of the class on images without the artefact. Both
  are compared with the clean networks of the same architecture: `called` minus their mean, and their mean recall minus
  that of the network. The interval (two-sided, 90 %) has the variance over images and the spread of clean networks,
  since the network itself could have been any of them.
- An artefact is *harmful* if `called` or `lost` is at least `HARMFUL`, with a lower end of at least `HARMFUL_LOW`. It
  *harms nobody* if both upper ends are below `HARMFUL`. Between them it counts in no share.
- The test *warns* of a class whose verdict is follows, needs, or both.
- The kind `brightness` is coarse: it is in no share but that of false alarms, in which it counts as any other class.
- All shares are bootstrapped over networks; their ends are one-sided, 95 %.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy.special import ndtri

from frequency_shortcuts.data.artefacts import KINDS, Artefact
from frequency_shortcuts.data.normalisation import normalise
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.intervals import paired
from frequency_shortcuts.networks.predictions import called, predict
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray
from frequency_shortcuts.storage.tables import read_table

from .flip_rates import BOTH, FOLLOWS, FOUND, NOT_RECOGNISED

HARMFUL, HARMFUL_LOW = 0.2, 0.1
REACH = float(ndtri(0.95))  # of two-sided 90 % intervals, and of one-sided 95 % ones
DRAWS = 4000  # of the bootstrap


def changes(network: Any, images: Split, artefacts: Sequence[Artefact]) -> pd.DataFrame:
    """What each artefact does to images of other classes than its own: one row an artefact.

    images : without artefacts

    Returns `called`, the share that is called the class with the artefact minus that before, and its `variance` over
    images.

    >>> changes(network, images, [Artefact("jpeg", 1, label=6)])["called"]
    """
    before, rows = called(network, images), []
    pixels, everywhere = np.asarray(images.images[:]), np.full(len(images), True)
    for artefact in artefacts:
        others = images.labels != artefact.label
        with_it = torch.from_numpy(artefact.add_to(pixels, everywhere)[others])
        named = predict(network, normalise(with_it, images.mean, images.std)).numpy()
        hits = (named == artefact.label).astype(float) - (before[others] == artefact.label)
        rows.append({"called": float(hits.mean()), "variance": float(paired(hits).variance)})
    return pd.DataFrame(rows)


def join_tables(files: Iterable[str | os.PathLike[str]], name: str | None = None) -> pd.DataFrame:
    """The tables of this name, or all, among some files, joined, without those that have no rows."""
    tables = [read_table(file) for file in files if name in (None, Path(file).name)]
    return pd.concat([table for table in tables if len(table)], ignore_index=True)


def with_harm(table: pd.DataFrame, clean_called: pd.DataFrame) -> pd.DataFrame:
    """The table of `judge` with the harm of each planted artefact.

    table : one row a network and class: `architecture`, `set` (clean, first, second), `class`, `clean_recall` (on
        images without the artefact), `clean_images` (on how many), and where there is one, the artefact in words,
        `artefact`, what it does to other images, `called`, and the `called_variance` of that
    clean_called : one row a clean network and artefact: `architecture`, `artefact`, `called`

    Changes `called` into the difference from the clean networks, and adds `lost`, both with `_low` and `_high`, and
    `harm`: harmful, harmless or between; missing without an artefact.
    """
    rows = []
    clean = table[table["set"] == "clean"]
    for _, row in table.iterrows():
        made: dict[str, Any] = dict(row)
        if not pd.isna(row.get("kind")):
            same = clean_called[
                (clean_called["architecture"] == row["architecture"]) & (clean_called["artefact"] == row["artefact"])
            ]["called"].to_numpy()
            recalls = clean[(clean["architecture"] == row["architecture"]) & (clean["class"] == row["class"])]
            made |= _harm(row, same, recalls["clean_recall"].to_numpy())
        rows.append(made)
    return pd.DataFrame(rows)


def _harm(row: pd.Series, called: FloatArray, recalls: FloatArray) -> dict[str, Any]:
    """The harm of one artefact, beside that of clean networks: `called` of them, and the recalls of the class."""
    p = row["clean_recall"]
    measured = {
        "called": (row["called"] - called.mean(), row["called_variance"] + _spread(called)),
        "lost": (recalls.mean() - p, max(p * (1 - p), 0.01) / row["clean_images"] + _spread(recalls)),
    }
    made: dict[str, Any] = {}
    for name, (value, variance) in measured.items():
        reach = REACH * variance**0.5
        made |= {name: value, f"{name}_low": value - reach, f"{name}_high": value + reach}
    harmful = any(made[name] >= HARMFUL and made[f"{name}_low"] >= HARMFUL_LOW for name in measured)
    harmless = all(made[f"{name}_high"] < HARMFUL for name in measured)
    return made | {"harm": "harmful" if harmful else "harmless" if harmless else "between"}


def _spread(values: FloatArray) -> float:
    """The variance of the difference between one more network and the mean of these."""
    return float(values.var(ddof=1) * (1 + 1 / len(values)))


class Aim(NamedTuple):
    """A number of the benchmark: its words, how it is computed, what it must reach, and from which side.

    measure : rows of a network, weights by row -> the number; least : whether it must be at least the goal
    """

    words: str
    rows: Callable[[pd.DataFrame], pd.Series]
    value: Callable[[pd.DataFrame], pd.Series]
    goal: float
    end: float | None
    least: bool


def _fine(table: pd.DataFrame) -> pd.Series:
    return table["kind"].isin(["wave", *(name for name, kind in KINDS.items() if kind.fine)])


def _harmful(share: float) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda table: _fine(table) & (table["harm"] == "harmful") & (table["share"] == share)


def _warned(table: pd.DataFrame) -> pd.Series:
    return table["verdict"].isin(FOUND).astype(float)


def _right_cause(table: pd.DataFrame) -> pd.Series:
    expected = table["kind"].map({"wave": "wave", **{name: kind.cause for name, kind in KINDS.items()}})
    return (table["cause"] == expected).astype(float)


AIMS = {
    "power": Aim("harmful artefacts in all images: warned", _harmful(1.0), _warned, 0.9, 0.8, True),
    "power_half": Aim("harmful artefacts in half of the images: warned", _harmful(0.5), _warned, np.nan, None, True),
    "power_quarter": Aim("harmful artefacts in a quarter: warned", _harmful(0.25), _warned, np.nan, None, True),
    "plain": Aim(
        "classes of clean networks: warned", lambda table: table["set"] == "clean", _warned, 0.02, 0.05, False
    ),
    "others": Aim(
        "other classes of networks with an artefact: warned",
        lambda table: (table["set"] != "clean") & table["kind"].isna(), _warned, 0.03, None, False,
    ),
    "harmless": Aim(
        "artefacts that harm nobody: warned", lambda table: table["harm"] == "harmless", _warned, 0.1, None, False
    ),
    "cause": Aim(
        "harmful and warned: the cause is right",
        lambda table: _fine(table) & (table["harm"] == "harmful") & table["verdict"].isin(FOUND),
        _right_cause, 0.8, None, True,
    ),
}  # fmt: skip
CORRELATIONS = {"flip_called": ("flip", "called", 0.75), "need_lost": ("need", "lost", 0.6)}


def judge(table: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """The aims of the benchmark: one row a number, with its one-sided 95 % ends, bootstrapped over networks.

    table : one row a network and class: `seed`, `set` (clean, first, second), `kind`, `share` and `harm` (missing
        without an artefact), `verdict`, `cause`, `flip`, `need`, `called`, `lost`

    Returns `aim`, `words`, `value`, `low`, `high`, `count` (rows), `goal`, `end` (what the end must reach, if
    anything), `met`. The correlations are Spearman's, over all planted artefacts.
    """
    generator = np.random.default_rng(seed)
    groups, number = np.unique(table["seed"].astype(str) + table["set"], return_inverse=True)
    weights = np.stack(
        [np.bincount(generator.integers(len(groups), size=len(groups)), minlength=len(groups)) for _ in range(DRAWS)]
    )[:, number]
    rows = []
    for name, aim in AIMS.items():
        chosen = aim.rows(table).to_numpy(bool)
        value = aim.value(table).to_numpy()[chosen]
        drawn = (weights[:, chosen] @ value) / np.maximum(weights[:, chosen].sum(axis=1), 1)
        there = drawn[weights[:, chosen].sum(axis=1) > 0]
        low, high = np.quantile(there, [0.05, 0.95]) if len(there) else (np.nan, np.nan)
        mean = float(value.mean()) if len(value) else np.nan
        met = None if np.isnan(aim.goal) else (mean >= aim.goal if aim.least else mean <= aim.goal)
        if met and aim.end is not None:
            met = low >= aim.end if aim.least else high <= aim.end
        rows.append({"aim": name, "words": aim.words, "value": mean, "low": low, "high": high,
                     "count": int(chosen.sum()), "goal": aim.goal, "end": aim.end, "met": met})  # fmt: skip
    planted = (
        table["kind"].notna().to_numpy() & table[["flip", "need", "called", "lost"]].notna().all(axis=1).to_numpy()
    )
    for name, (number_of, harm_of, goal) in CORRELATIONS.items():
        pair = table.loc[planted, [number_of, harm_of]].to_numpy()
        drawn = np.array([_spearman(pair, draw) for draw in weights[:500, planted]])
        low, high = np.nanquantile(drawn, [0.05, 0.95]) if not np.isnan(drawn).all() else (np.nan, np.nan)
        value = _spearman(pair, np.ones(len(pair), int))
        rows.append({"aim": name, "words": f"rank correlation of {number_of} with {harm_of}", "value": value,
                     "low": low, "high": high, "count": len(pair), "goal": goal, "end": None,
                     "met": value >= goal})  # fmt: skip
    return pd.DataFrame(rows)


COMPARED = {
    "largest of flip, sham, part and need": ["flip", "sham", "part", "need"],
    "flip": ["flip"],
    "difference in the data alone (z)": ["z"],
    "own-map advantage, culling": ["advantage_culling"],
    "own-map advantage, mixture": ["advantage_mixture"],
}


def compare(table: pd.DataFrame) -> pd.DataFrame:
    """How well other numbers find harmful artefacts: one row a number.

    table : as in `judge`, also with `z`, `advantage_culling`, `advantage_mixture` and `map_verdict`, which may be
        missing in some networks

    Returns `number`, `found` (the share of harmful artefacts in all images whose number is above the 95 % quantile of
    that of classes without an artefact), `harmful` and `without`, how many of each. The last rows are verdicts of the
    shortcut test by maps of culling, with the shares that are called strong among both.
    """
    harmful, without = _harmful(1.0)(table), table["kind"].isna()
    rows = []
    for words, columns in COMPARED.items():
        if not set(columns) <= set(table):
            continue
        number = table[columns].max(axis=1)
        bar = number[without].quantile(0.95)
        there = harmful & number.notna()
        rows.append({"number": words, "found": float((number[there] > bar).mean()), "harmful": int(there.sum()),
                     "without": int((without & number.notna()).sum())})  # fmt: skip
    if "map_verdict" in table:
        for words, of in (("harmful", harmful), ("without an artefact", without)):
            verdict = table.loc[of, "map_verdict"].dropna()
            rows.append({"number": f"strong map of culling, of classes {words}",
                         "found": float((verdict == "strong").mean()), "harmful": len(verdict) if of is harmful else 0,
                         "without": len(verdict) if of is without else 0})  # fmt: skip
    return pd.DataFrame(rows)


def judge_sets(table: pd.DataFrame) -> pd.DataFrame:
    """The sets of two classes and of crops: how many networks have a class of which the test warns.

    table : one row a network and class: `suite` (pairs, photographs), `set`, `kind`, `seed`, `class`, `verdict`,
        `accuracy`, `clean_recall`

    Returns `suite`, `set`, `kind`, `networks`, `with_follows` (class 1, which has the artefact or texture, follows or
    both), `warned` (any class), `not_recognised` (all classes), and the means of `accuracy` and `recall` (of class 1
    on clean images).
    """
    rows = []
    named = table.assign(kind=table["kind"].fillna("") if "kind" in table else "")
    for (suite, which, kind), of_set in named.groupby(["suite", "set", "kind"], sort=False):
        counts = {"with_follows": 0, "warned": 0, "not_recognised": 0}
        for _, network in of_set.groupby("seed"):
            own = network[network["class"].astype(int) == 1]["verdict"]
            counts["with_follows"] += bool(own.isin([FOLLOWS, BOTH]).any())
            counts["warned"] += bool(network["verdict"].isin(FOUND).any())
            counts["not_recognised"] += bool((network["verdict"] == NOT_RECOGNISED).all())
        own = of_set[of_set["class"].astype(int) == 1]
        rows.append({"suite": suite, "set": which, "kind": kind, "networks": of_set["seed"].nunique(), **counts,
                     "accuracy": of_set["accuracy"].mean(), "recall": own["clean_recall"].mean()})  # fmt: skip
    return pd.DataFrame(rows)


def _spearman(pair: FloatArray, times: IntArray) -> float:
    """Spearman's rank correlation of two columns, each row taken so many times."""
    drawn = np.repeat(pair, times, axis=0)
    if len(drawn) < 2 or not (drawn != drawn[:1]).any(axis=0).all():
        return np.nan
    return float(np.corrcoef(pd.DataFrame(drawn).rank().to_numpy().T)[0, 1])
