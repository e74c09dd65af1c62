"""Six candidate rules that name a class, with the grids of their constants; written before any was run.

Each is chosen on two sets of networks of old seeds, by `loss`, and reported on the third. The simplest rule within one
standard error of the best is taken: `python -m benchmarks.leaks.candidates networks.csv candidates.csv`.

networks.csv : one row a network and class: `set`, `network`, `class`, `recognised`; of the test `border` with
    `border_error`, and for each part its number and lower end; `harm` (missing without an artefact) and `share`
"""

import itertools
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtri

from frequency_shortcuts.exchange.verdict import PARTS
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray

FALSE_ALARMS = 10.0  # a share of false alarms costs as much as ten times this share of misses
DRAWS = 500  # of the bootstrap over networks
SCALED = 1.4826  # a median absolute deviation as a standard deviation
FEW = 5  # from so many classes on, the others have a median

Rule = Callable[..., BoolArray]


def holm_lower_end(table: pd.DataFrame) -> FloatArray:
    """Lower ends of `border`, one-sided 95 %, with Holm's correction over the classes of a network."""
    error = table["border_error"].to_numpy()
    border = table["border"].to_numpy()
    rank = np.argsort(np.argsort(-border / error))
    level = 0.05 / (len(border) - rank)
    return border - ndtri(1 - level) * error


def above_others(values: FloatArray, deviations: float) -> BoolArray:
    """Whether the number of a class is above those of the others: their median and so many deviations.

    With three or four classes: above the largest.
    """
    above = []
    for c, value in enumerate(values):
        others = np.delete(values, c)
        limit = others.max()
        if len(values) >= FEW:
            median = np.median(others)
            limit = median + deviations * SCALED * np.median(np.abs(others - median))
        above.append(value > limit)
    return np.array(above)


def by_border(table: pd.DataFrame, a: float) -> BoolArray:
    """The lower end of the border is above a."""
    return holm_lower_end(table) > a


def by_border_above_others(table: pd.DataFrame, a: float, b: float) -> BoolArray:
    """The same, and the border is above those of the other classes."""
    return by_border(table, a) & above_others(table["border"].to_numpy(), b)


def by_parts(table: pd.DataFrame, t: float) -> BoolArray:
    """The lower end of a part is above t."""
    lows = [table[f"{part}_low"].to_numpy() > t for part in PARTS]
    return np.any(lows, axis=0)


def by_large_parts(table: pd.DataFrame, t: float, share: float = 0.5) -> BoolArray:
    """Parts whose number is at least half of the network's largest."""
    named = []
    for part in PARTS:
        value = table[part].to_numpy()
        named.append((table[f"{part}_low"].to_numpy() > t) & (value >= share * value.max()))
    return np.any(named, axis=0)


def by_parts_above_others(table: pd.DataFrame, t: float, b: float) -> BoolArray:
    """The same, and the number is above those of the other classes."""
    named = []
    for part in PARTS:
        value = table[part].to_numpy()
        named.append((table[f"{part}_low"].to_numpy() > t) & above_others(value, b))
    return np.any(named, axis=0)


def border_or_part(table: pd.DataFrame, a: float, t: float) -> BoolArray:
    """By the border or by a part."""
    return by_border(table, a) | by_parts(table, t)


def border_or_large_part(table: pd.DataFrame, a: float, t: float) -> BoolArray:
    """By the border or by a part whose number is large."""
    return by_border(table, a) | by_large_parts(table, t)


def outlying_border_or_large_part(table: pd.DataFrame, a: float, b: float, t: float) -> BoolArray:
    """By a border above the others or by a part whose number is large."""
    return by_border_above_others(table, a, b) | by_large_parts(table, t)


def outlying_border_or_part(table: pd.DataFrame, a: float, b: float, t: float) -> BoolArray:
    """By a border or a part above the others."""
    return by_border_above_others(table, a, b) | by_parts_above_others(table, t, b)


A = (0.0, 0.02, 0.05, 0.1)
B = (0.0, 3.0, 5.0)
T = (0.02, 0.05, 0.1, 0.15, 0.25)


class Candidate(NamedTuple):
    """A rule, and the values of its constants that are tried."""

    rule: Rule
    grid: Mapping[str, Sequence[float]]


CANDIDATES = [  # simplest first
    Candidate(by_border, {"a": A}),
    Candidate(by_border_above_others, {"a": A, "b": B}),
    Candidate(border_or_part, {"a": A, "t": T}),
    Candidate(border_or_large_part, {"a": A, "t": T}),
    Candidate(outlying_border_or_large_part, {"a": A, "b": B, "t": T}),
    Candidate(outlying_border_or_part, {"a": A, "b": B, "t": T}),
]


def named(table: pd.DataFrame, rule: Rule, constants: Mapping[str, float]) -> pd.Series:
    """Whether a rule names each class of each network."""
    found = [
        pd.Series(rule(network, **constants), network.index)
        for _, network in table.groupby(["set", "network"])
    ]
    return pd.concat(found).reindex(table.index)


def loss(table: pd.DataFrame, is_named: pd.Series) -> float:
    """Missed harmful artefacts, the mean over their shares, and ten times the false alarms among recognised classes."""
    harmful = table["harm"] == "harmful"
    missed = (~is_named[harmful]).groupby(table.loc[harmful, "share"]).mean().mean()
    innocent = table["harm"].isna() & table["recognised"]
    return float(missed + FALSE_ALARMS * is_named[innocent].mean())


def choose(table: pd.DataFrame, candidate: Candidate) -> dict[str, float]:
    """The constants of least loss, a mean over sets; of several, the first."""
    tried = []
    for values in itertools.product(*candidate.grid.values()):
        constants = dict(zip(candidate.grid, values, strict=True))
        is_named = named(table, candidate.rule, constants)
        of_sets = [loss(rows, is_named[rows.index]) for _, rows in table.groupby("set")]
        tried.append((float(np.mean(of_sets)), constants))
    return min(tried, key=lambda pair: pair[0])[1]


def report(table: pd.DataFrame, candidate: Candidate) -> list[dict[str, object]]:
    """The loss on each set, with the constants that the two others choose, and its standard error over networks."""
    generator = np.random.default_rng(0)
    rows = []
    for left_out, reported in table.groupby("set"):
        constants = choose(table[table["set"] != left_out], candidate)
        is_named = named(reported, candidate.rule, constants)
        harmful = reported["harm"] == "harmful"
        innocent = reported["harm"].isna() & reported["recognised"]
        networks = [*reported.groupby("network").indices.values()]
        drawn = []
        for _ in range(DRAWS):
            chosen = generator.integers(len(networks), size=len(networks))
            positions = np.concatenate([networks[n] for n in chosen])
            again = reported.iloc[positions].reset_index(drop=True)
            drawn.append(loss(again, is_named.iloc[positions].reset_index(drop=True)))
        rows.append(
            {
                "rule": candidate.rule.__name__,
                "set": left_out,
                **constants,
                "loss": loss(reported, is_named),
                "error": float(np.nanstd(drawn)),
                "found": int(is_named[harmful].sum()),
                "harmful": int(harmful.sum()),
                "warned": int(is_named[innocent].sum()),
                "innocent": int(innocent.sum()),
            }
        )
    return rows


def main(networks: str, output: str) -> None:
    """Write the table of all candidates."""
    table = pd.read_csv(networks)
    rows = [row for candidate in CANDIDATES for row in report(table, candidate)]
    pd.DataFrame(rows).to_csv(output, index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
