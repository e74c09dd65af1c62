"""The word on every claim, from the number of each network.

A mean over networks of one kind has the interval of `intervals.over_networks`: Student's t over networks from five of
them on, below over the images of these networks. A number that is yes or no is counted: Clopper and Pearson.

The word follows from the interval alone: *not seen* if it lies within the bound of the claim, or below its threshold;
*seen* if it lies above the threshold; else *unclear*. A row is *decided* if it is of at least `FEWEST_DECIDED` networks
and the two-sided p of its word (at the threshold, or of a mean within the bound) is below 0.05 after Holm over all
claims of the paper, or all of ours. A claim without data counts there with a p of 1.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import bdtr, stdtr  # scipy.stats takes each job half a second to import

from frequency_shortcuts.intervals import FEWEST_NETWORKS, clopper_pearson, compared, over_networks
from frequency_shortcuts.spectrum.arrays import FloatArray

from . import definitions
from .definitions import CLAIMS, NOT_SEEN, SEEN, SHARE, UNCLEAR, Claim
from .numbers import DIFFERENCES, Row

COLUMNS = ["claim", "of", "says", "published", "value", "low", "high", "networks", "word", "decided", "figure"]
OF_VARIANTS = ["claim", "variant", "dataset", "networks_of", "value", "low", "high", "networks", "word"]
ROUNDING = 1e-12  # of equal values


def judge(numbers: pd.DataFrame, figures: Mapping[str, str] | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The claims, and their variants, which are in no correction: two tables, of `COLUMNS` and `OF_VARIANTS`.

    numbers : rows of `numbers.numbers` of all tables
    figures : the figure of each claim

    Of the numbers of a claim without a variant, those of the first data set and kind of networks are its row. Others
    are variants. `value` is the mean over `networks` or the share of them, `low` and `high` its 95 % interval.
    """
    rows, variants = [], []
    for claim in CLAIMS.values():
        row, *others = _rows(numbers, claim)
        rows.append(row)
        variants += others
    for origin in (definitions.PAPER, definitions.OURS):
        family = [row for row in rows if row["of"] == origin]
        for row, p in zip(family, holm(np.nan_to_num([row["p"] for row in family], nan=1.0)), strict=True):
            row["decided"] = bool(p < definitions.LEVEL and row["networks"] >= definitions.FEWEST_DECIDED)
    claims = pd.DataFrame([{**row, "figure": (figures or {}).get(row["claim"], "")} for row in rows], columns=COLUMNS)
    return claims, pd.DataFrame(variants, columns=OF_VARIANTS)


def line(numbers: pd.DataFrame, letter: str) -> str:
    """A claim in one line, for the title of a figure, from the numbers of its table."""
    row, *_ = _rows(numbers, CLAIMS[letter])
    return f"({letter}) {row['word']}" + (f": {shown(row)}" if row["networks"] else "")


def lines(tables: Iterable[pd.DataFrame], letters: str, dataset: str = "") -> list[str]:
    """Such lines of several claims, each with what it says: of one data set or of all; none without tables."""
    found = [table[table["dataset"] == dataset] if dataset else table for table in tables]
    says = {letter: CLAIMS[letter].says for letter in letters.split() if found}
    return [f"{line(pd.concat(found), letter)}: {text[0].lower()}{text[1:]}" for letter, text in says.items()]


def shown(row: Mapping[Any, Any]) -> str:
    """Value, interval and number of networks of a row in words."""
    value, low, high = (f"{row[key]:z.2f}" for key in ("value", "low", "high"))
    ends = f" [{low}, {high}]" if np.isfinite(row["low"]) else ""
    return f"{value}{ends}, {row['networks']:.0f} network{'s' if row['networks'] > 1 else ''}"


def _rows(numbers: pd.DataFrame, claim: Claim) -> list[Row]:
    """The row of a claim, also of one without data, then a row for each other variant, data set and kind of networks.

    A variant of which nothing is known has no row.
    """
    own = numbers[(numbers["claim"] == claim.letter) & numbers["value"].notna()]
    own = own.assign(variant=own["variant"].astype(object).fillna(""))
    keys = ["variant", "networks_of", *([] if claim.pooled else ["dataset"])]
    rows = [
        {
            "claim": claim.letter, "variant": part["variant"].iloc[0], "networks_of": part["networks_of"].iloc[0],
            "dataset": ", ".join(dict.fromkeys(part["dataset"])), "networks": len(part), **_measured(claim, part),
        }
        for _, part in own.groupby(keys, sort=False)
    ]  # fmt: skip
    first = next((row for row in rows if not row["variant"]), None)
    none = {"claim": claim.letter, "networks": 0, "word": definitions.NOT_MEASURED, "p": np.nan}
    about = {"of": claim.of, "says": claim.says, "published": claim.published, "decided": False}
    return [{**(first or none), **about}, *(row for row in rows if row is not first)]


def _measured(claim: Claim, part: pd.DataFrame) -> Row:
    """Value, interval and word of some networks, and the p of the word."""
    values, bound = part["value"].to_numpy(float), np.nan if claim.bound is None else claim.bound
    if claim.measure == SHARE:
        value, hits, n = float(values.mean()), int(values.sum()), len(values)
        low, high = clopper_pearson(hits, n)
        within = high < bound and low <= claim.threshold
        p = p_of_count(hits, n, bound if within else claim.threshold)
    else:
        value, low, high, _ = over_networks(values, part["half_width"])
        within = -bound <= low and high <= bound
        p = p_of_equivalence(values, bound) if within else p_of_mean(values, claim.threshold)
    word = NOT_SEEN if within or high < claim.threshold else SEEN if low > claim.threshold else UNCLEAR
    if part["variant"].iloc[0] in DIFFERENCES:
        word = compared(low, high, definitions.BOUND)
    return {"value": value, "low": low, "high": high, "word": word, "p": p}


def p_of_mean(values: FloatArray, threshold: float) -> float:
    """p of the mean of values [n] at a threshold, by Student's t; NaN of fewer than five."""
    if len(values) < FEWEST_NETWORKS:
        return float("nan")
    return min(1.0, 2 * min(one_sided(values, threshold), one_sided(-values, -threshold)))


def p_of_equivalence(values: FloatArray, bound: float) -> float:
    """p that the mean of values [n] is not between -bound and bound; NaN of fewer than five.

    Two one-sided t-tests, each at a level of 0.025: the larger p is doubled, so that it is below 0.05 where the 95 %
    interval of the mean lies between -bound and bound, and is on the scale of the two-sided ones.
    """
    if len(values) < FEWEST_NETWORKS:
        return float("nan")
    return min(1.0, 2 * max(one_sided(values, bound), one_sided(-values, bound)))


def one_sided(values: FloatArray, threshold: float) -> float:
    """p that the mean of values [n] is not below a threshold, by Student's t: small where it is; 1 of one value."""
    n = len(values)
    if n < 2:
        return 1.0
    distance = float(np.mean(values)) - threshold
    error = np.std(values, ddof=1) / np.sqrt(n)
    if error < ROUNDING:
        return 0.0 if distance < -ROUNDING else 1.0
    return float(stdtr(n - 1, distance / error))


def p_of_count(hits: int, count: int, threshold: float) -> float:
    """p of `hits` among `count` at a share: twice the smaller tail of the binomial distribution."""
    below, above = bdtr(hits, count, threshold), 1 - (bdtr(hits - 1, count, threshold) if hits else 0.0)
    return float(min(1.0, 2 * min(below, above)))


def holm(p: Iterable[float]) -> FloatArray:
    """p-values [n], adjusted for their number (S. Holm, Scandinavian Journal of Statistics 6, 1979)."""
    values = np.asarray(list(p), float)
    order = np.argsort(values)
    steps = values[order] * (len(values) - np.arange(len(values)))
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted
