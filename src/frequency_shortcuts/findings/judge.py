"""The verdict on every finding, from the number of each network.

A mean over networks of one kind has the interval of `intervals.over_networks`: Student's t over networks from five of
them on, below over the images of these networks. A number that is yes or no is counted: Clopper and Pearson.

Rows that decide, of at least `FEWEST_JUDGED` networks, are judged together; rows of fewer are described. Holm's rule
adjusts all their p-values, which are two-sided. At a threshold a row has one, and with an adjusted p below 0.05 the
finding *holds* or *does not hold*; else it is *open*. With a bound it has two: that the mean differs from 0, and that
it is within the bound (`significance.p_of_equivalence`). It is *as well* if the adjusted p of the second is below 0.05;
else *better* or *worse* if that of the first is; else *undecided*.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from frequency_shortcuts.intervals import clopper_pearson, over_networks, spearman
from frequency_shortcuts.spectrum.arrays import FloatArray

from .definitions import (
    AS_WELL,
    BETTER,
    DESCRIBED,
    DOES_NOT_HOLD,
    FEWEST_JUDGED,
    FEWEST_ORDERED,
    FINDINGS,
    HOLDS,
    LARGEST,
    LEVEL,
    NO_DATA,
    OPEN,
    ORDER,
    SHARE,
    UNDECIDED,
    WORSE,
    Finding,
)  # fmt: skip
from .evidence import BESIDE, DECIDES, Tables
from .numbers import numbers
from .significance import holm, p_of_count, p_of_equivalence, p_of_largest, p_of_mean, p_of_order

COLUMNS = [
    "finding", "claim", "quantity", "method", "role", "kind", "data", "networks_of", "value", "low", "high", "interval",
    "half_width", "hits", "networks", "threshold", "bound", "p", "p_holm", "p_equivalence", "p_holm_equivalence",
    "verdict", "detail", "definitions",
]  # fmt: skip
P_VALUES = {"p": "p_holm", "p_equivalence": "p_holm_equivalence"}
Row = dict[str, Any]


def judge(tables: Tables, definitions: str = "") -> tuple[pd.DataFrame, pd.DataFrame]:
    """The findings, and the numbers they stand on: two tables, of `COLUMNS` and of `numbers.numbers`.

    definitions : the commit that last changed them

    One row a finding, quantity, method and kind of networks, those that decide first. `value` is the mean, the share of
    `hits` of `networks`, the rank correlation of class means, or the largest of the class means; `low`, `high` its
    95 % interval, and `interval` what it speaks of. `p` is at the `threshold`, `p_equivalence` that the mean is within
    the `bound`; `_holm`: adjusted, of the rows that are judged. Rows beside have no p and no verdict. A finding without
    data has a row with the verdict `no data`, and `detail` says which lines of a configuration would give them.

    >>> findings, of_networks = judge(Tables(graded=table))
    """
    of_networks = numbers(tables)
    rows: list[Row] = []
    for letter, finding in FINDINGS.items():
        own = of_networks[of_networks["finding"] == letter]
        groups = own.groupby(["role", "method", "quantity", "data", "networks_of"], sort=False)
        of_finding = [row for key, part in groups if (row := _row(finding, key, part))]
        beside = [row for row in of_finding if row["role"] == BESIDE]
        deciding = [row for row in of_finding if row["role"] == DECIDES]
        no_data = {**_about(finding), "method": "", "role": DECIDES, "networks": 0, "verdict": NO_DATA}
        for row in deciding:
            row["detail"] = row["detail"] or _beside(letter, row, beside)
        rows += [*(deciding or [{**no_data, "detail": finding.needs}]), *beside]
    _adjust([row for row in rows if row.get("verdict") == OPEN])
    for row in rows:
        if row.get("verdict") == OPEN:
            row["verdict"] = _verdict(row)
    table = pd.DataFrame([{**row, "definitions": definitions} for row in rows], columns=COLUMNS)
    return table.astype({"verdict": object}), of_networks


def _about(finding: Finding) -> Row:
    return {"finding": finding.letter, "claim": finding.claim, "threshold": finding.threshold, "bound": finding.bound}


def _row(finding: Finding, key: tuple[Any, ...], part: pd.DataFrame) -> Row | None:
    """What a row says but its adjusted p; one that is judged is open so far. None if all numbers are missing."""
    role, method, quantity, _, networks_of = key
    known, networks = part[part["value"].notna()], part.groupby("seed").ngroups
    if known.empty and finding.test != LARGEST:
        return None
    row: Row = {
        **_about(finding), "quantity": quantity, "method": method, "role": role, "kind": part["kind"].iloc[0],
        "data": ", ".join(dict.fromkeys(part["dataset"])) or part["data"].iloc[0], "networks_of": networks_of,
        "networks": networks if finding.test in (ORDER, LARGEST) else len(known), "detail": "", "verdict": "",
    }  # fmt: skip
    row |= _TESTS.get(finding.test, _mean)(finding, part if finding.test == LARGEST else known)
    if finding.test == ORDER and np.isnan(row["value"]):
        return None
    row["half_width"] = (row["high"] - row["low"]) / 2
    if role == BESIDE:
        return {**row, "p": np.nan, "p_equivalence": np.nan}
    enough = row["networks"] >= FEWEST_JUDGED and (finding.test != ORDER or known["class"].nunique() >= FEWEST_ORDERED)
    return {**row, "verdict": OPEN if enough else DESCRIBED}


def _mean(finding: Finding, part: pd.DataFrame) -> Row:
    values = part["value"].to_numpy(float)
    value, low, high, of = over_networks(values, part["half_width"])
    row = {"value": value, "low": low, "high": high, "interval": of if np.isfinite(low) else ""}
    if finding.bound is not None:
        row["p_equivalence"] = p_of_equivalence(values, finding.bound)
    return {**row, "p": p_of_mean(values, finding.threshold)}


def _share(finding: Finding, part: pd.DataFrame) -> Row:
    hits, count = int(part["value"].sum()), len(part)
    low, high = clopper_pearson(hits, count)
    row = {"value": hits / count, "low": low, "high": high, "interval": "networks", "hits": hits}
    return {**row, "p": p_of_count(hits, count, finding.threshold)}


def _order(_: Finding, part: pd.DataFrame) -> Row:
    """The rank correlation over classes has no interval: its p is by permutation of the classes."""
    early, known = _by_class(part), part.groupby("class", sort=False)["distinctiveness"].first()
    means = [values.mean() for values in early.values()]
    row = {"value": spearman(known, means), "low": np.nan, "high": np.nan, "interval": ""}
    return {**row, "p": p_of_order(known.to_numpy(float), np.array(means)), "detail": f"{len(means)} classes"}


def _largest(finding: Finding, part: pd.DataFrame) -> Row:
    """The largest class mean with its lower end, and the largest upper end; a class without values has none."""
    values = _by_class(part)
    means = {name: over_networks(own) for name, own in values.items() if len(own)}
    fewest = min(FEWEST_JUDGED, part.groupby("seed").ngroups)
    below, above = p_of_largest(values.values(), finding.threshold, fewest)
    row: Row = {"value": np.nan, "low": np.nan, "high": np.nan, "interval": "", "detail": "no class was measured"}
    if means:
        name = max(means, key=lambda name: means[name].value)
        value, low, _, of = means[name]
        high = float(np.max([mean.high for mean in means.values()])) if len(means) == len(values) else np.nan
        row |= {"value": value, "detail": name}
        row |= {"low": low, "high": high, "interval": of} if np.isfinite(high) else {}
    if missing := int(part["value"].isna().sum()):
        row["detail"] += f"; {missing} of {len(part)} values are missing"
    return {**row, "p": min(below, above), "direction": HOLDS if below <= above else DOES_NOT_HOLD}


_TESTS = {SHARE: _share, ORDER: _order, LARGEST: _largest}


def _by_class(part: pd.DataFrame) -> dict[str, FloatArray]:
    return {str(name): own["value"].dropna().to_numpy(float) for name, own in part.groupby("class", sort=False)}


def _beside(letter: str, row: Row, beside: Sequence[Row]) -> str:
    """What stands beside (a) and (b) on the same networks, in words."""
    if letter not in ("a", "b"):
        return ""
    same = [other for other in beside if other["networks_of"] == row["networks_of"]]
    found = []
    for other in same:
        ends = f" ({other['low']:.2f} to {other['high']:.2f})" if other["interval"] else ""
        number = f"in {other['hits']} of {other['networks']}" if letter == "b" else f"{other['value']:.2f}{ends}"
        found.append(f"{other['quantity']} {number}")
    return ", ".join(found)


def _adjust(rows: Sequence[Row]) -> None:
    """Holm's rule over all p-values of the rows that are judged."""
    claims = [(row, name) for row in rows for name in P_VALUES if np.isfinite(row.get(name, np.nan))]
    for (row, name), p in zip(claims, holm(row[name] for row, name in claims), strict=True):
        row[P_VALUES[name]] = float(p)


def _verdict(row: Row) -> str:
    differs = row.get("p_holm", np.nan) < LEVEL
    if row["bound"] is None:
        direction = HOLDS if row["value"] > row["threshold"] else DOES_NOT_HOLD
        return str(row.get("direction", direction)) if differs else OPEN
    if row["p_holm_equivalence"] < LEVEL:
        return AS_WELL
    return (BETTER if row["value"] > 0 else WORSE) if differs else UNDECIDED
