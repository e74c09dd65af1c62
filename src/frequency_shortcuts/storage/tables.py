"""Tidy tables in CSV."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from typing import Any

import pandas as pd

from .checksums import DamagedFile
from .files import replacing

NETWORK = ["dataset", "network", "augmentation"]
RUN = [*NETWORK, "seed"]  # the columns that say which run a row belongs to
CULLING = "culling"  # in the column `method`: the maps that the culling of the study found
NAMES = (
    "dataset", "network", "augmentation", "rendition", "maps", "method", "class", "true_class", "called_class", "map",
    "closest_class", "largest_other_class", "spectrum_of",
)  # fmt: skip


def write_table(table: pd.DataFrame, path: str | os.PathLike[str], **constant: Any) -> None:
    """Write a tidy CSV, whole or not at all; `constant` columns come first."""
    table = pd.concat([pd.DataFrame(constant, table.index), table], axis=1)
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g")


def write_tables(tables: Iterable[pd.DataFrame], path: str | os.PathLike[str]) -> None:
    """Write tables with the same columns as one CSV, one below the other.

    Each table is written before the next one is read, so that only one is in memory.
    """
    with replacing(path) as temporary, open(temporary, "w", newline="") as file:
        for i, table in enumerate(tables):
            table.to_csv(file, index=False, float_format="%.6g", header=i == 0)


def read_table(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a table of `write_table`. Names stay text, also those that look like numbers, `none` or `NA`.

    Raises DamagedFile if it is empty, or is damaged or was cut inside a line.
    """
    _check_lines(path)
    return pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=dict.fromkeys(NAMES, str))


def _check_lines(path: str | os.PathLike[str]) -> None:
    """Raise DamagedFile unless a CSV has a heading, and all its lines have its columns and an end."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            lengths = [len(row) for row in csv.reader(file, strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DamagedFile(path, f"it is damaged ({error})") from error
    if not lengths:
        raise DamagedFile(path, "it is empty")
    for i, length in enumerate(lengths):
        if length != lengths[0]:
            raise DamagedFile(path, f"row {i} has {length} of {lengths[0]} columns")
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        if file.read() != b"\n":
            raise DamagedFile(path, "it was cut inside its last line")
