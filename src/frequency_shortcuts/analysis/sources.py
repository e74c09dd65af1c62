"""Where images come from: hospital, camera or folder, as a user names it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from frequency_shortcuts.data.picture_lists import sources_of
from frequency_shortcuts.spectrum.arrays import as_array


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
    if len(names) != n_images:
        raise ValueError(f"there are {len(names)} sources for {n_images} {what}")
    return np.array([str(name) for name in names])
