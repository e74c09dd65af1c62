"""The verdict on every finding, from the number of each network.

The mean of the networks of one kind has the interval of `intervals.over_networks`: Student's t over networks from five
of them on, below over the images of these networks. A number that is yes or no is counted: Clopper and Pearson. The
rows that decide are judged together: two-sided p at the threshold, Holm over the rows that have one. With adjusted p
below 0.05, a finding *holds* above the threshold and *does not hold* below it; else it is *open*.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import bdtr, ndtr, stdtr  # scipy.stats takes each job half a second to import

from frequency_shortcuts.intervals import FEWEST_NETWORKS, NORMAL, clopper_pearson, over_networks
from frequency_shortcuts.spectrum.arrays import FloatArray

from .definitions import DOES_NOT_HOLD, FINDINGS, HOLDS, LEVEL, NO_DATA, OPEN, Finding
from .numbers import DECIDES, Tables, numbers

COLUMNS = [
    "finding", "claim", "quantity", "method", "role", "kind", "data", "networks_of", "value", "low", "high", "interval",
    "half_width", "hits", "networks", "threshold", "p", "p_holm", "verdict", "detail",
]  # fmt: skip


def judge(tables: Tables) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The findings, and the numbers they stand on: two tables, of `COLUMNS` and of `numbers.numbers`.

    One row a finding, quantity and kind of networks, those that decide first. `value` is the mean, or the share of
    `hits` of `networks`; `low`, `high` its 95 % interval, and `interval` what it speaks of; `p` is two-sided at the
    `threshold`, `p_holm` adjusted. Rows beside have no verdict. Those of another `method` (`numbers.numbers`) have
    a `p` that is not adjusted, nor counted in adjusting others; the rest have none. A finding without data has a row
    with the verdict `no data`, and `detail` says which lines of a configuration would give them.

    >>> findings, of_networks = judge(Tables(graded=table))
    """
    of_networks = numbers(tables)
    rows: list[dict[str, Any]] = []
    for letter, finding in FINDINGS.items():
        own = of_networks[(of_networks["finding"] == letter) & of_networks["value"].notna()]
        groups = own.groupby(["role", "method", "quantity", "data", "networks_of"], sort=False)
        of_finding = [_row(finding, key, part) for key, part in groups]
        if not any(row["role"] == DECIDES for row in of_finding):
            rows.append(
                {
                    **_about(finding),
                    "method": "",
                    "role": DECIDES,
                    "networks": 0,
                    "verdict": NO_DATA,
                    "detail": finding.needs,
                }
            )
        rows += sorted(of_finding, key=lambda row: (row["role"] != DECIDES, not row["method"]))
    table = pd.DataFrame(rows, columns=COLUMNS).astype({"verdict": object})
    deciding = ((table["role"] == DECIDES) & table["p"].notna()).to_numpy()
    table.loc[deciding, "p_holm"] = holm(table.loc[deciding, "p"].to_numpy(float))
    judged = (table["role"] == DECIDES) & (table["networks"] > 0)
    table.loc[judged, "verdict"] = [_verdict(row) for row in table[judged].to_dict("records")]
    table["verdict"] = table["verdict"].fillna("")
    table["detail"] = [_detail(row, tables) for row in table.to_dict("records")]
    return table, of_networks


def _about(finding: Finding) -> dict[str, Any]:
    return {"finding": finding.letter, "claim": finding.claim, "threshold": finding.threshold}


def _row(finding: Finding, key: tuple[Any, ...], part: pd.DataFrame) -> dict[str, Any]:
    role, method, quantity, _, networks_of = key
    values, threshold = part["value"].to_numpy(float), finding.threshold
    row = {
        **_about(finding),
        "quantity": quantity,
        "method": method,
        "role": role,
        "kind": part["kind"].iloc[0],
        "data": ", ".join(dict.fromkeys(part["dataset"])) or part["data"].iloc[0],
        "networks_of": networks_of,
        "networks": len(values),
    }
    if finding.counted:
        hits = int(values.sum())
        low, high = clopper_pearson(hits, len(values))
        of, p, row["hits"] = "networks", p_of_count(hits, len(values), threshold), hits
    else:
        _, low, high, of = over_networks(values, part["half_width"])
        p = p_of_mean(values, part["half_width"].to_numpy(float), threshold)
    row |= {"value": values.mean(), "low": low, "high": high, "interval": of if np.isfinite(low) else ""}
    row["half_width"] = (high - low) / 2
    return row | ({"p": p} if role == DECIDES or method else {})


def p_of_mean(values: FloatArray, half_widths: FloatArray, threshold: float) -> float:
    """Two-sided p of the mean of values [n] at a threshold: Student's t, or, of fewer than five, over their images.

    half_widths : [n], of the values' own 95 % intervals. NaN where neither gives a standard error.
    """
    n, distance = len(values), abs(float(np.mean(values)) - threshold)
    few = n < FEWEST_NETWORKS
    error = np.mean(half_widths) / NORMAL if few else np.std(values, ddof=1) / np.sqrt(n)
    if not np.isfinite(error) or (few and error == 0):  # the bootstrap of one image a class has no spread
        return float("nan")
    if error == 0:
        return 0.0 if distance else 1.0
    return float(2 * (ndtr(-distance / error) if few else stdtr(n - 1, -distance / error)))


def p_of_count(hits: int, count: int, threshold: float) -> float:
    """Two-sided p of `hits` among `count` at a share: twice the smaller tail of the binomial distribution."""
    below, above = bdtr(hits, count, threshold), 1 - (bdtr(hits - 1, count, threshold) if hits else 0.0)
    return float(min(1.0, 2 * min(below, above)))


def holm(p: Iterable[float]) -> FloatArray:
    """p-values [n], adjusted for their number (S. Holm, Scandinavian Journal of Statistics 6, 1979).

    >>> holm([0.01, 0.04, 0.03]).round(2)
    array([0.03, 0.06, 0.06])
    """
    values = np.asarray(list(p), float)
    order = np.argsort(values)
    steps = values[order] * (len(values) - np.arange(len(values)))
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted


def _verdict(row: dict[str, Any]) -> str:
    if not row["p_holm"] < LEVEL:
        return OPEN
    return HOLDS if row["value"] > row["threshold"] else DOES_NOT_HOLD


def _detail(row: dict[str, Any], tables: Tables) -> str:
    """Why there is no verdict; of finding (d), the classes with a strong shortcut in most of the deciding networks."""
    if row["role"] != DECIDES:
        return ""
    if not row["networks"]:
        return str(row["detail"])
    if np.isnan(row["p"]):
        return "fewer than five networks, and no interval over their images"
    if row["finding"] != "d" or tables.verdicts.empty:
        return ""
    network, augmentation = tables.baseline(row["data"], tables.advantages)
    table = tables.verdicts[tables.verdicts["headline"] & (tables.verdicts["dataset"] == row["data"])]
    table = table[(table["network"] == network) & (table["augmentation"] == augmentation)]
    strong = (table["verdict"] == "strong").groupby(table["class"], sort=False).agg(["sum", "count"])
    strong = strong[strong["sum"] > strong["count"] / 2]
    return ", ".join(f"{name} ({k} of {n})" for name, k, n in strong.itertuples()) or "none"
