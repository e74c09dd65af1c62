"""Where images come from: hospital, camera or folder, as a user names it."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from frequency_shortcuts.images.folders import TABLES, Listing, few, read_columns
from frequency_shortcuts.intervals import shares
from frequency_shortcuts.spectrum.arrays import IntArray, as_array


def read_sources(
    source: Any, n_images: int, found: Listing | None = None, what: str = "images"
) -> npt.NDArray[np.str_]:
    """The name of the source of each image, str [n].

    source : a sequence of names, one for each image that was given; for pictures in files, found, also a function from
        a path to a name, a column of their CSV, or the path of a CSV with the columns path and source

    Raises ValueError, in one sentence, for sources of another number, and for a function or path without files.
    """
    if not (callable(source) or isinstance(source, str | os.PathLike)):
        names = _listed(source, found)
    elif found is None:
        kind = "a function" if callable(source) else "a path"
        raise ValueError(
            f"source is {kind}, which needs {what} in files: give one name for each image"
        )
    elif callable(source):
        names = [source(file) for file in found.files]
    else:
        names = _named_by(source, found)
    if len(names) != n_images:
        total = n_images if found is None else found.total
        raise ValueError(f"there are {len(names)} sources for {total} {what}")
    return np.array([str(name) for name in names])


def _listed(source: Any, found: Listing | None) -> list[Any]:
    """Names in a sequence; of those for all files that were given, the names of the files that are left."""
    names = as_array(source).tolist()
    if not isinstance(names, list):
        raise ValueError(f"source {source!r}: expected one name for each image")
    if found is not None and len(names) == found.total:
        return [names[i] for i in found.places]
    return names


def _named_by(source: str | os.PathLike[str], found: Listing) -> list[str]:
    """Names in a column of the CSV of the pictures, or in a CSV of paths and sources."""
    column = found.columns.get(str(source))
    if column is not None:
        return [column[i] for i in found.places]
    if found.columns and Path(source).suffix.lower() not in TABLES:
        columns = few([*found.columns], 20)
        raise ValueError(f"{found.given.table} has no column {source}: its columns are {columns}")
    table = read_columns(source, ["path", "source"])
    known: dict[Path, str] = {}
    # A path is relative to the folder of the pictures or else to the CSV.
    for base in (Path(source).parent, found.given.root):
        paths = [(base / path).resolve() for path in table["path"]]
        known.update(zip(paths, table["source"], strict=True))
    names = [known.get(file.resolve(), "") for file in found.files]
    missing = [str(file) for file, name in zip(found.files, names, strict=True) if not name]
    if missing:
        raise ValueError(
            f"{source} lists no source of {few(missing)}: expected a row for each picture"
        )
    return names


def recall_by_source(
    labels: IntArray, called: IntArray, sources: npt.NDArray[np.str_], classes: Sequence[str]
) -> pd.DataFrame:
    """The recall of each class in the images of each source: class, source, images, recall, recall_low, recall_high.

    labels, called, sources : of each image, [n]. The interval is Wilson's; the lowest upper end comes first, so that a
    low recall of few images does not.
    """
    names = [classes[c] for c in labels]
    images = pd.DataFrame({"class": names, "source": sources, "hit": labels == called})
    groups = images.groupby(["class", "source"], sort=False)["hit"]
    table = groups.agg(images="size", hits="sum").reset_index()
    recall, low, high = shares(table.pop("hits"), table["images"])
    table = table.assign(recall=recall, recall_low=low, recall_high=high)
    return table.sort_values(["recall_high", "recall", "class", "source"], ignore_index=True)
