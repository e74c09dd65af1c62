"""The benchmark of the exchange test and of the data check: what artefacts cost, and whether they are noticed.

Fixed before any result of the seeds that judge; `AIMS` and `AIMS_OF_DATA` have the numbers. Of networks (`judge`):

- *Harm* is `called`, the share of images of other classes that are called the class when they get the artefact, minus
  before, and `lost`, the recall of the class on images without the artefact. Both are compared with the clean networks
  of the same set and architecture: `called` minus their mean, and their mean recall minus that of the network. The
  interval (two-sided, 90 %) has the variance over images and the spread of clean networks, of which it could have been
  one.
- An artefact is *harmful* if `called` or `lost` is at least `HARMFUL`, with a lower end of at least `HARMFUL_LOW`. It
  is *harmless* if both upper ends are below `HARMFUL`. Between them it counts in no share.
- The test *warns* of a class whose verdict is follows, whatever it names.
- A class is *innocent* without an artefact of its own, in a network that has one. Of two classes, the other one has the
  same verdict, and is not counted. A class is *recognised* if its recall with the border of other images of the class
  is at least `RECOGNISED`.
- `by_recall` is a trivial baseline: it warns of a class by its recall on its own test images alone, at a threshold with
  as many false alarms as the test has. It should find fewer artefacts than the test.
- Shares have Clopper and Pearson's one-sided 95 % ends. They take rows as independent; classes of one network may err
  together, so that networks with a false alarm are counted, too.

Of the images alone (`judge_data`): a cause is *right* if it is the one of the artefact that was planted, and *false* in
a class without one. *Files* is the area under the curve of the score of images that carry the artefact, against the
others of the class; 0.5 where no cause is named. Shares have Clopper and Pearson's interval, means Student's over
artefacts, two-sided 95 %.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmarks.draws import CLEAN
from frequency_shortcuts.exchange.answers import REACH
from frequency_shortcuts.exchange.verdict import CANNOT_TELL, FOLLOWS
from frequency_shortcuts.images.artefacts import FINE, KINDS, LOCAL, SMOOTH
from frequency_shortcuts.intervals import clopper_pearson, over_networks

HARMFUL = 0.2
HARMFUL_LOW = 0.1
# As exchange.verdict.LEAST_RECALL when the aims were fixed; another limit there does not change what is counted here.
RECOGNISED = 0.3
TAIL = 0.05  # probability beyond each end
OWN_PART = {FINE: "fine", SMOOTH: "field", LOCAL: "patch"}  # of an artefact, by its family
CLOTHING = "clothing"
SCENES = "scenes"
PAIR = "grain2"  # of two classes
NETWORK = ["suite", "seed", "set"]


def with_harm(table: pd.DataFrame, clean_called: pd.DataFrame) -> pd.DataFrame:
    """The table of `judge` with the harm of each planted artefact.

    table : one row a network and class: `suite`, `architecture`, `set` (clean, or the number of the network),
        `class`, `clean_recall` (on images without the artefact), `clean_images` (on how many), and where there is one,
        the artefact in words, `artefact`, what it does to other images, `called`, and the `called_variance` of that
    clean_called : one row a clean network and artefact: `suite`, `architecture`, `artefact`, `called`

    Changes `called` into the difference from the clean networks, and adds `lost`, both with `_low` and `_high`, and
    `harm`: harmful, harmless or between, and `part`, its own; missing without an artefact.
    """
    recall = table["clean_recall"]
    called_by_clean = _of_clean(table, clean_called, "artefact", "called")
    clean_recall = _of_clean(table, table[table["set"] == CLEAN], "class", "clean_recall")
    over_images = (recall * (1 - recall)).clip(lower=0.01) / table["clean_images"]
    called = table["called"] - called_by_clean["mean"]
    called_variance = table["called_variance"] + called_by_clean["spread"]
    lost = clean_recall["mean"] - recall
    lost_variance = over_images + clean_recall["spread"]
    planted = table["kind"].notna()
    made = table.copy()
    for name, value, variance in (
        ("called", called, called_variance),
        ("lost", lost, lost_variance),
    ):
        reach = REACH * variance**0.5
        made[name] = value.where(planted)
        made[f"{name}_low"] = (value - reach).where(planted)
        made[f"{name}_high"] = (value + reach).where(planted)
    harmful = _harms(made, "called") | _harms(made, "lost")
    harmless = (made["called_high"] < HARMFUL) & (made["lost_high"] < HARMFUL)
    harm = np.select([harmful, harmless], ["harmful", "harmless"], "between")
    made["harm"] = pd.Series(harm, made.index).where(planted)
    made["part"] = _own_part(made["kind"])
    return made


def _of_clean(table: pd.DataFrame, clean: pd.DataFrame, key: str, number: str) -> pd.DataFrame:
    """For each row, `mean` of a number of clean networks, and `spread`: the variance of one more minus this mean."""
    keys = ["suite", "architecture", key]
    found = clean.groupby(keys)[number].agg(["mean", "var", "size"])
    found["spread"] = found["var"] * (1 + 1 / found["size"])
    return table[keys].join(found, on=keys)


def _harms(table: pd.DataFrame, name: str) -> pd.Series:
    return (table[name] >= HARMFUL) & (table[f"{name}_low"] >= HARMFUL_LOW)


def _own_part(kinds: pd.Series) -> pd.Series:
    """The part of the test that is to find artefacts of these kinds; missing without an artefact."""
    return kinds.map(lambda kind: OWN_PART[KINDS[kind].family], na_action="ignore")


class Aim(NamedTuple):
    """A number of the benchmark: a share, or a mean.

    words : what it is
    rows : which rows are counted, an expression of pandas
    value : their column, see `_with_columns` and `_with_causes`
    goals : set of images -> what the number must reach
    most : whether that is what it may be at most
    """

    words: str
    rows: str
    value: str = "warned"
    goals: Mapping[str, float] = {}
    most: bool = False

    def row(self, name: str, images: str, value: float, **others: float) -> dict[str, Any]:
        """The row of a table of aims; `met` is missing without a goal or a value."""
        goal = self.goals.get(images, np.nan)
        met: bool | None = None
        if not np.isnan([goal, value]).any():
            met = value <= goal if self.most else value >= goal
        about = {"aim": name, "images": images, "words": self.words, "value": value}
        return {**about, **others, "goal": goal, "met": met}


WHOLE = "harmful and share == 1"
HALF = "harmful and share == 0.5"
BOTH = "harmful and others > 0"
FEW_FALSE_ALARMS = {CLOTHING: 0.01, SCENES: 0.01}
MOST_OF_MIXED = {CLOTHING: 0.6, SCENES: 0.8}
AIMS = {
    "innocent": Aim(
        "recognised classes without an artefact: warned",
        "innocent and recognised",
        goals=FEW_FALSE_ALARMS,
        most=True,
    ),
    "alarmed": Aim("networks with such a false alarm", "counts_network", "alarmed"),
    "clean": Aim(
        "recognised classes of clean networks: warned", f"set == '{CLEAN}' and recognised"
    ),
    "unclear": Aim(
        "recognised classes without an artefact: cannot tell",
        "innocent and recognised",
        "unclear",
    ),
    "whole": Aim(
        "harmful artefacts in all images of the class: warned",
        WHOLE,
        goals={CLOTHING: 0.9, SCENES: 0.9},
    ),
    "half": Aim("in half of them", HALF, goals=MOST_OF_MIXED),
    "both": Aim("in nine tenths, and in a tenth of all others", BOTH, goals=MOST_OF_MIXED),
    "recall_whole": Aim("in all images, by recall alone", WHOLE, "by_recall"),
    "recall_half": Aim("in half of them, by recall alone", HALF, "by_recall"),
    "recall_both": Aim("in nine tenths and a tenth, by recall alone", BOTH, "by_recall"),
    "harmless": Aim("artefacts that harm nobody: warned", "harm == 'harmless'"),
    "named": Aim(
        "harmful artefacts that are found: their part is named",
        "harmful and warned",
        "own_part_named",
    ),
}
BEHIND = {"recall_half": "half", "recall_both": "both"}  # baseline -> the test, on BEHIND_ON
BEHIND_ON = (CLOTHING, SCENES)
AIMS_OF_DATA = {
    "cause": Aim("fine artefacts: the cause is named", "part == 'fine'", "right", {CLOTHING: 0.8}),
    "cause_all": Aim("in all images of the class", "part == 'fine' and share == 1", "right"),
    "cause_half": Aim("in half of them", "part == 'fine' and share == 0.5", "right"),
    "false": Aim(
        "classes without an artefact: a cause is named",
        "kind.isna()",
        "named",
        {CLOTHING: 0.05},
        most=True,
    ),
    "other": Aim(
        "smooth and local artefacts: a cause is named", "part in ['field', 'patch']", "named"
    ),
    "files_half": Aim(
        "half of the images carry it: area under the curve",
        "part == 'fine' and share == 0.5",
        "files",
        {CLOTHING: 0.8},
    ),
}


def judge(table: pd.DataFrame) -> pd.DataFrame:
    """The aims of the benchmark: one row a number and set of images, with its one-sided 95 % ends.

    table : one row a network and class: `suite`, the images, `seed`, `set` (clean, 1, 2), `class`, `verdict`,
        `follows`, `recall` on its own test images, `border_own`; `kind`, `part`, `share`, `others` and `harm`, missing
        without an artefact

    Returns `aim`, `images`, `words`, `value`, `low`, `high`, `count` (rows), `goal`, `met`.
    """
    table = _with_columns(table.reset_index(drop=True))
    rows = []
    for name, aim in AIMS.items():
        chosen = table.query(aim.rows)
        for images in dict.fromkeys(table["suite"]):
            values = chosen.loc[chosen["suite"] == images, aim.value].astype(bool)
            rows.append(aim.row(name, images, **share_with_ends(values, TAIL)))
    return _beside_the_test(pd.DataFrame(rows))


def _with_columns(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the columns by which `AIMS` choose rows, and those that they count."""
    is_without = table["kind"].isna() & (table["set"] != CLEAN)
    table = table.assign(
        innocent=is_without & (table["suite"] != PAIR),
        recognised=table["border_own"] >= RECOGNISED,
        harmful=table["harm"] == "harmful",
        warned=table["verdict"] == FOLLOWS,
        unclear=table["verdict"] == CANNOT_TELL,
        own_part_named=[
            part in follows.split(", ")
            for part, follows in zip(table["part"], table["follows"], strict=True)
        ],
    )
    counted = table["innocent"] & table["recognised"]
    networks = table[counted].groupby(NETWORK)
    table["alarmed"] = networks["warned"].transform("any").reindex(table.index, fill_value=False)
    table["counts_network"] = counted & ~table[NETWORK].where(counted).duplicated()
    table["by_recall"] = _by_recall(table, table[counted])
    return table


def _by_recall(table: pd.DataFrame, innocent: pd.DataFrame) -> pd.Series:
    """Whether the recall of a class on its own test images exceeds a threshold, which warns without any test.

    At the threshold of a seed, the other seeds of the set of images have as many false alarms as the exchange test.
    """
    warned = pd.Series(False, table.index)
    for (suite, seed), rows in table.groupby(["suite", "seed"]):
        others = innocent[(innocent["suite"] == suite) & (innocent["seed"] != seed)]
        if len(others):
            silent = 1 - others["warned"].mean()
            threshold = others["recall"].quantile(silent, interpolation="higher")
            warned[rows.index] = rows["recall"] > threshold
    return warned


def share_with_ends(values: pd.Series, tail: float) -> dict[str, float]:
    """The `value` of a share with Clopper and Pearson's ends and its `count`; without a row there are none."""
    low, high = np.nan, np.nan
    if len(values):
        low, high = clopper_pearson(int(values.sum()), len(values), tail)
    return {"value": float(values.mean()), "low": low, "high": high, "count": len(values)}


def _beside_the_test(aims: pd.DataFrame) -> pd.DataFrame:
    """The table of aims where those of the baseline have what the test finds as their goal."""
    aims = aims.set_index(["aim", "images"])
    for baseline, test in BEHIND.items():
        for images in BEHIND_ON:
            if (test, images) in aims.index:
                found = aims.loc[(test, images), "value"]
                value = aims.loc[(baseline, images), "value"]
                aims.loc[(baseline, images), "goal"] = found
                if not np.isnan(found):
                    aims.loc[(baseline, images), "met"] = bool(value < found)
    return aims.reset_index()


def judge_data(table: pd.DataFrame) -> pd.DataFrame:
    """The aims by the images alone: one row a number, with its 95 % interval.

    table : one row a set and class, of all seeds: `set`, `cause`, and where there is an artefact `kind`, `share` and
        `files`

    Returns the columns of `judge`; `met` is missing without a goal.
    """
    table = _with_causes(table)
    rows = []
    for name, aim in AIMS_OF_DATA.items():
        values = table.query(aim.rows)[aim.value]
        numbers = share_with_ends(values, TAIL / 2)
        if aim.value == "files":
            _, low, high, _ = over_networks(values)
            numbers |= {"low": max(low, 0.0), "high": min(high, 1.0)}
        rows.append(aim.row(name, CLOTHING, **numbers))
    return pd.DataFrame(rows)


def _with_causes(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the own `part` of each artefact, and whether a cause is `named`, and `right`."""
    cause = table["cause"].fillna("")
    planted = table["kind"].map(lambda kind: KINDS[kind].cause, na_action="ignore")
    return table.assign(part=_own_part(table["kind"]), named=cause != "", right=cause == planted)
