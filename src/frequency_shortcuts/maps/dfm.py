"""Dominant frequency maps: ranks, masks, and the files of maps that every method writes.

A file holds `score` (of a culling `loss_increment`), `rank` and `mask/top_{percent}`, each [class, H, W], centred; of a
culling also `evaluated`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
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
    from .methods.method import Found


PERCENTS = (1, 5, 10, 20)  # sizes of the masks in a file; `read_mask` makes others from the ranks


def rank(increment: npt.NDArray[np.floating]) -> npt.NDArray[np.int32]:
    """Rank of every pair, 0 = the most important: increments [..., pairs] -> int32 [..., pairs].

    Increments are compared in float32, the precision of the file, and ties are broken by the position of the pair. So
    the map is the same on every machine.
    """
    order = np.argsort(-np.asarray(increment, np.float32), axis=-1, kind="stable")
    return np.argsort(order, axis=-1, kind="stable").astype(np.int32)


def dominant(
    increment: npt.NDArray[np.floating], pairs: ConjugatePairs, percent: float
) -> BoolArray:
    """The dominant frequency map of every class: increments [..., pairs] -> bool [..., H, W], centred.

    The best-ranked pairs are kept until the map holds at least `spectrum.positions` positions.
    """
    stored, wanted = (
        np.asarray(increment, np.float32),
        positions(pairs.height, pairs.width, percent),
    )
    kept = np.zeros(stored.shape, bool)
    for place in np.ndindex(stored.shape[:-1]):
        kept[place][top_pairs(stored[place], pairs.size, wanted)] = True
    return pairs.scatter(kept)


@dataclass(frozen=True)
class DFM:
    """The content of a file of maps. Arrays are [class, H, W] and centred; the keys of `masks` are percentages.

    score : `loss_increment` or `score` of the file
    evaluated : where a culling evaluated the increment, and did not predict it; None of other methods
    """

    score: npt.NDArray[np.float32]
    rank: npt.NDArray[np.int32]
    evaluated: BoolArray | None
    masks: Mapping[float, BoolArray]
    attributes: Mapping[str, Any]


def write(
    path: str | os.PathLike[str],
    found: Found,
    pairs: ConjugatePairs,
    percents: Sequence[float] = PERCENTS,
    *,
    classes: Sequence[str],
    method: str = "",
    **about: Any,
) -> None:
    """Write what a search found: the score and rank of every pair, and one mask per percentage.

    method : the name of the method. Without it, the file is a DFM file: the score of the culling is `loss_increment`
    about : more attributes, such as `split` and `created_by`

    >>> write("dfm.h5", cull(network, split), ConjugatePairs(32, 32), classes=split.classes)
    """
    shape, score, name = (
        (len(classes), pairs.height, pairs.width),
        found.score,
        "score" if method else "loss_increment",
    )
    if method:
        about |= {"method": method, "settings": json.dumps(dict(found.settings))}
        about |= {key: getattr(found, key) for key in ("passes", "seconds", "resumed")}
    with replacing_hdf5(path) as file:
        _write_planes(
            file, name, shape, np.float32, (pairs.scatter(one.astype(np.float32)) for one in score)
        )
        _write_planes(file, "rank", shape, np.int32, (pairs.scatter(rank(one)) for one in score))
        if found.evaluated is not None:
            _write_planes(file, "evaluated", shape, bool, map(pairs.scatter, found.evaluated))
        for top in percents:
            _write_planes(
                file, f"mask/top_{top:g}", shape, bool, (dominant(one, pairs, top) for one in score)
            )
        file.attrs.update({"layout": "centred", "classes": list(classes), **found.about, **about})


def join(path: str | os.PathLike[str], parts: Sequence[str | os.PathLike[str]]) -> None:
    """Write the DFM file of all classes, from DFM files that hold some classes each, in their order.

    Raises ValueError for a class that is there twice.
    """
    with replacing_hdf5(path) as file, ExitStack() as stack:
        opened = [stack.enter_context(read_hdf5(part)) for part in parts]
        held = [part for part in opened if len(part.attrs["classes"])]
        names = [name for part in held for name in part.attrs["classes"]]
        if not names or len(set(names)) < len(names):
            raise ValueError(
                f"{parts[0]} and the other parts hold {', '.join(names) or 'no class'}: expected each once"
            )
        for name in (
            *(name for name in held[0] if name != "mask"),
            *(f"mask/{top}" for top in held[0]["mask"]),
        ):
            planes = np.concatenate([part[name][:] for part in held])
            _write_planes(file, name, planes.shape, planes.dtype, planes)
        for name, value in held[0].attrs.items():
            of_classes = isinstance(value, np.ndarray)
            file.attrs[name] = (
                np.concatenate([part.attrs[name] for part in held]).tolist()
                if of_classes
                else value
            )


def _write_planes(
    file: h5py.File,
    name: str,
    shape: tuple[int, ...],
    dtype: npt.DTypeLike,
    planes: Iterable[npt.NDArray[Any]],
) -> None:
    """Write a dataset [class, H, W] of this shape plane by plane: those of a thousand classes take gigabytes."""
    packed = {"chunks": (1, *shape[1:]), "compression": "gzip", "shuffle": True}
    stored = file.create_dataset(name, shape, dtype, **(packed if shape[0] else {}))
    for c, plane in enumerate(planes):
        stored[c] = plane


def read(path: str | os.PathLike[str]) -> DFM:
    """Read a file of maps. Raises ValueError if it does not hold what was written.

    >>> read("results/laptop/maps/mixture/syn_1/resnet18_w8/none/seed200.h5").masks[5].shape
    (4, 32, 32)
    """
    with read_hdf5(path) as file:
        masks = {float(name.removeprefix("top_")): file["mask"][name][:] for name in file["mask"]}
        return DFM(
            score=file["score" if "score" in file else "loss_increment"][:],
            rank=file["rank"][:],
            evaluated=file["evaluated"][:] if "evaluated" in file else None,
            masks=dict(sorted(masks.items())),
            attributes=dict(file.attrs),
        )


def read_mask(
    path: str | os.PathLike[str],
    percent: float,
    chosen: npt.NDArray[np.int64] | slice = slice(None),
) -> BoolArray:
    """The map of every class, or of the `chosen` ones (in increasing order), without reading the rest of the file.

    A size that the file lacks is made from the ranks, as `dominant` makes it. Raises ValueError if it holds no ranks
    either, and if it does not hold what was written.

    >>> read_mask("dfm.h5", 5).shape
    (10, 32, 32)
    """
    with read_hdf5(path) as file:
        names = {float(name.removeprefix("top_")): name for name in file["mask"]}
        if (stored := float(f"{percent:g}")) in names:
            return file["mask"][names[stored]][chosen]
        if "rank" not in file:
            there = ", ".join(f"{p:g}" for p in sorted(names))
            raise ValueError(f"{path} holds no maps of {percent:g} %: expected one of {there}")
        ranks: npt.NDArray[np.int32] = file["rank"][chosen]
        _, height, width = ranks.shape
        # Of the pairs kept.
        last = np.sort(ranks.reshape(len(ranks), -1))[:, positions(height, width, percent) - 1]
        return ranks <= last[:, None, None]
