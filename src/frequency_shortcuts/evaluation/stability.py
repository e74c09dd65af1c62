"""Stability of maps: their overlap across the seeds of a network, compared with chance.

Two maps of 5 % overlap if both hold the lowest frequencies. So each overlap is compared with the overlap of the left
map and random masks of the size of the right map: drawn uniformly, and drawn with the radial distribution of the right
map (`masks.control_mask`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, Literal

import numpy as np
import pandas as pd

from frequency_shortcuts.maps import dfm
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray
from frequency_shortcuts.spectrum.masks import overlap, overlap_of_counts, strata
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.hdf5 import read_classes

NUMBERS = 2**22  # numbers that are drawn at a time


def compare_maps(left: BoolArray, right: BoolArray, *, draws: int = 10, seed: int | Sequence[int] = 0) -> pd.DataFrame:
    """Overlap of the maps of two runs, bool [class, H, W], one row per class.

    draws : random masks of the size of the right map, for each class and kind, that are compared with the left map

    Columns: `left_positions`, `right_positions`, which may differ by one, since a map ends with a pair or with a
    frequency that is its own partner; `iou`, intersection over union; `random` and `radial`, its mean with that kind of
    mask. Raises ValueError for maps of different sizes or classes.
    """
    generator, sizes = np.random.default_rng(seed), [maps.sum(axis=(1, 2)) for maps in (left, right)]
    columns = {"left_positions": sizes[0], "right_positions": sizes[1], "iou": overlap(left, right)}
    columns["random"] = _chance(left, right, "random", draws, generator)
    columns["radial"] = _chance(left, right, "radial", draws, generator)
    return pd.DataFrame(columns)


def _chance(
    left: BoolArray, right: BoolArray, kind: Literal["random", "radial"], draws: int, generator: np.random.Generator
) -> FloatArray:
    """Mean overlap of the left maps with `draws` controls of the right ones, [class].

    A control draws as many pairs of each stratum as the map holds. The number of them in the left map follows the
    hypergeometric distribution. Drawing this number is the same as drawing the masks.
    """
    pairs = ConjugatePairs(*left.shape[1:])
    stratum = strata(pairs, kind)
    order = np.argsort(stratum, kind="stable")
    starts = np.unique(stratum[order], return_index=True)[1]
    members, size = np.diff(np.append(starts, len(pairs))), pairs.size[order][starts]
    kept, drawn = (
        np.add.reduceat(pairs.gather(maps)[:, order], starts, axis=1, dtype=np.int64) for maps in (left, right)
    )
    out = np.empty(len(left))
    step = max(1, NUMBERS // (draws * len(members)))
    for start in range(0, len(out), step):
        k, n = kept[start : start + step], drawn[start : start + step]
        hits = generator.hypergeometric(k, members - k, n, (draws, *k.shape)) @ size
        out[start : start + step] = overlap_of_counts(hits, k @ size, n @ size).mean(axis=0)
    return out


def compare_seeds(
    runs: Sequence[Mapping[str, Any]],
    paths: Sequence[str | os.PathLike[str]],
    *,
    percents: Sequence[float],
    draws: int = 10,
    seed: int = 0,
) -> Iterator[pd.DataFrame]:
    """Compare the maps of every two seeds of each network, from DFM files.

    runs, paths : what each run is, with the keys `dataset`, `network`, `augmentation` and `seed`, and its DFM file

    Yields one table per pair of runs and percentage: the tables of a thousand networks may not fit into memory. The
    columns are `dataset`, `left` and `right` (network/augmentation/seed0), `percent`, `class` and those of
    `compare_maps`. The draws depend on the places of both runs among those of the data set.
    """
    for dataset in dict.fromkeys(run["dataset"] for run in runs):
        own = [(run, path) for run, path in zip(runs, paths, strict=True) if run["dataset"] == dataset]
        networks = [f"{run['network']}/{run['augmentation']}" for run, _ in own]
        classes = read_classes(own[0][1])
        for percent, network in [(percent, network) for percent in percents for network in dict.fromkeys(networks)]:
            maps = {i: dfm.read_mask(own[i][1], percent) for i, name in enumerate(networks) if name == network}
            for i, j in combinations(maps, 2):
                overlaps = compare_maps(maps[i], maps[j], draws=draws, seed=[seed, i, j])
                left, right = (f"{network}/seed{own[place][0]['seed']}" for place in (i, j))
                about = {"dataset": dataset, "left": left, "right": right, "percent": percent, "class": classes}
                yield pd.concat([pd.DataFrame(about), overlaps], axis=1)
