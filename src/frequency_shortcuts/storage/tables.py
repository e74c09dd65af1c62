"""Tidy tables in CSV.

A spreadsheet takes a text that begins with =, +, -, @, a tab or a new line for a formula. In the file it has an
apostrophe before it. `read_table` takes it away, so that names are the same in all tables and stores.
"""

from __future__ import annotations

import csv
import itertools
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from .files import replacing

NETWORK = ["dataset", "network", "augmentation"]
RUN = [*NETWORK, "seed"]  # the columns that say which run a row belongs to
NAMES = (
    "dataset", "network", "augmentation", "rendition", "maps", "method", "class", "true_class", "called_class", "map",
    "closest_class", "largest_other_class",
)  # fmt: skip
AGAIN = "delete it and run again"  # how a damaged table is made again
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")


def spreadsheet_safe(table: pd.DataFrame) -> pd.DataFrame:
    """The table as it is written: no text in it is a formula of a spreadsheet. Numbers stay numbers."""
    return _map_texts(table, lambda text: f"'{text}" if _FORMULA.match(text) else text)


def _map_texts(table: pd.DataFrame, function: Callable[[str], str]) -> pd.DataFrame:
    """The table with a function applied to every text; each text of a column is looked at once."""
    changed = {}
    for name in table.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in table.dtypes]]:
        texts = {text: function(text) for text in table[name].unique() if isinstance(text, str)}
        if any(before != after for before, after in texts.items()):
            changed[name] = table[name].map(lambda value, texts=texts: texts.get(value, value))
    return table.assign(**changed)


def write_table(table: pd.DataFrame, path: str | os.PathLike[str], **constant: Any) -> None:
    """Write a tidy CSV, whole or not at all; `constant` columns come first."""
    table = pd.concat([pd.DataFrame(constant, table.index), table], axis=1)
    with replacing(path) as temporary:
        spreadsheet_safe(table).to_csv(temporary, index=False, float_format="%.6g")


def write_tables(tables: Iterable[pd.DataFrame], path: str | os.PathLike[str]) -> None:
    """Write tables with the same columns as one CSV, one below the other.

    Each table is written before the next one is read, so that only one is in memory.
    """
    with replacing(path) as temporary, open(temporary, "w", newline="") as file:
        for i, table in enumerate(tables):
            spreadsheet_safe(table).to_csv(file, index=False, float_format="%.6g", header=i == 0)


def read_table(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a table of `write_table`. Names stay text, also those that look like numbers, `none` or `NA`.

    Raises ValueError, which names the file, if it is empty, or is damaged or was cut inside a line.
    """
    _check_lines(path)
    names = dict.fromkeys(NAMES, str)
    table = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=names)
    return _map_texts(table, lambda text: text[1:] if text.startswith("'") and _FORMULA.match(text) else text)


def _check_lines(path: str | os.PathLike[str]) -> None:
    """Raise ValueError unless a CSV has a heading, and all its lines have its columns and an end."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            lengths = [len(row) for row in csv.reader(file, strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{os.fspath(path)} is damaged ({error}): {AGAIN}") from error
    if not lengths:
        raise ValueError(f"{os.fspath(path)} is empty: {AGAIN}")
    for i, length in enumerate(lengths):
        if length != lengths[0]:
            raise ValueError(f"{os.fspath(path)}: row {i} has {length} of {lengths[0]} columns: {AGAIN}")
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        if file.read() != b"\n":
            raise ValueError(f"{os.fspath(path)} was cut inside its last line: {AGAIN}")


def check_rows(
    table: pd.DataFrame,
    path: str | os.PathLike[str],
    columns: Sequence[str],
    expected: Mapping[tuple[Any, ...], int],
) -> None:
    """Check that a table holds the rows that it must hold, and no others.

    columns : the columns that identify a row; one that is not in the table counts as missing values
    expected : values of these columns -> number of rows; these differ in `draw` or `positions`. NaN is a missing value

    Raises ValueError, which names the file at `path` and the first rows that are missing or too many.

    >>> check_rows(table, "shortcuts.csv", ["class", "fill"], {("cat", "zeros"): 1, ("dog", "zeros"): 1})
    """
    wanted = {tuple(map(_text, key)): count for key, count in expected.items()}
    found = Counter(zip(*(_texts(table, name) for name in columns), strict=True))
    problems = [(key, count) for key, count in wanted.items() if found[key] != count]
    problems += [(key, 0) for key in found if key not in wanted]
    if problems:
        key, count = problems[0]
        where = ", ".join(f"{name} {value}" for name, value in zip(columns, key, strict=True) if value)
        more = f" ({len(problems) - 1} more such places)" if len(problems) > 1 else ""
        raise ValueError(
            f"{os.fspath(path)} holds {found[key]} of {count} rows of {where}{more}: it was cut short, or is that of "
            f"other settings; {AGAIN}"
        )
    draws = [name for name in ("draw", "positions") if name in table]
    if table.duplicated([*(name for name in columns if name in table), *draws]).any():
        raise ValueError(f"{os.fspath(path)} holds a row twice: {AGAIN}")


def _texts(table: pd.DataFrame, name: str) -> Iterable[str]:
    """The values of a column as texts that can be compared with settings."""
    if name not in table:
        return itertools.repeat("", len(table))
    codes, values = pd.factorize(table[name], use_na_sentinel=False)
    texts = [_text(value) for value in values]
    return [texts[code] for code in codes]


def _text(value: Any) -> str:
    """Numbers as `write_table` writes them, missing values as an empty text."""
    if isinstance(value, str):
        return value
    return "" if pd.isna(value) else str(int(value)) if value == int(value) else f"{value:.6g}"
