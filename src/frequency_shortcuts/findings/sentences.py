"""A row of `tables/findings.csv` in plain words: the same sentences for the report's cover, the README and the docs.

A row has the columns that `results/README.md` lists for this table. The words follow from its verdict, so that they
read well whichever way a finding comes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from .definitions import DOES_NOT_HOLD, FINDINGS, HOLDS, NO_DATA, OPEN

_ANSWERS = {HOLDS: "Yes", DOES_NOT_HOLD: "No", OPEN: "Open", NO_DATA: "No data"}
_ON = {
    "photographs": "on photographs",
    "synthetic": "on synthetic sets",
    "planted": "on planted sets",
    "graded": "on graded sets",
}


def sentence(row: Mapping[str, Any], rows: Iterable[Mapping[str, Any]] = ()) -> str:
    """A row that decides, as plain text: the question, the answer and its numbers, and what the verdict is.

    rows : of the same table; the number with the maps of other methods follows, which is in no verdict

    >>> sentence(row)
    'Does ...? Yes: on photographs (fashion_mnist), own-map advantage: 0.21, mean of 5 networks. The finding holds.'
    """
    letter, verdict, detail = row["finding"], row["verdict"], _text(row["detail"])
    start = f"{FINDINGS[letter].question} {_ANSWERS[verdict]}"
    if verdict == NO_DATA:
        return f"{start}.{f' The study needs: {detail}.' if detail else ''}"
    ends = {
        HOLDS: "The finding holds.",
        DOES_NOT_HOLD: "The finding does not hold.",
        OPEN: f"The finding stays open: {_half_width(row)}.",
    }
    parts = [f"{start}: {where(row)}, {row['quantity']}: {numbers(row)}.", ends[verdict]]
    if letter == "d":
        parts.append(f"Classes with a strong shortcut in most networks: {detail or 'none'}.")
    elif detail:
        parts.append(f"{detail[0].upper()}{detail[1:]}.")
    parts += [with_maps_of(other) for other in _of_methods(row, rows)]
    return " ".join(parts)


def with_maps_of(row: Mapping[str, Any]) -> str:
    """A row of the maps of another method, as plain text.

    >>> with_maps_of(row)
    'With the maps of gradient (not judged): 0.31, mean of 5 networks (95 % interval 0.2 to 0.4), unadjusted p 0.0021.'
    """
    p = f", unadjusted p {row['p']:.2g}" if pd.notna(row["p"]) else ""
    return f"With the maps of {row['method']} (not judged): {numbers(row)}{p}."


def short(row: Mapping[str, Any], rows: Iterable[Mapping[str, Any]] = ()) -> str:
    """The claim of a row and what came out, without intervals, for the README, which is about photographs.

    rows : of the same table; the number with the maps of other methods, which are not judged, follows in brackets
    """
    claim, verdict = row["claim"], row["verdict"]
    if verdict == NO_DATA:
        return f"{claim}: no data"
    on = "" if row["kind"] == "photographs" else f" {_ON[row['kind']]}"
    if FINDINGS[row["finding"]].counted:
        return f"{claim}: {verdict}, in {_value(row)}{on}"
    others = "".join(f" ({other['value']:.2f} by {other['method']})" for other in _of_methods(row, rows))
    number = f"{row['quantity'].removesuffix(', zeros')} {row['value']:.2f}{others}"
    return f"{claim}: {verdict}, {number} in {_networks(row)}{on}"


def _of_methods(row: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows of the same number with the maps of other methods."""
    same = ("finding", "quantity", "data", "networks_of")
    return [other for other in rows if _text(other["method"]) and all(other[k] == row[k] for k in same)]


def where(row: Mapping[str, Any]) -> str:
    """The data and networks of a row: "on photographs (fashion_mnist; resnet18_w8, none)"."""
    names = "; ".join(text for text in (_text(row["data"]), _text(row["networks_of"])) if text)
    return f"{_ON[row['kind']]}{f' ({names})' if names else ''}"


def numbers(row: Mapping[str, Any]) -> str:
    """The value of a row with its number of networks, its interval, and its threshold where that is not 0."""
    notes = [f"a share of {row['value']:.2f}"] if FINDINGS[row["finding"]].counted else []
    if pd.notna(row["low"]):
        over = ", over the images of these networks" if row["interval"] == "these networks" else ""
        notes.append(f"95 % interval {row['low']:.2f} to {row['high']:.2f}{over}")
    if row["threshold"]:
        notes.append(f"threshold {row['threshold']:g}")
    return f"{_value(row)} ({'; '.join(notes)})" if notes else _value(row)


def _value(row: Mapping[str, Any]) -> str:
    """A count, "3 of 12 networks", or "0.21, mean of 5 networks"."""
    if FINDINGS[row["finding"]].counted:
        return f"{int(row['hits'])} of {_networks(row)}"
    return f"{row['value']:.2f}, mean of {_networks(row)}"


def _networks(row: Mapping[str, Any]) -> str:
    count = int(row["networks"])
    unit = FINDINGS[row["finding"]].unit
    return f"{count} {unit}{'' if count == 1 else 's'}"


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
