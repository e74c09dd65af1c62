"""Stability of maps: their overlap across seeds, networks, augmentations and images, compared with chance.

Two maps of 5 % overlap if both hold the lowest frequencies. So each overlap is compared with the overlap of the left
map and random masks of the size of the right map: drawn uniformly, and drawn with the radial distribution of the right
map (`controls.control_mask`).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, combinations
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from frequency_shortcuts.maps import dfm
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, IntArray
from frequency_shortcuts.spectrum.controls import strata
from frequency_shortcuts.spectrum.masks import overlap_of_counts
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.hdf5 import read_hdf5

log = logging.getLogger(__name__)

# The property in which two runs may differ, and the name of their comparison; `several` for more than one property.
COMPARISONS = {"seed": "seeds", "network": "networks", "augmentation": "augmentations"}
SEVERAL, IMAGES = "several", "images"
NUMBERS = 2**22  # numbers that are drawn at a time


@dataclass(frozen=True)
class PackedMaps:
    """The maps of one run at one size, in little memory.

    bits : uint8 [class, bytes], eight positions per byte
    positions : int64 [class], number of kept positions
    counts : kind of control -> int64 [class, strata], kept pairs in each stratum
    members : kind of control -> int64 [strata], all pairs of each stratum
    sizes : kind of control -> int64 [strata], positions of a pair there
    """

    bits: npt.NDArray[np.uint8]
    positions: IntArray
    counts: Mapping[str, IntArray]
    members: Mapping[str, IntArray]
    sizes: Mapping[str, IntArray]


def pack_maps(masks: BoolArray) -> PackedMaps:
    """Masks bool [class, H, W] in the form for `compare_maps`. Each kind of control is described by its strata."""
    pairs = ConjugatePairs(*masks.shape[-2:])
    inside = pairs.gather(masks)
    counts, members, sizes = {}, {}, {}
    for kind in ("random", "radial"):
        order, starts = _blocks(pairs, kind)
        members[kind] = np.diff(np.append(starts, len(pairs)))
        sizes[kind] = pairs.size[order][starts]
        counts[kind] = np.add.reduceat(inside[:, order], starts, axis=1, dtype=np.int64)
    flat = masks.reshape(len(masks), -1)
    return PackedMaps(np.packbits(flat, axis=1), flat.sum(axis=1), counts, members, sizes)


def _blocks(pairs: ConjugatePairs, kind: Literal["random", "radial"]) -> tuple[IntArray, IntArray]:
    """The pairs in the order of their strata, and the start of each stratum."""
    stratum = strata(pairs, kind)
    order = np.argsort(stratum, kind="stable")
    return order, np.unique(stratum[order], return_index=True)[1]


def compare_maps(
    left: PackedMaps, right: PackedMaps, *, draws: int = 10, seed: int | Sequence[int] = 0
) -> pd.DataFrame:
    """Overlap of the maps of two runs, one row per class.

    draws : random masks of the size of the right map, for each class and kind, that are compared with the left map

    Columns: `left_positions`, `right_positions`, which may differ by one, since a map ends with a pair or with a
    frequency that is its own partner; `iou`, intersection over union; `random` and `radial`, its mean with that kind of
    mask. Raises ValueError for maps of different sizes or classes, or no draws.
    """
    if left.bits.shape != right.bits.shape or len(left.members["radial"]) != len(right.members["radial"]):
        raise ValueError("maps of different image sizes or numbers of classes do not overlap")
    if draws < 1:
        raise ValueError(f"draws {draws}: expected at least 1")
    generator = np.random.default_rng(seed)
    both = np.bitwise_count(left.bits & right.bits).sum(axis=1, dtype=np.int64)
    columns = {
        "left_positions": left.positions,
        "right_positions": right.positions,
        "iou": overlap_of_counts(both, left.positions, right.positions),
    }
    for kind in left.counts:
        columns[kind] = _chance(left, right, kind, draws, generator)
    return pd.DataFrame(columns)


def _chance(left: PackedMaps, right: PackedMaps, kind: str, draws: int, generator: np.random.Generator) -> FloatArray:
    """Mean overlap of the left maps with `draws` controls of the right ones, [class].

    A control draws as many pairs of each stratum as the map holds. The number of them in the left map follows the
    hypergeometric distribution. Drawing this number is the same as drawing the masks.
    """
    members, size = left.members[kind], left.sizes[kind]
    out = np.empty(len(left.positions))
    step = max(1, NUMBERS // (draws * len(members)))
    for start in range(0, len(out), step):
        part = slice(start, start + step)
        kept, drawn = left.counts[kind][part], right.counts[kind][part]
        hits = generator.hypergeometric(kept, members - kept, drawn, (draws, *kept.shape)) @ size
        out[part] = overlap_of_counts(hits, left.positions[part], right.positions[part]).mean(axis=0)
    return out


def compare_runs(
    runs: Sequence[Mapping[str, Any]],
    maps: Callable[[int, float], PackedMaps],
    percents: Sequence[float],
    *,
    draws: int = 10,
    seed: int = 0,
) -> Iterator[pd.DataFrame]:
    """Compare every two runs of one data set at every percentage: tables of `compare_maps`, one after the other.

    runs : the runs, with the keys `network`, `augmentation` and `seed`
    maps : (index in `runs`, percent) -> maps of the run

    Each table also has the columns `comparison` (the difference of the runs: seeds, networks, augmentations or
    several), `left`, `right` (see `run_label`), `percent` and `class`, a number. Only the maps of one percentage are in
    memory at a time, one bit per position.
    """
    for percent in percents:
        packed = [maps(i, percent) for i in range(len(runs))]
        for i, j in combinations(range(len(runs)), 2):
            differ = [name for key, name in COMPARISONS.items() if runs[i][key] != runs[j][key]]
            comparison = differ[0] if len(differ) == 1 else SEVERAL
            overlaps = compare_maps(packed[i], packed[j], draws=draws, seed=[seed, i, j])
            yield _with_labels(overlaps, comparison, run_label(runs[i]), run_label(runs[j]), percent)


def compare_halves(
    run: Mapping[str, Any],
    first: Callable[[float], PackedMaps],
    second: Callable[[float], PackedMaps],
    percents: Sequence[float],
    *,
    draws: int = 10,
    seed: int = 0,
) -> Iterator[pd.DataFrame]:
    """The maps of one run from two halves of its images, as tables of `compare_runs` (comparison `images`)."""
    for percent in percents:
        overlaps = compare_maps(first(percent), second(percent), draws=draws, seed=seed)
        yield _with_labels(overlaps, IMAGES, f"{run_label(run)}/half0", f"{run_label(run)}/half1", percent)


def run_label(run: Mapping[str, Any]) -> str:
    """A run in tables and figures: network/augmentation/seed0."""
    return f"{run['network']}/{run['augmentation']}/seed{run['seed']}"


def _with_labels(overlaps: pd.DataFrame, comparison: str, left: str, right: str, percent: float) -> pd.DataFrame:
    about = {"comparison": comparison, "left": left, "right": right, "percent": percent, "class": overlaps.index}
    return pd.concat([pd.DataFrame(about, overlaps.index), overlaps], axis=1)


def compare_files(
    runs: Sequence[Mapping[str, Any]],
    paths: Sequence[str | os.PathLike[str]],
    halved: Sequence[Mapping[str, Any]] = (),
    half_paths: Sequence[str | os.PathLike[str]] = (),
    *,
    percents: Sequence[float],
    draws: int = 10,
    seed: int = 0,
) -> Iterator[pd.DataFrame]:
    """Compare the maps in DFM files: every two runs of each data set, then the halves of each of its halved runs.

    runs, paths : what each run is, with the keys `dataset`, `network`, `augmentation` and `seed`, and its DFM file
    halved, half_paths : the same of the runs that were culled on two halves of their images (see `maps.halves`)

    Yields one table per comparison and percentage: the tables of a thousand networks may not fit into memory. The
    columns are `dataset` and those of `compare_runs`, where `class` is a name.
    """
    for dataset in dict.fromkeys(run["dataset"] for run in runs):
        own = [(run, path) for run, path in zip(runs, paths, strict=True) if run["dataset"] == dataset]
        files = [path for _, path in own]
        classes = dict(enumerate(_about(files[0])["classes"]))

        def maps(i: int, percent: float, files: Sequence[str | os.PathLike[str]] = files) -> PackedMaps:
            return pack_maps(dfm.read_mask(files[i], percent))

        tables = [compare_runs([run for run, _ in own], maps, percents, draws=draws, seed=seed)]
        for run, path in zip(halved, half_paths, strict=True):
            if run["dataset"] == dataset:
                first, second = (partial(_half, path, half) for half in (0, 1))
                tables.append(compare_halves(run, first, second, percents, draws=draws, seed=seed))
        log.info("%s: comparing %d runs, and the halves of %d", dataset, len(own), len(tables) - 1)
        for table in chain.from_iterable(tables):
            table.insert(0, "dataset", dataset)
            yield table.assign(**{"class": table["class"].map(classes)})


def _about(path: str | os.PathLike[str]) -> dict[str, Any]:
    with read_hdf5(path) as file:
        return dict(file.attrs)


def _half(path: str | os.PathLike[str], half: int, percent: float) -> PackedMaps:
    return pack_maps(dfm.read_mask(path, percent, half))
