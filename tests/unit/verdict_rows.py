"""A made-up `tables/findings.csv`: the eight rows that decide, and two beside them."""

import numpy as np
import pandas as pd

from frequency_shortcuts.findings.definitions import FINDINGS

KINDS = {"a": "graded", "b": "synthetic"}
DATA = {"graded": "graded", "synthetic": "syn_1, syn_2, syn_3, syn_4", "photographs": "fashion_mnist"}
VERDICTS = ("holds", "does not hold", "open", "no data")
NUMBERS = ["value", "low", "high", "half_width", "hits", "networks", "p", "p_holm"]


def row(letter, verdict, **changes):
    """One row; its numbers are empty without data. (b) counts networks, the others have a mean."""
    kind, n = KINDS.get(letter, "photographs"), 12 if letter in KINDS else 5
    value, half = {"holds": (0.75, 0.125), "does not hold": (-0.5, 0.25)}.get(verdict, (0.0625, 0.125))
    hits = {"holds": 11, "does not hold": 1}.get(verdict, 6) if letter == "b" else np.nan
    if letter == "b":
        value = hits / n
    made = {
        "finding": letter, "claim": f"claim of {letter}", "quantity": f"quantity of {letter}", "method": "",
        "role": "decides", "data": DATA[kind], "kind": kind, "networks_of": "resnet18_w8, none", "value": value,
        "low": value - half, "high": value + half, "interval": "networks", "half_width": half, "hits": hits,
        "networks": n, "threshold": 0.5 if letter == "b" else 0.0, "p": 0.01, "p_holm": 0.04, "verdict": verdict,
        "detail": "Trouser (5 of 5), Bag (4 of 5)" if letter == "d" else "",
    }  # fmt: skip
    if verdict == "no data":
        made |= {**dict.fromkeys(NUMBERS, np.nan), "data": "", "networks_of": "", "interval": ""}
        made |= {"detail": "two seeds more"}
    return made | changes


def table(*verdicts):
    """A row for each finding, with these verdicts in turn; beside (d), the same with swap and on a synthetic set."""
    rows = [row(letter, verdicts[i % len(verdicts)]) for i, letter in enumerate(FINDINGS)]
    beside = row("d", "holds", role="beside", threshold=np.nan, p=np.nan, p_holm=np.nan, detail="") | {"verdict": ""}
    rows += [{**beside, "quantity": "own-map advantage, swap"}, {**beside, "data": "syn_1", "kind": "synthetic"}]
    return pd.DataFrame(rows)
