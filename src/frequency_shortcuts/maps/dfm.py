"""Dominant frequency maps: ranks, masks, and the files of maps that every method writes.

A file holds `score` (of a culling `loss_increment`), `rank` and `mask/top_{percent}`, each [class, H, W], centred; of a
culling also `evaluated`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import numpy.typing as npt

from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray
from frequency_shortcuts.spectrum.masks import positions, top_pairs
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.files import AnyPath, replacing_hdf5
from frequency_shortcuts.storage.hdf5 import read_hdf5

if TYPE_CHECKING:
    from .methods.method import Found

PERCENTS = (1, 5, 10, 20)  # sizes of the masks in a file; `read_mask` makes others from the ranks


def rank(increment: FloatArray) -> npt.NDArray[np.int32]:
    """Rank of every pair, 0 = the most important: increments [..., pairs] -> int32 [..., pairs].

    Increments are compared in float32, the precision of the file, and ties are broken by the position of the pair. So
    the map is the same on every machine.
    """
    stored = np.asarray(increment, np.float32)
    order = np.argsort(-stored, axis=-1, kind="stable")
    return np.argsort(order, axis=-1, kind="stable").astype(np.int32)


def dominant(
    increment: FloatArray,
    pairs: ConjugatePairs,
    percent: float,
) -> BoolArray:
    """The dominant frequency map of every class: increments [..., pairs] -> bool [..., H, W], centred.

    The best-ranked pairs are kept until the map holds at least `spectrum.positions` positions.
    """
    stored = np.asarray(increment, np.float32)
    wanted = positions(pairs.height, pairs.width, percent)
    kept = np.zeros(stored.shape, bool)
    for place in np.ndindex(stored.shape[:-1]):
        best = top_pairs(stored[place], pairs.size, wanted)
        kept[place][best] = True
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
    path: AnyPath,
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
    score_name = "loss_increment"
    if method:
        score_name = "score"
        about["method"] = method
        about["settings"] = json.dumps(dict(found.settings))
        about["passes"] = found.passes
        about["seconds"] = found.seconds
        about["resumed"] = found.resumed
    with replacing_hdf5(path) as file:
        _write_planes(file, score_name, pairs.scatter(found.score.astype(np.float32)))
        _write_planes(file, "rank", pairs.scatter(rank(found.score)))
        if found.evaluated is not None:
            _write_planes(file, "evaluated", pairs.scatter(found.evaluated))
        for percent in percents:
            _write_planes(file, f"mask/top_{percent:g}", dominant(found.score, pairs, percent))
        file.attrs["layout"] = "centred"
        file.attrs["classes"] = list(classes)
        file.attrs.update({**found.about, **about})


def join(path: AnyPath, parts: Sequence[AnyPath]) -> None:
    """Write the DFM file of all classes, from DFM files that hold some classes each, in their order."""
    with replacing_hdf5(path) as file, ExitStack() as stack:
        opened = [stack.enter_context(read_hdf5(part)) for part in parts]
        with_classes = [part for part in opened if len(part.attrs["classes"])]
        first = with_classes[0]
        planes = [name for name in first if name != "mask"]
        masks = [f"mask/{name}" for name in first["mask"]]
        for name in (*planes, *masks):
            of_parts = [part[name][:] for part in with_classes]
            _write_planes(file, name, np.concatenate(of_parts))
        for name, value in first.attrs.items():
            if isinstance(value, np.ndarray):  # of the classes
                values = [part.attrs[name] for part in with_classes]
                value = np.concatenate(values).tolist()
            file.attrs[name] = value


def _write_planes(file: h5py.File, name: str, planes: npt.NDArray[Any]) -> None:
    """Write a dataset [class, H, W], packed plane by plane."""
    if not len(planes):
        file.create_dataset(name, data=planes)
        return
    chunks = (1, *planes.shape[1:])
    file.create_dataset(
        name,
        data=planes,
        chunks=chunks,
        compression="gzip",
        shuffle=True,
    )


def read(path: AnyPath) -> DFM:
    """Read a file of maps. Raises ValueError if it does not hold what was written.

    >>> read("results/laptop/maps/mixture/syn_1/resnet18_w8/none/seed200.h5").masks[5].shape
    (4, 32, 32)
    """
    with read_hdf5(path) as file:
        names = _mask_names(file)
        score_name = "score" if "score" in file else "loss_increment"
        return DFM(
            score=file[score_name][:],
            rank=file["rank"][:],
            evaluated=file["evaluated"][:] if "evaluated" in file else None,
            masks={percent: file[names[percent]][:] for percent in sorted(names)},
            attributes=dict(file.attrs),
        )


def read_mask(
    path: AnyPath,
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
        names = _mask_names(file)
        stored = float(f"{percent:g}")
        if stored in names:
            return file[names[stored]][chosen]
        if "rank" not in file:
            sizes = ", ".join(f"{size:g}" for size in sorted(names))
            raise ValueError(f"{path} holds no maps of {percent:g} %: expected one of {sizes}")
        ranks: npt.NDArray[np.int32] = file["rank"][chosen]
        n_classes, height, width = ranks.shape
        sorted_ranks = np.sort(ranks.reshape(n_classes, -1))
        last_kept = sorted_ranks[:, positions(height, width, percent) - 1]
        return ranks <= last_kept[:, None, None]


def _mask_names(file: h5py.File) -> dict[float, str]:
    """The masks of a file: percentage -> name of the dataset."""
    return {float(name.removeprefix("top_")): f"mask/{name}" for name in file["mask"]}
