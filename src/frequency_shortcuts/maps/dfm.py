"""Dominant frequency maps: ranks, masks and DFM files."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import numpy.typing as npt

from frequency_shortcuts.spectrum.arrays import BoolArray
from frequency_shortcuts.spectrum.masks import positions, top_pairs
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.files import replacing_hdf5
from frequency_shortcuts.storage.hdf5 import read_hdf5

if TYPE_CHECKING:
    from frequency_shortcuts.maps.methods.culling.result import Culling


def rank(increment: npt.NDArray[np.floating]) -> npt.NDArray[np.int32]:
    """Rank of every pair, 0 = the most important: increments [..., pairs] -> int32 [..., pairs].

    Increments are compared in float32, the precision of the file, and ties are broken by the position of the pair. So
    the map is the same on every machine. Raises ValueError for increments that are not finite.
    """
    order = np.argsort(-_as_stored(increment), axis=-1, kind="stable")
    return np.argsort(order, axis=-1, kind="stable").astype(np.int32)


def _as_stored(increment: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Increments in the precision of the file. Raises ValueError if one is not finite."""
    stored = np.asarray(increment, np.float32)
    if not np.isfinite(stored).all():
        raise ValueError("some loss increments are not finite numbers: the pairs cannot be ranked")
    return stored


def dominant(increment: npt.NDArray[np.floating], pairs: ConjugatePairs, percent: float) -> BoolArray:
    """The dominant frequency map of every class: increments [..., pairs] -> bool [..., H, W], centred.

    The best-ranked pairs are kept until the map holds at least `spectrum.positions` positions. Raises ValueError for
    increments that are not finite.
    """
    stored, wanted = _as_stored(increment), positions(pairs.height, pairs.width, percent)
    kept = np.zeros(stored.shape, bool)
    for place in np.ndindex(stored.shape[:-1]):
        kept[place][top_pairs(stored[place], pairs.size, wanted)] = True
    return pairs.scatter(kept)


def write_planes(
    file: h5py.File,
    name: str,
    shape: tuple[int, ...],
    dtype: npt.DTypeLike,
    of_class: Callable[[int], npt.NDArray[Any]],
) -> None:
    """Write a dataset [class, H, W] of this shape class by class: the planes of a thousand classes take gigabytes."""
    stored = file.create_dataset(name, shape, dtype, chunks=(1, *shape[1:]), compression="gzip", shuffle=True)
    for c in range(len(stored)):
        stored[c] = of_class(c)


@dataclass(frozen=True)
class DFM:
    """The content of a DFM file. Arrays are centred; the keys of `masks` are percentages."""

    loss_increment: npt.NDArray[np.float32]
    rank: npt.NDArray[np.int32]
    evaluated: BoolArray
    masks: Mapping[float, BoolArray]
    attributes: Mapping[str, Any]

    def mask(self, percent: float) -> BoolArray:
        """The map of every class, bool [class, H, W]. Raises ValueError for a percentage that the file lacks."""
        return self.masks[_stored(percent, self.masks)]


def _stored(percent: float, held: Iterable[float], where: str | os.PathLike[str] = "the DFM file") -> float:
    """The percentage among `held` that equals `percent`. Raises ValueError, with `where` they are, if there is none."""
    if (stored := float(f"{percent:g}")) not in held:
        there = ", ".join(f"{p:g}" for p in sorted(held))
        raise ValueError(f"{where} holds no maps of {percent:g} %: expected one of {there}")
    return stored


def write(
    path: str | os.PathLike[str],
    culling: Culling,
    pairs: ConjugatePairs,
    percents: Sequence[float],
    *,
    classes: Sequence[str],
    split: str,
    created_by: str,
    **origin: str,
) -> None:
    """Write a DFM file: increments, ranks, which pairs were evaluated exactly, and one mask per percentage.

    origin : more attributes
    """
    with replacing_hdf5(path) as file:
        increment, evaluated = culling.increment, culling.evaluated
        planes = functools.partial(write_planes, file, shape=(len(increment), pairs.height, pairs.width))

        def top(percent: float) -> Callable[[int], BoolArray]:
            return lambda c: dominant(increment[c], pairs, percent)

        planes("loss_increment", dtype=np.float32, of_class=lambda c: pairs.scatter(increment[c].astype(np.float32)))
        planes("rank", dtype=np.int32, of_class=lambda c: pairs.scatter(rank(increment[c])))
        planes("evaluated", dtype=bool, of_class=lambda c: pairs.scatter(evaluated[c]))
        for percent in percents:
            planes(f"mask/top_{percent:g}", dtype=bool, of_class=top(percent))
        file.attrs.update(
            layout="centred",
            split=split,
            classes=list(classes),
            created_by=created_by,
            **origin,
            **culling.attributes(pairs),
        )


def read(path: str | os.PathLike[str]) -> DFM:
    """Read a DFM file. Raises DamagedFile if it does not hold what was written."""
    with read_hdf5(path) as file:
        masks = {float(name.removeprefix("top_")): file["mask"][name][:] for name in file["mask"]}
        return DFM(
            loss_increment=file["loss_increment"][:],
            rank=file["rank"][:],
            evaluated=file["evaluated"][:],
            masks=dict(sorted(masks.items())),
            attributes=dict(file.attrs),
        )


def read_mask(
    path: str | os.PathLike[str],
    percent: float,
    classes: npt.NDArray[np.int64] | slice = slice(None),
) -> BoolArray:
    """The map of every class, or of `classes` (in increasing order), from a DFM file, without reading the rest of it.

    Raises ValueError for a percentage that the file lacks, and DamagedFile if the file does not
    hold what was written.

    >>> read_mask("dfm.h5", 5).shape
    (10, 32, 32)
    """
    with read_hdf5(path) as file:
        names = {float(name.removeprefix("top_")): name for name in file["mask"]}
        masks: BoolArray = file["mask"][names[_stored(percent, names, path)]][classes]
        return masks
