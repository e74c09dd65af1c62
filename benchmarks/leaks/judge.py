"""The benchmark of the exchange test and of the data check: what artefacts cost, and whether they are noticed.

Fixed before any result of the seeds that judge; `AIMS` and `AIMS_OF_DATA` have the numbers. Of networks (`judge`):

- *Harm* is `called`, the share of images of other classes that are called the class when they get the artefact, minus
  before, and `lost`, the recall of the class on images without the artefact. Both are compared with the clean networks
  of the same architecture: `called` minus their mean, and their mean recall minus that of the network. The interval
  (two-sided, 90 %) has the variance over images and the spread of clean networks, of which it could have been one.
- An artefact is *harmful* if `called` or `lost` is at least `HARMFUL`, with a lower end of at least `HARMFUL_LOW`. It
  *harms nobody* if both upper ends are below `HARMFUL`. Between them it counts in no share.
- The test *warns* of a class whose verdict is follows, by whichever part. False alarms are counted in classes without
  an artefact of their own; of two classes, the other one has the same verdict, and is not counted.
- All shares are bootstrapped over seeds and over classes, both drawn anew within each set; their ends are one-sided,
  95 %. Where all rows have one value, they are Clopper and Pearson's: how many networks could have another?
- `by_recall` is a trivial baseline: it warns of a class by its recall on its own test images alone.

Of the images alone (`judge_data`): a cause is *right* if it is the one of the artefact that was planted, and *false* in
a class without one. *Files* is the area under the curve of the score of images that carry the artefact, against the
others of the class; 0.5 where no cause is named. Shares have Clopper and Pearson's interval, means Student's over
artefacts, two-sided 95 %; ends of a share of 0 or 1 are those above.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmarks.draws import CLEAN
from frequency_shortcuts.exchange.answers import FOLLOWS, NOT_RECOGNISED, PARTS, REACH
from frequency_shortcuts.images.artefacts import FINE, KINDS, LOCAL, SMOOTH
from frequency_shortcuts.intervals import clopper_pearson, over_networks, spearman
from frequency_shortcuts.spectrum.arrays import FloatArray

HARMFUL, HARMFUL_LOW = 0.2, 0.1
DRAWS, FEW_DRAWS = 4000, 500  # of the bootstrap, and of that of rank correlations
TAIL = 0.05  # probability beyond each end
OWN_PART = {FINE: "fine", SMOOTH: "field", LOCAL: "patch"}  # of an artefact, by its family
ALL, CLOTHING, PHOTOGRAPHS, GRAINY = "all sets", "clothing", "photographs", "grainy"
# Of each suite.
IMAGES = {"clothing": CLOTHING, "crops": PHOTOGRAPHS, "grain2": GRAINY, "grain4": GRAINY}
PAIR = "grain2"  # of two classes
VERSION_2 = ("follows", "needs", "follows and needs")  # verdicts of version 2.0.0 that warn
NETWORK = ["suite", "seed", "set"]
KEY = [*NETWORK, "class"]


def with_harm(table: pd.DataFrame, clean_called: pd.DataFrame) -> pd.DataFrame:
    """The table of `judge` with the harm of each planted artefact.

    table : one row a network and class: `suite`, `architecture`, `set` (clean, or the number of the network),
        `class`, `clean_recall` (on images without the artefact), `clean_images` (on how many), and where there is one,
        the artefact in words, `artefact`, what it does to other images, `called`, and the `called_variance` of that
    clean_called : one row a clean network and artefact: `suite`, `architecture`, `artefact`, `called`

    Changes `called` into the difference from the clean networks, and adds `lost`, both with `_low` and `_high`, and
    `harm`: harmful, harmless or between, and `part`, its own; missing without an artefact.
    """
    p = table["clean_recall"]
    called = _of_clean(table, clean_called, "artefact", "called")
    recall = _of_clean(table, table[table["set"] == CLEAN], "class", "clean_recall")
    of_recall = (p * (1 - p)).clip(lower=0.01) / table["clean_images"]
    measured = {
        "called": (table["called"] - called["mean"], table["called_variance"] + called["spread"]),
        "lost": (recall["mean"] - p, of_recall + recall["spread"]),
    }
    planted = table["kind"].notna()
    made = table.copy()
    for name, (value, variance) in measured.items():
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


def with_version_2(table: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """The table with `version_2`, the verdicts of version 2.0.0: a row a network and class, `KEY` and `verdict`."""
    before = verdicts[[*KEY, "verdict"]].rename(columns={"verdict": "version_2"})
    return table.merge(before, on=KEY, how="left").fillna({"version_2": ""})


class Aim(NamedTuple):
    """A number of the benchmark: its words, its rows, and the column of their values (see `_described`).

    goals : for which images -> what it and, if anything, its end must reach, at least or at most
    """

    words: str
    rows: str
    value: str = "warned"
    goals: Mapping[str, tuple[float, float | None]] = {}
    least: bool = True

    def row(
        self, name: str, images: str, value: float, low: float, high: float, count: int
    ) -> dict[str, Any]:
        """The row of a table of aims; `met` is missing without a goal."""
        goal, end = self.goals.get(images, (np.nan, None))
        met: Any = None
        if not np.isnan([goal, value]).any():
            met = value >= goal if self.least else value <= goal
            if end is not None:
                met = met and (low >= end if self.least else high <= end)
        return {
            "aim": name,
            "images": images,
            "words": self.words,
            "value": value,
            "low": low,
            "high": high,
            "count": count,
            "goal": goal,
            "end": end,
            "met": met,
        }


AIMS = {
    "fewer": Aim(
        "classes without an artefact: warned, minus version 2.0.0",
        "innocent",
        "more",
        {ALL: (0, 0)},
        False,
    ),
    "as_many": Aim(
        "harmful fine artefacts in all images: warned, minus version 2.0.0",
        "whole and part == 'fine'",
        "more",
        {ALL: (-0.05, -0.05)},  # not inferior: by its end
    ),
    "fine": Aim(
        "harmful fine artefacts in all images: warned",
        "whole and part == 'fine'",
        goals={ALL: (0.92, 0.85)},
    ),
    "field": Aim("the same of smooth ones", "whole and part == 'field'", goals={ALL: (0.9, None)}),
    "patch": Aim("the same of local ones", "whole and part == 'patch'", goals={ALL: (0.85, None)}),
    "both": Aim(
        "harmful artefacts in 0.9 of the class and 0.1 of all others: warned",
        "harmful and others > 0",
        goals={ALL: (0.7, None)},
    ),
    "both_called": Aim(
        "those of which others are called the class", "harmful and others > 0 and others_called"
    ),
    "half": Aim("harmful artefacts in half of the images: warned", "harmful and share == 0.5"),
    "whole": Aim("harmful artefacts in all images: warned", "whole"),
    "recall_whole": Aim("harmful artefacts in all images: by recall alone", "whole", "by_recall"),
    "recall_half": Aim("in half of the images", "harmful and share == 0.5", "by_recall"),
    "recall_both": Aim("in 0.9 and 0.1", "harmful and others > 0", "by_recall"),
    "recall_innocent": Aim("classes without an artefact, by recall alone", "innocent", "by_recall"),
    "clean": Aim(
        "recognised classes of clean networks: warned",
        "set == 'clean' and recognised",
        goals={CLOTHING: (0.01, 0.025)},
        least=False,
    ),
    "others": Aim(
        "other classes of networks with an artefact: warned",
        "innocent and set != 'clean'",
        goals={CLOTHING: (0.02, None)},
        least=False,
    ),
    "recognised": Aim(
        "those that are recognised",
        "innocent and set != 'clean' and recognised",
        goals={PHOTOGRAPHS: (0.2, None)},
        least=False,
    ),
    "harmless": Aim(
        "artefacts that harm nobody: warned",
        "harm == 'harmless'",
        goals={ALL: (0.1, None)},
        least=False,
    ),
}
CORRELATION = Aim(
    "rank correlation of the number of the own part with recall lost",
    "not without",
    "own",
    {ALL: (0.65, None)},
)
AIMS_OF_DATA = {
    "cause": Aim(
        "fine artefacts: the cause is named", "part == 'fine'", "right", {CLOTHING: (0.8, None)}
    ),
    "cause_all": Aim("in all images of the class", "part == 'fine' and share == 1", "right"),
    "cause_half": Aim("in half of them", "part == 'fine' and share == 0.5", "right"),
    "false": Aim(
        "classes without an artefact: a cause is named",
        "without",
        "named",
        {CLOTHING: (0.05, None)},
        least=False,
    ),
    "other": Aim(
        "smooth and local artefacts: a cause is named", "part in ['field', 'patch']", "named"
    ),
    "files_half": Aim(
        "half of the images carry it: area under the curve",
        "part == 'fine' and share == 0.5",
        "files",
        {CLOTHING: (0.8, None)},
    ),
}


def _described(table: pd.DataFrame) -> pd.DataFrame:
    """A table with the own `part` of each artefact, and whether a class is `without` one.

    With causes, also whether the cause is `named` and `right`. With verdicts, whether the class is `warned` of, by how
    much `more` than by version 2.0.0, where that is known, whether it is `recognised`, and `innocent`: to be counted
    among false alarms; the number of the `own` part of its artefact, and whether that is `harmful`, with
    `others_called` the class, and `whole`: in all images of the class alone.
    """
    kinds = table["kind"].map(KINDS, na_action="ignore")
    table = table.assign(
        part=_own_part(table["kind"]),
        without=table["kind"].isna(),
    )
    if "cause" in table:
        cause = table["cause"].fillna("")
        table["named"] = cause != ""
        table["right"] = cause == kinds.map(lambda kind: kind.cause, na_action="ignore")
    if "verdict" in table:
        table["warned"] = table["verdict"] == FOLLOWS
        before = table["version_2"].isin(VERSION_2)
        table["more"] = (table["warned"].astype(float) - before).where(
            table["version_2"].fillna("") != ""
        )
        table["recognised"] = table["verdict"] != NOT_RECOGNISED
        table["innocent"] = table["without"] & ((table["suite"] != PAIR) | (table["set"] == CLEAN))
        of_part = [table["part"] == part for part in PARTS]
        table["own"] = np.select(of_part, [table[part] for part in PARTS], np.nan)
        table["harmful"] = table["harm"] == "harmful"
        table["others_called"] = _harms(table, "called")
        table["whole"] = table["harmful"] & (table["share"] == 1)
        table["by_recall"] = _by_recall(table)
    return table


def _by_recall(table: pd.DataFrame) -> pd.Series:
    """Whether the recall of a class on its own test images exceeds a threshold, which warns without any test.

    At the threshold of a seed, the other seeds of the suite have as many false alarms as the exchange test.
    """
    warned = pd.Series(False, table.index)
    innocent = table[table["innocent"]]
    for (suite, seed), rows in table.groupby(["suite", "seed"]):
        others = innocent[(innocent["suite"] == suite) & (innocent["seed"] != seed)]
        if len(others):
            silent = 1 - others["warned"].mean()
            warned[rows.index] = rows["recall"] > others["recall"].quantile(
                silent, interpolation="higher"
            )
    return warned


def judge(table: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """The aims of the benchmark: one row a number and images, with its one-sided 95 % ends.

    table : one row a network and class: `suite` (of `IMAGES`), `seed`, `set` (clean, 1, 2, ...), `class`, `verdict`,
        `recall` on its own test images, `fine`, `field`, `patch`; `kind`, `share`, `others`, `called`, `lost` and
        `harm`, missing without an artefact; `version_2`

    Returns `aim`, `images`, `words`, `value`, `low`, `high`, `count` (rows), `goal`, `end` (what the end must reach, if
    anything), `met`.
    """
    table, generator = _described(table.reset_index(drop=True)), np.random.default_rng(seed)
    weights, suites, rows = _drawn_anew(table, generator), table["suite"].map(IMAGES).to_numpy(), []
    places = {
        images: (suites == images) | (images == ALL) for images in (ALL, *dict.fromkeys(suites))
    }
    for name, aim in AIMS.items():
        of_aim = table.eval(aim.rows).to_numpy(bool) & table[aim.value].notna().to_numpy()
        for images, there in places.items():
            chosen = of_aim & there
            value, drawn = table.loc[chosen, aim.value].to_numpy(float), weights[:, chosen]
            total = drawn.sum(axis=1)
            means = (drawn @ value)[total > 0] / total[total > 0]
            numbers = _with_ends(value.mean() if len(value) else np.nan, means)
            if len(set(value)) == 1:
                numbers = value[0], *_ends_of_constant(table[chosen], aim.value)
            rows.append(aim.row(name, images, *numbers, len(value)))
    for images, there in places.items():
        chosen = ~table["without"].to_numpy() & there
        pair = table.loc[chosen, ["own", "lost"]].to_numpy(float)
        counts = weights[:FEW_DRAWS, chosen].astype(int)
        drawn = np.array([spearman(*np.repeat(pair, count, axis=0).T) for count in counts])
        rows.append(
            CORRELATION.row(
                "own_lost",
                images,
                *_with_ends(spearman(*pair.T), drawn[~np.isnan(drawn)]),
                len(pair),
            )
        )
    return pd.DataFrame(rows)


def _drawn_anew(table: pd.DataFrame, generator: np.random.Generator) -> FloatArray:
    """How often each row of a table is in each draw of the bootstrap: its seed times its class, float [draw, row]."""
    weights = np.ones((DRAWS, len(table)))
    for rows in table.groupby("suite").indices.values():
        for column in ("seed", "class"):
            names, number = np.unique(
                table[column].to_numpy()[rows].astype(str), return_inverse=True
            )
            drawn = generator.multinomial(
                len(names), np.full(len(names), 1 / len(names)), size=DRAWS
            )
            weights[:, rows] *= drawn[:, number]
    return weights


def _with_ends(value: float, drawn: FloatArray) -> tuple[float, float, float]:
    """A value and its one-sided 95 % ends, of some draws."""
    low, high = np.quantile(drawn, [TAIL, 1 - TAIL]) if len(drawn) else (np.nan, np.nan)
    return float(value), float(low), float(high)


def _ends_of_constant(rows: pd.DataFrame, column: str) -> tuple[float, float]:
    """The one-sided 95 % ends of the mean of a column of one value: no network has another, but some could."""
    value, networks = float(rows[column].iloc[0]), len(rows[NETWORK].drop_duplicates())
    _, reach = clopper_pearson(0, networks, TAIL)
    least = -1 if column == "more" else 0
    return max(value - reach, least), min(value + reach, 1)


def judge_data(table: pd.DataFrame) -> pd.DataFrame:
    """The aims by the images alone: one row a number, with its interval.

    table : one row a set and class, of all seeds: `set`, `cause`, and where there is an artefact `kind`, `share` and
        `files`

    Returns the columns of `judge` but `end`; `met` is missing without a goal.
    """
    table, rows = _described(table), []
    for name, aim in AIMS_OF_DATA.items():
        chosen = table.eval(aim.rows)
        values = table.loc[chosen, aim.value]
        if len(set(values)) == 1:
            low, high = _ends_of_constant(table[chosen], aim.value)
        elif values.dtype == bool:
            low, high = clopper_pearson(int(values.sum()), len(values))
        else:
            low, high = np.clip(over_networks(values)[1:3], 0, 1)
        rows.append(aim.row(name, CLOTHING, float(values.mean()), low, high, len(values)))
    return pd.DataFrame(rows).drop(columns="end")


def judge_sets(table: pd.DataFrame) -> pd.DataFrame:
    """The sets beside these, of two classes or of textures: how many networks have a class of which the test warns.

    table : one row a network and class: `suite` (pairs, photographs, textures), `set`, `kind`, `seed`, `class`,
        `verdict`, `follows`, `accuracy`, `clean_recall`

    Returns `suite`, `set`, `kind`, `networks`, `warned` and `not_recognised` (all classes), how many of them follow
    each part, and the means of `accuracy` and `recall` (of class 1 on clean images).
    """
    table = table.assign(
        recall=table["clean_recall"].where(table["class"].astype(int) == 1),
        warned=table["verdict"] == FOLLOWS,
        recognised=table["verdict"] != NOT_RECOGNISED,
        **{part: table["follows"].str.contains(part) for part in PARTS},
    )
    sets, any_class = ["suite", "set", "kind"], ["warned", *PARTS, "recognised"]
    networks = table.groupby([*sets, "seed"], sort=False)[any_class].any().groupby(sets, sort=False)
    counts = networks.sum()
    counts.insert(0, "networks", networks.size())
    counts["not_recognised"] = counts["networks"] - counts.pop("recognised")
    return counts.join(table.groupby(sets, sort=False)[["accuracy", "recall"]].mean()).reset_index()
