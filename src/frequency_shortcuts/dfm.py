"""Dominant frequency maps: ranks, masks, DFM files, and the layout of the published tools."""

from __future__ import annotations

import os
import pickle
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import h5py
import numpy as np
import numpy.typing as npt

from . import screening
from .culling import Culling
from .spectrum import BoolArray, ConjugatePairs, mirror, positions, symmetric
from .storage import replacing, replacing_hdf5


def rank(increment: npt.NDArray[np.floating]) -> npt.NDArray[np.int32]:
    """Place of every pair, 0 = the most important: increments [..., pairs] -> int32 [..., pairs].

    Increments are compared in float32, the precision they are stored in, and ties are broken by the
    pair's position, so that a map does not depend on where it was ranked. Raises ValueError for
    increments that are not finite.
    """
    stored = np.asarray(increment, np.float32)
    if not np.isfinite(stored).all():
        raise ValueError("some loss increments are not finite numbers: the pairs cannot be ranked")
    order = np.argsort(-stored, axis=-1, kind="stable")
    return np.argsort(order, axis=-1, kind="stable").astype(np.int32)


def dominant(increment: npt.NDArray[np.floating], pairs: ConjugatePairs, percent: float) -> BoolArray:
    """The dominant frequency map of every class: increments [class, pairs] -> bool [class, H, W], centred.

    The best-ranked pairs are kept until at least int(percent / 100 * H * W) positions are.
    """
    order = np.argsort(rank(increment), axis=-1)
    filled_before = np.cumsum(pairs.size[order], axis=-1) - pairs.size[order]
    kept = np.zeros(order.shape, bool)
    np.put_along_axis(kept, order, filled_before < positions(pairs.height, pairs.width, percent), axis=-1)
    return pairs.scatter(kept)


@dataclass(frozen=True)
class DFM:
    """What a DFM file holds; arrays are centred, percentages are the keys of `masks`."""

    loss_increment: npt.NDArray[np.float32]
    rank: npt.NDArray[np.int32]
    evaluated: BoolArray
    masks: Mapping[float, BoolArray]
    attributes: Mapping[str, Any]

    def mask(self, percent: float) -> BoolArray:
        """The map of every class, bool [class, H, W]. Raises ValueError for a percentage the file does not hold."""
        stored = float(f"{percent:g}")  # as the names in the file are written
        if stored not in self.masks:
            held = ", ".join(f"{p:g}" for p in self.masks)
            raise ValueError(f"no top-{percent:g} % map in the DFM file: it holds {held}")
        return self.masks[stored]


def write(
    path: str | os.PathLike[str],
    culling: Culling,
    pairs: ConjugatePairs,
    percents: Sequence[float],
    *,
    classes: Sequence[str],
    split: str,
    weights_sha256: str,
    created_by: str,
) -> None:
    """Write a DFM file: increments, ranks, what was evaluated exactly, and one mask a percentage."""
    with replacing_hdf5(path) as file:

        def plane(name: str, values: npt.NDArray) -> None:
            file.create_dataset(name, data=values, compression="gzip", shuffle=True)

        plane("loss_increment", pairs.scatter(culling.increment.astype(np.float32)))
        plane("rank", pairs.scatter(rank(culling.increment)))
        plane("evaluated", pairs.scatter(culling.evaluated))
        for percent in percents:
            plane(f"mask/top_{percent:g}", dominant(culling.increment, pairs, percent))
        file.attrs.update(
            layout="centred",
            method=culling.method,
            split=split,
            classes=list(classes),
            images_per_class=culling.images_per_class,
            baseline_loss=culling.baseline_loss,
            precision=culling.precision,
            passes=culling.passes,
            weights_sha256=weights_sha256,
            created_by=created_by,
        )
        if culling.method == "screened":
            file.attrs.update(_screening(culling, pairs))


def _screening(culling: Culling, pairs: ConjugatePairs) -> dict[str, Any]:
    """What a screened culling is worth, a number a class: how it was audited and what recall that speaks for."""
    found = dominant(culling.increment, pairs, culling.percent)
    held = pairs.gather(found).sum(axis=-1)
    audit = culling.left_out, culling.audited, culling.missed
    estimate, low, high = screening.recall(held, *audit)
    return {
        "percent": culling.percent,
        "target_recall": culling.target_recall,
        "expected_recall": culling.expected_recall,
        **dict(zip(("left_out", "audited", "missed"), audit, strict=True)),
        "audits": culling.audits,
        "recall": estimate,
        "recall_low": low,
        "recall_high": high,
        "recall_of_all_classes": np.array(screening.recall_of_all(held, *audit)),
    }


def read(path: str | os.PathLike[str]) -> DFM:
    """Read a DFM file."""
    with h5py.File(path, "r") as file:
        masks = {float(name.removeprefix("top_")): file["mask"][name][:] for name in file["mask"]}
        return DFM(
            loss_increment=file["loss_increment"][:],
            rank=file["rank"][:],
            evaluated=file["evaluated"][:],
            masks=dict(sorted(masks.items())),
            attributes=dict(file.attrs),
        )


def write_published(path: str | os.PathLike[str], masks: BoolArray) -> None:
    """Write masks [class, H, W] as the published tools read them: a pickled dict {class: float32 [H, W] of 0 and 1}."""
    with replacing(path) as temporary, open(temporary, "wb") as file:
        pickle.dump({c: mask.astype(np.float32) for c, mask in enumerate(masks)}, file, protocol=4)


def read_published(path: str | os.PathLike[str]) -> BoolArray:
    """Read masks bool [class, H, W] from the published pickle layout, without executing what it may carry.

    Published maps may lack the mirror of a frequency (they leave the Nyquist row and column half
    removed); it is added, with a warning. Raises ValueError for anything but a dict of 0-1 arrays.
    """
    with open(path, "rb") as file:
        try:
            found = _MaskUnpickler(file).load()
        except Exception as error:  # a crafted or broken pickle may raise anything
            raise ValueError(f"{path} is not a pickle of masks: {error}") from error
    if not isinstance(found, dict) or set(found) != set(range(len(found))) or not found:
        raise ValueError(f"{path} holds no dict with the classes 0, 1, 2, ... as keys")
    planes = [found[c].values if isinstance(found[c], _Array) else np.empty(0) for c in range(len(found))]
    if len({plane.shape for plane in planes}) != 1 or planes[0].ndim != 2:
        raise ValueError(f"{path}: expected one number array [H, W] of the same size for each class")
    stacked = np.stack(planes)
    if not np.isin(stacked, (0, 1)).all():
        raise ValueError(f"{path}: a mask holds other values than 0 and 1")
    masks = stacked.astype(bool)
    if not symmetric(masks):
        whole = masks | mirror(masks)
        warnings.warn(
            f"{path}: {int(whole.sum() - masks.sum())} frequencies lacked their conjugate partner, which was added",
            stacklevel=2,
        )
        masks = whole
    return masks


class _Dtype:
    """Stands for numpy's dtype in a pickle: plain numbers only."""

    def __init__(self, code: str, *_: object) -> None:
        if not (isinstance(code, str) and code in {"b1", *(kind + size for kind in "iuf" for size in "1248")}):
            raise pickle.UnpicklingError(f"it holds an array of {code!r}")
        self.value = np.dtype(code)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.value = self.value.newbyteorder(state[1] if state[1] in ("<", ">") else "=")


class _Array:
    """Stands for a numpy array in a pickle: numpy's own way to restore one can be made to crash."""

    values: npt.NDArray = np.empty(0)

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, fortran, raw = state
        self.values = np.frombuffer(raw, dtype.value).reshape(shape, order="F" if fortran else "C")

    @classmethod
    def from_buffer(cls, raw: bytes, dtype: _Dtype, shape: tuple[int, ...], order: str) -> _Array:
        """What numpy 2 writes in protocol 5."""
        array = cls()
        array.__setstate__((1, shape, dtype, order == "F", raw))
        return array


class _MaskUnpickler(pickle.Unpickler):
    """Rebuilds number arrays and plain containers; every other name in the file is refused."""

    _STANDS_FOR: ClassVar[dict[tuple[str, str], Any]] = {
        ("numpy", "ndarray"): _Array,
        ("numpy", "dtype"): _Dtype,
        # How protocols 0 to 2 write bytes.
        ("_codecs", "encode"): lambda text, _: text.encode("latin1"),
        **{(f"numpy.{core}.multiarray", "_reconstruct"): _Array for core in ("core", "_core")},
        **{(f"numpy.{core}.numeric", "_frombuffer"): _Array.from_buffer for core in ("core", "_core")},
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._STANDS_FOR:
            raise pickle.UnpicklingError(f"it refers to {module}.{name}, which masks do not need")
        return self._STANDS_FOR[module, name]
