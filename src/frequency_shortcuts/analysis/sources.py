"""Where images come from: hospital, camera or folder, as a user names it; and CSV files that list pictures."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from frequency_shortcuts.data.folders import few
from frequency_shortcuts.data.pictures import ImageFiles
from frequency_shortcuts.intervals import shares
from frequency_shortcuts.spectrum.arrays import IntArray, as_array

from .images import LabelledImages


def read_sources(
    source: Any, n_images: int, files: Sequence[Path] | None = None, root: Path | None = None, what: str = "images"
) -> npt.NDArray[np.str_]:
    """The name of the source of each image, str [n].

    source : a sequence of names, one for each image; for files also a function from a path to a name, or the path of a
        CSV with the columns path and source. files : of the images; root : the folder that the paths are relative to

    Raises ValueError, in one sentence, for sources of another number, and for a function or CSV without files.

    >>> read_sources(lambda path: path.stem[:2], len(files), files)
    """
    if callable(source) or isinstance(source, str | os.PathLike):
        if files is None or root is None:
            kind = "a function" if callable(source) else "a path"
            raise ValueError(f"source is {kind}, which needs {what} in files: give one name for each image")
        names = [source(file) for file in files] if callable(source) else sources_of(files, source, root)
    else:
        names = as_array(source).tolist()
        if not isinstance(names, list):
            raise ValueError(f"source {source!r}: expected one name for each image")
    if len(names) != n_images:
        raise ValueError(f"there are {len(names)} sources for {n_images} {what}")
    return np.array([str(name) for name in names])


def sources_of_tests(source: Any, labelled: LabelledImages) -> npt.NDArray[np.str_]:
    """The source of each of the images among which those that test are chosen, str [n]; see `read_sources`."""
    tested, what = (labelled, "images") if labelled.test is None else (labelled.test, "test images")
    files = [Path(file) for file in tested.images.files] if isinstance(tested.images, ImageFiles) else None
    return read_sources(source, len(tested.labels), files, files[0].parent.parent if files else None, what)


def recall_by_source(
    labels: IntArray, called: IntArray, sources: npt.NDArray[np.str_], classes: Sequence[str]
) -> pd.DataFrame:
    """The recall of each class in the images of each source: class, source, images, recall, recall_low, recall_high.

    labels, called, sources : of each image, [n]. The interval is Wilson's; the lowest upper end comes first, so that a
    low recall of few images does not.
    """
    table = pd.DataFrame({"class": [classes[c] for c in labels], "source": sources, "hit": labels == called})
    table = table.groupby(["class", "source"], sort=False)["hit"].agg(["size", "sum"]).reset_index()
    recall, low, high = shares(table["sum"], table["size"])
    table = table.assign(images=table["size"], recall=recall, recall_low=low, recall_high=high)
    return table.drop(columns=["size", "sum"]).sort_values(
        ["recall_high", "recall", "class", "source"], ignore_index=True
    )  # fmt: skip


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
