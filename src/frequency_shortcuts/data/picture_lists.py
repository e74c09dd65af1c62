"""CSV files that list pictures, with a label and a source of each."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from .folders import few


def read_list(path: str | os.PathLike[str], columns: Sequence[str]) -> pd.DataFrame:
    """A CSV with at least these columns, none of which is empty in a row, as text.

    Raises FileNotFoundError or ValueError, in one sentence.

    >>> read_list("pictures.csv", ["path", "label"])
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError:
        raise FileNotFoundError(f"no file {path}: expected a CSV with the columns {', '.join(columns)}") from None
    except ValueError as error:  # of pandas, or of the decoding
        reason = " ".join(str(error).split())
        raise ValueError(f"{path} is no CSV with the columns {', '.join(columns)} ({reason})") from error
    if missing := [name for name in columns if name not in table]:
        raise ValueError(f"{path} has no column {few(missing)}: its columns are {few([*table.columns], 20)}")
    if table.empty:
        raise ValueError(f"{path} lists no pictures")
    for name in columns:
        if (empty := np.flatnonzero(table[name].str.strip() == "")).size:
            raise ValueError(f"{path}: {len(empty)} rows have no {name}, the first is row {empty[0] + 1}")
    return table


def listed_files(table: pd.DataFrame, path: str | os.PathLike[str], root: str | os.PathLike[str] | None) -> list[Path]:
    """The pictures of a list, whose paths are relative to a folder, or else to the list."""
    bases = [Path(one) for one in (root, Path(path).parent) if one is not None]
    return [next((b / name for b in bases if (b / name).exists()), bases[0] / name) for name in table["path"]]


def sources_of(files: Sequence[str | os.PathLike[str]], path: str | os.PathLike[str], root: Path) -> list[str]:
    """The source of each file by a CSV with the columns path and source.

    Raises ValueError for files that it does not list.
    """
    table = read_list(path, ["path", "source"])
    known = dict(zip((file.resolve() for file in listed_files(table, path, root)), table["source"], strict=True))
    found = [known.get(Path(file).resolve()) for file in files]
    if missing := [str(file) for file, name in zip(files, found, strict=True) if name is None]:
        raise ValueError(f"{path} lists no source of {few(missing)}: expected a row for each picture")
    return [str(name) for name in found]
