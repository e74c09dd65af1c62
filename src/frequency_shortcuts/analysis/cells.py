"""Tables as cells of text: shares in percent with their intervals, and a dash for what is missing."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from frequency_shortcuts.figures.canvas import MISSING

LINE = 100  # characters of a sentence in a line
MOST = 12  # rows of a table in a summary, and classes of a drawing
NAMED_FILES = 3  # of each class, in a table or sentence


def as_lines(sentences: Sequence[str]) -> str:
    """A sentence in each line; long ones go on in lines that begin with spaces."""
    # Hyphens of commands stay in a line with their words.
    wrapper = textwrap.TextWrapper(LINE, subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join(map(wrapper.fill, sentences))


def as_table(title: str, table: pd.DataFrame) -> str:
    """A title, and the first rows of a table of cells in aligned columns."""
    shown = table.head(MOST)
    widths = {name: max(map(len, [name, *shown[name]])) for name in shown}
    rows = [list(shown), *shown.to_numpy().tolist()]
    lines = [title]
    for row in rows:
        padded = map(str.ljust, row, widths.values())
        lines.append("  ".join(padded).rstrip())
    if len(table) > MOST:
        lines.append(f"and {len(table) - MOST:,} more rows")
    return "\n".join(lines)


def cell(value: Any) -> str:
    """A cell: rates with two decimals, what is true or false as yes or no, what is missing as a dash."""
    if pd.isna(value):
        return MISSING
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def percent(value: float) -> str:
    """A share in percent, without a decimal; what is missing as a dash."""
    return MISSING if pd.isna(value) else f"{100 * value:z.0f}"


def with_interval(table: pd.DataFrame, name: str) -> list[str]:
    """A column of shares with the ends of their intervals, from the columns of this name, `_low` and `_high`."""
    shares = table[[name, f"{name}_low", f"{name}_high"]].clip(-1, 1).to_numpy(float)
    cells = []
    for row in shares:
        value, low, high = map(percent, row)
        cells.append(value if value == MISSING else f"{value} [{low}, {high}]")
    return cells


def filled(table: pd.DataFrame) -> pd.DataFrame:
    """A table of values as cells, without columns that hold nothing."""
    text = table.map(cell)
    return text.loc[:, (text != MISSING).any()]


def flat_numbers(tables: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    """All numbers of some tables: each is named by its table, the names in its row, and its column; yes is 1.

    >>> flat_numbers({"exchange": result.exchanges})["exchange/cat/fine"]
    """
    numbers: dict[str, float] = {}
    for kind, table in tables.items():
        for row in table.to_dict("records"):
            names = [row.pop(name) for name in ("fact", "class", "source") if name in row]
            prefix = "/".join([kind, *names])
            for column, value in row.items():
                if isinstance(value, bool | int | float) and pd.notna(value):
                    numbers[f"{prefix}/{column}"] = float(value)
    return numbers
