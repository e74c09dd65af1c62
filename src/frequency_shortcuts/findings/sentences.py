"""A row of `tables/findings.csv` in plain words: the same sentences for the report's cover, the README and the docs.

A row has the columns that `results/README.md` lists for this table. The words follow from its verdict, so that they
read well whichever way a finding comes out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from frequency_shortcuts.intervals import FEWEST_NETWORKS

from .definitions import DOES_NOT_HOLD, FINDINGS, HOLDS, NO_DATA, OPEN

_ANSWERS = {HOLDS: "Yes", DOES_NOT_HOLD: "No", OPEN: "Open", NO_DATA: "No data"}
# In plain words, what came out if a finding holds, and if it does not; and the number of those that have one.
_PLAIN = {
    "a": (
        "classes of images that we made are learned earlier if what sets them apart is stronger",
        "classes of images that we made are learned later if what sets them apart is stronger",
    ),
    "b": (
        "without two of four bands of frequencies, most networks still recognise a class of our images, as reported",
        "without two of four bands of frequencies, most networks miss a class of our images, unlike in the paper",
    ),
    "c": (
        "classes of photographs are learned earlier if their frequencies differ more from the others",
        "classes of photographs are learned later if their frequencies differ more from the others",
    ),
    "d": (
        "classes of photographs are recognised better from their own map, a few percent of the frequencies, than from "
        "the maps of other classes",
        "classes of photographs are recognised worse from their own map, a few percent of the frequencies, than from "
        "the maps of other classes",
    ),
    "e1": (
        "the advantage carries over to images in other styles",
        "the advantage is reversed in images in other styles",
    ),
    "e2": ("the advantage carries over to another network", "the advantage is reversed in another network"),
    "f": ("the advantage remains in the widest network", "the advantage is reversed in the widest network"),
    "g": (
        "training with augmentation does not remove the advantage",
        "training with augmentation reverses the advantage",
    ),
}
TOPICS = ("d", ("e1", "e2"), "fg", "ac", "b")  # the findings of each sentence on the cover and in the README
_POINTS = {"d": ": the advantage is {}", "e1": ", where it is {}"}


def short(row: Mapping[str, Any]) -> str:
    """The question of a row that decides, and the answer without its numbers, which a table beside it has.

    >>> short(row)
    'Does ...? Open: the half width of the interval is 0.11.'
    """
    reason = f": {_half_width(row)}" if row["verdict"] == OPEN else ""
    return f"{_answered(row)}{reason}. {_detail(row)}".rstrip()


def _answered(row: Mapping[str, Any]) -> str:
    return f"{FINDINGS[row['finding']].question} {_ANSWERS[row['verdict']]}"


def _detail(row: Mapping[str, Any]) -> str:
    detail = _text(row["detail"])
    if row["verdict"] == NO_DATA:
        return f"The study needs: {detail}." if detail else ""
    if row["finding"] == "d":
        return f"Classes with a strong shortcut in most networks: {detail or 'none'}."
    return f"{detail[0].upper()}{detail[1:]}." if detail else ""


def plain(rows: Sequence[Mapping[str, Any]]) -> str:
    """One sentence of what came out of rows that decide, for a reader who knows none of our words.

    With fewer than five networks, the intervals are over images, and the sentence is about these networks.

    >>> plain([row_f, row_g])
    'The advantage remains in the widest network; it stays open whether training with augmentation does not remove it.'
    """
    parts = []
    for verdict, group in itertools.groupby(rows, lambda row: row["verdict"]):
        clauses = [_clause(row) for row in group]
        start = {OPEN: "it stays open whether ", NO_DATA: "there are no data on whether "}.get(verdict, "")
        parts.append(start + (", and whether " if start else ", and ").join(clauses))
    most = max((int(row["networks"]) for row in rows if row["verdict"] != NO_DATA), default=FEWEST_NETWORKS)
    these = "" if most >= FEWEST_NETWORKS else "in this network, " if most == 1 else f"in these {most} networks, "
    text = these + "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _clause(row: Mapping[str, Any]) -> str:
    """What a row says, with its number in percentage points where it has one."""
    letter, verdict = row["finding"], row["verdict"]
    holds, does_not_hold = _PLAIN[letter]
    clause = does_not_hold if verdict == DOES_NOT_HOLD else holds
    if verdict == NO_DATA or letter not in _POINTS:
        return clause
    points = round(100 * row["value"])
    number = f"{points} percentage point{'' if abs(points) == 1 else 's'}"
    return clause + _POINTS[letter].format(number)


def rows_of_methods(row: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows of the same number with the maps of other methods."""
    same = ("finding", "quantity", "data", "networks_of")
    return [other for other in rows if _text(other["method"]) and all(other[k] == row[k] for k in same)]


def _half_width(row: Mapping[str, Any]) -> str:
    """How far an open finding is from a verdict."""
    half = row["half_width"]
    if pd.isna(half):
        return "it has no interval"
    text = f"the half width of the interval is {half:.2f}"
    if row["low"] <= row["threshold"] <= row["high"]:
        return text
    return f"{text}. Alone it is beyond the threshold, but not after Holm's correction for all findings"


def _text(value: object) -> str:
    """A text of a table; one that is missing is empty."""
    return value if isinstance(value, str) else ""
