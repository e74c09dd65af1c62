"""The values of tables by flat names, such as `flip/cat/flip_low`, as trackers of experiments take them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

NAMED_BY = ("fact", "class", "source")  # columns that name a row


def values(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """All values of some tables but missing ones: the name is that of the table, those of the row, and the column."""
    found: dict[str, Any] = {}
    for kind, table in tables.items():
        for row in table.to_dict("records"):
            prefix = "/".join([kind, *(row.pop(name) for name in NAMED_BY if name in row)])
            found |= {f"{prefix}/{name}": value for name, value in row.items() if pd.notna(value)}
    return found


def numbers(named: Mapping[str, Any]) -> dict[str, float]:
    """The values that are numbers, as floats; yes is 1, and no is 0."""
    return {name: float(value) for name, value in named.items() if isinstance(value, bool | int | float)}
