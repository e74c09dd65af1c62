"""The benchmark of the counterfactual test and of the data check: what artefacts cost, and whether they are noticed.

Fixed before any result of the seeds that judge. Of networks (`judge`):

- *Harm* is measured on images without the artefact. `called`: the share of images of other classes that are called the
  class when they get the artefact, minus before. `lost`: the recall of the class on images without the artefact. Both
  are compared with the clean networks of the same architecture: `called` minus their mean, and their mean recall minus
  that of the network. The interval (two-sided, 90 %) has the variance over images and the spread of clean networks,
  since the network itself could have been any of them.
- An artefact is *harmful* if `called` or `lost` is at least `HARMFUL`, with a lower end of at least `HARMFUL_LOW`. It
  *harms nobody* if both upper ends are below `HARMFUL`. Between them it counts in no share.
- The test *warns* of a class whose verdict is follows, needs, or both.
- The kind `brightness` is coarse: it is only in the share of harmless artefacts, and in the correlations.
- All shares are bootstrapped over networks; their ends are one-sided, 95 %.

Of the images alone (`judge_data`):

- A cause is *right* if it is the one of the artefact that was planted (`artefacts.KINDS`). Brightness has none.
- A cause is *false* in a class without an artefact, of sets with and without artefacts in other classes.
- *Files*: the area under the curve of the score of images that carry the artefact, against the others of the class; 0.5
  where no cause is named.
- Shares have Clopper and Pearson's interval, means Student's over artefacts, two-sided 95 %.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from frequency_shortcuts.data.artefacts import FINE, KINDS, Artefact
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.intervals import clopper_pearson, over_networks, spearman
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray
from frequency_shortcuts.storage.tables import read_table

from .data_check import compare_classes
from .flip_rates import BOTH, FOLLOWS, FOUND, NOT_RECOGNISED, REACH

HARMFUL, HARMFUL_LOW = 0.2, 0.1
DRAWS = 4000  # of the bootstrap


def join_tables(files: Iterable[str | os.PathLike[str]], name: str | None = None) -> pd.DataFrame:
    """The tables of this name, or all, among some files, joined, without those that have no rows."""
    tables = [read_table(file) for file in files if name in (None, Path(file).name)]
    return pd.concat([table for table in tables if len(table)], ignore_index=True)


def with_harm(table: pd.DataFrame, clean_called: pd.DataFrame) -> pd.DataFrame:
    """The table of `judge` with the harm of each planted artefact.

    table : one row a network and class: `suite`, `architecture`, `set` (clean, or the number of the network),
        `class`, `clean_recall` (on images without the artefact), `clean_images` (on how many), and where there is one,
        the artefact in words, `artefact`, what it does to other images, `called`, and the `called_variance` of that
    clean_called : one row a clean network and artefact: `suite`, `architecture`, `artefact`, `called`

    Changes `called` into the difference from the clean networks, and adds `lost`, both with `_low` and `_high`, and
    `harm`: harmful, harmless or between; missing without an artefact.
    """
    called = clean_called.groupby(["suite", "architecture", "artefact"])["called"]
    recalls = table[table["set"] == "clean"].groupby(["suite", "architecture", "class"])["clean_recall"]
    rows = []
    for row in table.to_dict("records"):
        if not pd.isna(row["kind"]):
            of_clean, own = ((row["suite"], row["architecture"], row[key]) for key in ("artefact", "class"))
            row |= _harm(row, called.get_group(of_clean).to_numpy(), recalls.get_group(own).to_numpy())
        rows.append(row)
    return pd.DataFrame(rows)


def _harm(row: dict[str, Any], called: FloatArray, recalls: FloatArray) -> dict[str, Any]:
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
    """A number of the benchmark: its words, its rows, the column of their values (see `_described`), and what it and
    its end must reach, at least or at most."""

    words: str
    rows: str = ""
    value: str = ""
    goal: float = np.nan
    end: float | None = None
    least: bool = True

    def row(self, name: str, value: float, low: float, high: float, count: int) -> dict[str, Any]:
        """The row of a table of aims; `met` is missing without a goal."""
        met: Any = None if np.isnan(self.goal) else value >= self.goal if self.least else value <= self.goal
        if met and self.end is not None:
            met = low >= self.end if self.least else high <= self.end
        return {"aim": name, "words": self.words, "value": value, "low": low, "high": high, "count": count,
                "goal": self.goal, "end": self.end, "met": met}  # fmt: skip


AIMS = {
    "power": Aim("harmful artefacts in all images: warned", "harmful and share == 1", "warned", 0.9, 0.8),
    "power_half": Aim("harmful artefacts in half of the images: warned", "harmful and share == 0.5", "warned"),
    "power_quarter": Aim("harmful artefacts in a quarter: warned", "harmful and share == 0.25", "warned"),
    "plain": Aim("classes of clean networks: warned", "set == 'clean'", "warned", 0.02, 0.05, False),
    "others": Aim(
        "other classes of networks with an artefact: warned", "set != 'clean' and without", "warned", 0.03, None, False
    ),
    "harmless": Aim("artefacts that harm nobody: warned", "harm == 'harmless'", "warned", 0.1, None, False),
    "cause": Aim("harmful and warned: the cause is right", "harmful and warned", "right", 0.8),
}
CORRELATIONS = {  # the columns of the two numbers, too
    "flip_called": ("flip", "called", Aim("rank correlation of flip with called", goal=0.75)),
    "need_lost": ("need", "lost", Aim("rank correlation of need with lost", goal=0.6)),
}
AIMS_OF_DATA = {
    "cause": Aim("artefacts with a cause: it is named", "fine", "right", 0.8),
    "cause_all": Aim("in all images of the class", "fine and share == 1", "right"),
    "cause_half": Aim("in half of them", "fine and share == 0.5", "right"),
    "cause_quarter": Aim("in a quarter of them", "fine and share == 0.25", "right"),
    "false": Aim("classes without an artefact: a cause is named", "without", "named", 0.05, None, False),
    "brightness": Aim("brightness: a cause is named", "kind == 'brightness'", "named"),
    "files_half": Aim("half of the images carry it: area under the curve", "fine and share == 0.5", "files", 0.8),
    "files_quarter": Aim("a quarter carries it: area under the curve", "fine and share == 0.25", "files", 0.8),
}


def _described(table: pd.DataFrame) -> pd.DataFrame:
    """A table with whether a class is `without` an artefact or has a `fine` one, and its cause is `named` or `right`.

    With verdicts, also whether it is `warned` of, and whether its artefact is fine and `harmful`.
    """
    right, family = (
        table["kind"].map({name: getattr(kind, about) for name, kind in KINDS.items()}) for about in ("cause", "family")
    )
    cause = table["cause"].fillna("")
    table = table.assign(without=table["kind"].isna(), fine=family == FINE, named=cause != "")
    table["right"] = cause == right
    if "verdict" in table:
        table["warned"] = table["verdict"].isin(FOUND)
        table["harmful"] = table["fine"] & (table["harm"] == "harmful")
    return table


def judge(table: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """The aims of the benchmark: one row a number, with its one-sided 95 % ends, bootstrapped over networks.

    table : one row a network and class: `seed`, `set` (clean, first, second), `kind`, `share` and `harm` (missing
        without an artefact), `verdict`, `cause`, `flip`, `need`, `called`, `lost`

    Returns `aim`, `words`, `value`, `low`, `high`, `count` (rows), `goal`, `end` (what the end must reach, if
    anything), `met`. The correlations are Spearman's, over all planted artefacts.
    """
    table, generator = _described(table), np.random.default_rng(seed)
    groups, number = np.unique(table["seed"].astype(str) + table["set"], return_inverse=True)
    weights = np.stack(
        [np.bincount(generator.integers(len(groups), size=len(groups)), minlength=len(groups)) for _ in range(DRAWS)]
    )[:, number]
    rows = []
    for name, aim in AIMS.items():
        chosen = table.eval(aim.rows).to_numpy(bool)
        value = table.loc[chosen, aim.value].to_numpy(float)
        drawn = (weights[:, chosen] @ value) / np.maximum(weights[:, chosen].sum(axis=1), 1)
        there = drawn[weights[:, chosen].sum(axis=1) > 0]
        low, high = np.quantile(there, [0.05, 0.95]) if len(there) else (np.nan, np.nan)
        mean = float(value.mean()) if len(value) else np.nan
        rows.append(aim.row(name, mean, low, high, len(value)))
    planted = ~table["without"] & table[["flip", "need", "called", "lost"]].notna().all(axis=1)
    for name, (number_of, harm_of, aim) in CORRELATIONS.items():
        pair = table.loc[planted, [number_of, harm_of]].to_numpy()
        drawn = np.array([spearman(*np.repeat(pair, draw, axis=0).T) for draw in weights[:500, planted]])
        low, high = np.nanquantile(drawn, [0.05, 0.95]) if not np.isnan(drawn).all() else (np.nan, np.nan)
        rows.append(aim.row(name, spearman(*pair.T), low, high, len(pair)))
    return pd.DataFrame(rows)


def measure_data(images: Split, sets: Mapping[str, Sequence[Artefact]], seed: int) -> pd.DataFrame:
    """What sets the classes of images with some artefacts apart: a row for each set and class.

    images : without artefacts; sets : name -> artefacts in different classes

    Returns the columns of `Comparison.table`, `set`, and where there is an artefact `kind`, `level`, `share` and,
    where not all images carry it, `files`.
    """
    tables = []
    for name, artefacts in sets.items():
        pixels, carry = np.asarray(images.images[:]), {a.label: a.carriers(images.labels) for a in artefacts}
        for artefact in artefacts:
            pixels = artefact.add_to(pixels, carry[artefact.label])
        found = compare_classes(pixels, images.labels, len(images.classes), seed=seed)
        table = found.table.assign(set=name, files=np.nan)
        for artefact in artefacts:
            row, own = table["class"] == artefact.label, images.labels == artefact.label
            table.loc[row, ["kind", "level", "share"]] = artefact.kind, artefact.level, artefact.share
            if artefact.share < 1:
                scores = found.files[own]
                known = not np.isnan(scores).any()
                table.loc[row, "files"] = _area(scores, carry[artefact.label][own]) if known else 0.5
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _area(scores: FloatArray, own: BoolArray) -> float:
    """The area under the curve of scores [n], of images that are `own` [n] against the others."""
    above = pd.Series(scores).rank().to_numpy()[own] - pd.Series(scores[own]).rank().to_numpy()
    return float((above / (~own).sum()).mean())


def some_of_each_class(images: Split, count: int, seed: int) -> Split:
    """So many images of each class, drawn by the seed."""
    generator = np.random.default_rng([48, seed])
    of_classes = [np.flatnonzero(images.labels == k) for k in range(len(images.classes))]
    chosen = np.sort(np.concatenate([generator.choice(own, count, replace=False) for own in of_classes]))
    return replace(images.subset(chosen), images=np.asarray(images.images[:])[chosen])


def judge_data(table: pd.DataFrame) -> pd.DataFrame:
    """The aims by the images alone: one row a number, with its interval.

    table : one row a set and class, of all seeds: `set`, `cause`, and where there is an artefact `kind`, `share` and
        `files`

    Returns the columns of `judge` but `end`; `met` is missing without a goal.
    """
    table, rows = _described(table), []
    for name, aim in AIMS_OF_DATA.items():
        values = table.loc[table.eval(aim.rows), aim.value]
        if values.dtype == bool:
            low, high = clopper_pearson(int(values.sum()), len(values))
        else:
            low, high = np.clip(over_networks(values)[1:3], 0, 1)
        rows.append(aim.row(name, float(values.mean()), low, high, len(values)))
    return pd.DataFrame(rows).drop(columns="end")


COMPARED = {
    "largest of flip, sham, part and need": ["flip", "sham", "part", "need"],
    "flip": ["flip"],
    "own-map advantage, culling": ["advantage_culling"],
    "own-map advantage, mixture": ["advantage_mixture"],
}


def compare(table: pd.DataFrame) -> pd.DataFrame:
    """How well other numbers find harmful artefacts: one row a number.

    table : as in `judge`, also with `advantage_culling`, `advantage_mixture` and `map_verdict`, which may be missing in
        some networks

    Returns `number`, `found` (the share of harmful artefacts in all images whose number is above the 95 % quantile of
    that of classes without an artefact), `harmful` and `without`, how many of each. The last rows are verdicts of the
    shortcut test by maps of culling, with the shares that are called strong among both.
    """
    table = _described(table)
    groups = {"harmful": table.eval("harmful and share == 1"), "without an artefact": table["without"]}
    rows: list[tuple[Any, ...]] = []
    for words, columns in COMPARED.items():
        if set(columns) <= set(table):
            number = table[columns].max(axis=1)
            harmful, without = (number[chosen].dropna() for chosen in groups.values())
            found = float((harmful > without.quantile(0.95)).mean())
            rows.append((words, found, len(harmful), len(without)))
    if "map_verdict" in table:
        for place, (words, chosen) in enumerate(groups.items()):
            verdict = table.loc[chosen, "map_verdict"].dropna()
            counts = (0, len(verdict)) if place else (len(verdict), 0)
            rows.append((f"strong map of culling, of classes {words}", float((verdict == "strong").mean()), *counts))
    return pd.DataFrame(rows, columns=["number", "found", "harmful", "without"])


def judge_sets(table: pd.DataFrame) -> pd.DataFrame:
    """The sets of two classes and of crops: how many networks have a class of which the test warns.

    table : one row a network and class: `suite` (pairs, photographs), `set`, `kind`, `seed`, `class`, `verdict`,
        `accuracy`, `clean_recall`

    Returns `suite`, `set`, `kind`, `networks`, `with_follows` (class 1, which has the artefact or texture, follows or
    both), `warned` (any class), `not_recognised` (all classes), and the means of `accuracy` and `recall` (of class 1
    on clean images).
    """
    own = table["class"].astype(int) == 1
    table = table.assign(
        kind=table["kind"].fillna("") if "kind" in table else "",
        with_follows=own & table["verdict"].isin([FOLLOWS, BOTH]), warned=table["verdict"].isin(FOUND),
        not_recognised=table["verdict"] == NOT_RECOGNISED, recall=table["clean_recall"].where(own),
    )  # fmt: skip
    sets, counts = ["suite", "set", "kind"], ["with_follows", "warned", "not_recognised"]
    networks = table.groupby([*sets, "seed"], sort=False).agg(
        {"with_follows": "any", "warned": "any", "not_recognised": "all"}
    )
    found = networks.groupby(sets, sort=False)[counts].agg("sum")
    found.insert(0, "networks", networks.groupby(sets, sort=False).size())
    return found.join(table.groupby(sets, sort=False)[["accuracy", "recall"]].mean()).reset_index()
