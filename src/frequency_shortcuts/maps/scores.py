"""Files of what the methods find: the score and rank of every pair, and one mask per percentage.

The layout is that of a DFM file, with `score` in the place of `loss_increment`, so that `dfm.read_mask` reads the maps.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.files import replacing_hdf5
from frequency_shortcuts.storage.hdf5 import read_hdf5

from .dfm import dominant, rank, read_mask, write_planes

if TYPE_CHECKING:
    from .methods.method import Found


def write(
    path: str | os.PathLike[str],
    found: Found,
    pairs: ConjugatePairs,
    percents: Sequence[float],
    *,
    method: str,
    classes: Sequence[str],
    split: str,
    created_by: str,
    **origin: Any,
) -> None:
    """Write the file of one method: `score`, `rank` and `mask/top_{percent}`, each [class, H, W], centred.

    origin : more attributes
    """
    shape = len(classes), pairs.height, pairs.width
    with replacing_hdf5(path) as file:
        write_planes(file, "score", shape, np.float32, lambda c: pairs.scatter(found.score[c].astype(np.float32)))
        write_planes(file, "rank", shape, np.int32, lambda c: pairs.scatter(rank(found.score[c])))
        for percent in percents:
            top = functools.partial(_top, found.score, pairs, percent)
            write_planes(file, f"mask/top_{percent:g}", shape, bool, top)
        file.attrs.update(
            layout="centred",
            method=method,
            settings=json.dumps(dict(found.settings)),
            passes=found.passes,
            seconds=found.seconds,
            resumed=found.resumed,
            split=split,
            classes=list(classes),
            created_by=created_by,
            **origin,
        )


def _top(score: FloatArray, pairs: ConjugatePairs, percent: float, c: int) -> BoolArray:
    return dominant(score[c], pairs, percent)


def read_scores(path: str | os.PathLike[str]) -> tuple[FloatArray, dict[str, Any]]:
    """The scores float64 [class, H, W] of a file of `write`, and its attributes."""
    with read_hdf5(path) as file:
        return file["score"][:].astype(np.float64), dict(file.attrs)


def read_masks(path: str | os.PathLike[str]) -> dict[float, BoolArray]:
    """All maps of a file of `write`, or of a DFM file: percent -> bool [class, H, W], in ascending order."""
    with read_hdf5(path) as file:
        percents = sorted(float(name.removeprefix("top_")) for name in file["mask"])
    return {percent: read_mask(path, percent) for percent in percents}
