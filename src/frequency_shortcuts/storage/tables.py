"""Tidy tables in CSV."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from .files import AnyPath, replacing

NETWORK = ["dataset", "network", "augmentation"]
RUN = [*NETWORK, "seed"]  # the columns that say which run a row belongs to
CULLING = "culling"  # in the column `method`: the maps that the culling of the study found
TEXT_COLUMNS = (  # columns of names
    "dataset",
    "network",
    "augmentation",
    "rendition",
    "maps",
    "method",
    "class",
    "true_class",
    "called_class",
    "map",
    "closest_class",
    "largest_other_class",
    "spectrum_of",
    "networks_of",
    "variant",
)


def write_table(table: pd.DataFrame, path: AnyPath, **constant: Any) -> None:
    """Write a tidy CSV, whole or not at all; `constant` columns come first."""
    first = pd.DataFrame(constant, table.index)
    write_tables([pd.concat([first, table], axis=1)], path)


def write_tables(tables: Iterable[pd.DataFrame], path: AnyPath) -> None:
    """Write tables with the same columns as one CSV, one below the other.

    Each table is written before the next one is read, so that only one is in memory.
    """
    with replacing(path) as temporary, open(temporary, "w", newline="") as file:
        for i, table in enumerate(tables):
            table.to_csv(file, index=False, float_format="%.6g", header=i == 0)


def read_table(path: AnyPath) -> pd.DataFrame:
    """Read a table of `write_table`. Names stay text, also those that look like numbers, `none` or `NA`.

    Raises ValueError for what is no table.
    """
    try:
        return pd.read_csv(
            path, keep_default_na=False, na_values=[""], dtype=dict.fromkeys(TEXT_COLUMNS, str)
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no table ({' '.join(str(error).split())})") from error


def read_tables(paths: Iterable[AnyPath]) -> pd.DataFrame:
    """The rows of several such tables, one table below the other."""
    return pd.concat(map(read_table, paths), ignore_index=True)
