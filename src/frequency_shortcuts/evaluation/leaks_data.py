"""The benchmark of the counterfactual test, by the images alone: is the artefact named, and are its files found?

Fixed before any result of the seeds that judge:

- A cause is *right* if it is the one of the artefact that was planted (`artefacts.KINDS`). Brightness has none.
- *Evidence* puts classes with a named cause first, and then those with the larger area under the curve. A class is
  *first* if it is among the two that come first, as many as have an artefact.
- A cause is *false* in a class without an artefact, of sets with and without artefacts in other classes.
- *Files*: the area under the curve of the score of images that carry the artefact, against the others of the class; 0.5
  where no cause is named.
- Shares have Clopper and Pearson's interval, means Student's over artefacts, two-sided 95 %.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from frequency_shortcuts.data.artefacts import KINDS, Artefact
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.intervals import clopper_pearson, over_networks

from .areas import area
from .fine_differences import tell

CAUSES = {"wave": "wave", **{name: kind.cause for name, kind in KINDS.items()}}
FIRST = 2  # classes of a set have an artefact


def measure(images: Split, sets: Mapping[str, Sequence[Artefact]], seed: int) -> pd.DataFrame:
    """What tells the classes of images with some artefacts: a row for each set and class.

    images : without artefacts; sets : name -> artefacts in different classes

    Returns the columns of `Told.table`, `set`, `rank` by the evidence, and where there is an artefact `kind`,
    `strength`, `share` and, where not all images carry it, `files`.
    """
    tables = []
    for name, artefacts in sets.items():
        pixels, carry = np.asarray(images.images[:]), {a.label: a.carriers(images.labels) for a in artefacts}
        for artefact in artefacts:
            pixels = artefact.add_to(pixels, carry[artefact.label])
        told = tell(pixels, images.labels, len(images.classes), seed=seed)
        table = told.table.assign(set=name, files=np.nan)
        evidence = table["auc"] + (table["cause"] != "")
        table["rank"] = evidence.rank(ascending=False, method="first").astype(int)
        for artefact in artefacts:
            row, own = table["class"] == artefact.label, images.labels == artefact.label
            table.loc[row, ["kind", "strength", "share"]] = artefact.kind, artefact.strength, artefact.share
            if artefact.share < 1:
                scores = told.files[own]
                known = not np.isnan(scores).any()
                table.loc[row, "files"] = area(scores, carry[artefact.label][own])[0] if known else 0.5
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def some_of_each_class(images: Split, count: int, seed: int) -> Split:
    """So many images of each class, drawn by the seed."""
    generator = np.random.default_rng([48, seed])
    of = [np.flatnonzero(images.labels == k) for k in range(len(images.classes))]
    chosen = np.sort(np.concatenate([generator.choice(positions, count, replace=False) for positions in of]))
    return replace(images.subset(chosen), images=np.asarray(images.images[:])[chosen])


class Aim(NamedTuple):
    """A number of the benchmark: its words, the rows and their values, what it must reach, and from which side."""

    words: str
    rows: Callable[[pd.DataFrame], pd.Series]
    value: Callable[[pd.DataFrame], pd.Series]
    goal: float = np.nan
    least: bool = True


def _fine(share: float | None = None) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda table: table["kind"].map(CAUSES).fillna("").ne("") & (share is None or table["share"].eq(share))


def _right(table: pd.DataFrame) -> pd.Series:
    return table["cause"] == table["kind"].map(CAUSES)


def _named(table: pd.DataFrame) -> pd.Series:
    return table["cause"] != ""


AIMS = {
    "cause": Aim("artefacts with a cause: it is named", _fine(), _right, 0.8),
    "cause_all": Aim("in all images of the class", _fine(1.0), _right),
    "cause_half": Aim("in half of them", _fine(0.5), _right),
    "cause_quarter": Aim("in a quarter of them", _fine(0.25), _right),
    "first": Aim("its class is among the two that come first", _fine(), lambda table: table["rank"] <= FIRST, 0.8),
    "false": Aim(
        "classes without an artefact: a cause is named", lambda table: table["kind"].isna(), _named, 0.05, least=False
    ),
    "brightness": Aim("brightness: a cause is named", lambda table: table["kind"] == "brightness", _named, least=False),
    "files_half": Aim("half of the images carry it: area under the curve", _fine(0.5), lambda t: t["files"], 0.8),
    "files_quarter": Aim("a quarter carries it: area under the curve", _fine(0.25), lambda t: t["files"], 0.8),
}


def judge(table: pd.DataFrame) -> pd.DataFrame:
    """The aims: one row a number, with its interval. table : as `measure` makes it, of all seeds.

    Returns `aim`, `words`, `value`, `low`, `high`, `count` (rows), `goal`, `met` (missing without a goal).
    """
    table = table.assign(cause=table["cause"].fillna(""))
    rows = []
    for name, aim in AIMS.items():
        values = aim.value(table)[aim.rows(table)]
        if values.dtype == bool:
            low, high = clopper_pearson(int(values.sum()), len(values))
        else:
            low, high = np.clip(over_networks(values)[1:3], 0, 1)
        value = float(values.mean())
        met: Any = None if np.isnan(aim.goal) else value >= aim.goal if aim.least else value <= aim.goal
        rows.append({"aim": name, "words": aim.words, "value": value, "low": low, "high": high, "count": len(values),
                     "goal": aim.goal, "met": met})  # fmt: skip
    return pd.DataFrame(rows)
