"""The result of a culling, and the files of its parts."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, IntArray
from frequency_shortcuts.spectrum.fills import Fill
from frequency_shortcuts.spectrum.masks import positions, top_pairs
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.files import replacing_hdf5
from frequency_shortcuts.storage.hdf5 import read_hdf5

from .audits import recall, recall_of_all

if TYPE_CHECKING:
    from frequency_shortcuts.networks.inference import Precision

Method = Literal["exact", "screened"]
METHODS = ("exact", "screened")


@dataclass(frozen=True)
class Culling:
    """Loss increments, and how they were found.

    increment : float64 [class, pairs]; NaN for pairs that belong to another part of a divided culling
    evaluated : bool [class, pairs], true where the increment was evaluated exactly, not predicted
    baseline_loss : float64 [class], the mean loss of the unfiltered images
    images_per_class : int64 [class]
    passes : int64 [class], filtered images shown to the network: pairs or cells times images for exact. Not included
        are the gradients for screening, which cost `gradients.passes` forward passes per image
    expected_recall : float64 [class], expected share of the true top `percent` % in the top that was found, by the
        model of screening; 1 for exact
    left_out, audited, missed : int64 [class], pairs that the last audit of screening could draw from, drew, and found
        to belong to the top; 0 for exact
    audits : int64 [class], number of audits; the last one passed
    fingerprint : of network, images, settings and code, if parts are merged or blocks are stored; else empty
    fill : what replaces a pair: `zeros`, or with `swap` the coefficients of a donor image
    patch : side of the cells, whose pairs have the same increment; 1 for single pairs
    """

    increment: FloatArray
    evaluated: BoolArray
    baseline_loss: FloatArray
    images_per_class: IntArray
    passes: IntArray
    expected_recall: FloatArray
    left_out: IntArray
    audited: IntArray
    missed: IntArray
    audits: IntArray
    method: Method
    percent: float
    target_recall: float
    precision: Precision
    fingerprint: str
    fill: Fill = "zeros"
    patch: int = 1

    def attributes(self, pairs: ConjugatePairs) -> dict[str, Any]:
        """The attributes of a file of maps; for a screened culling also its audits and the recall that they imply."""
        names = ["method", "fill", "images_per_class", "baseline_loss", "precision", "passes"]
        names += ["patch"] if self.patch > 1 else []
        if self.method == "exact":
            return {name: getattr(self, name) for name in names}
        names += ["percent", "target_recall", "expected_recall", "left_out", "audited", "missed", "audits"]
        wanted = positions(pairs.height, pairs.width, self.percent)
        sizes = np.array([len(top_pairs(row.astype(np.float32), pairs.size, wanted)) for row in self.increment])
        audit = self.left_out, self.audited, self.missed, self.audits
        estimate, low, high = recall(sizes, *audit)
        return {
            **{name: getattr(self, name) for name in names},
            "recall": estimate,
            "recall_low": low,
            "recall_high": high,
            "recall_of_all_classes": np.array(recall_of_all(sizes, *audit)),
        }


def merge(parts: Iterable[Culling]) -> Culling:
    """The culling that these parts form, in any order. They are read one by one, so that an iterator may load them.

    Raises ValueError if parts differ in their settings or overlap, or if one is missing.

    >>> merge(map(read_part, paths)).increment.shape
    (10, 514)
    """
    names = [field.name for field in fields(Culling)]
    merged: dict[str, Any] = {}
    for part in parts:
        values = {name: getattr(part, name) for name in names}
        present = ~np.isnan(part.increment)
        if not merged:
            merged = {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in values.items()}
            times, known = present.astype(np.int32), present.any(axis=1)
            continue
        settings = [name for name in names if not isinstance(merged[name], np.ndarray)]
        if differ := [name for name in settings if values[name] != merged[name]]:
            raise ValueError(f"the parts come from different cullings: they differ in {', '.join(differ)}")
        times += present
        merged["increment"][present] = part.increment[present]
        merged["evaluated"] |= part.evaluated
        merged["passes"] += part.passes
        # Values that describe a whole class are equal in all of its parts.
        new = present.any(axis=1) & ~known
        for name in set(names).difference(settings, ("increment", "evaluated", "passes")):
            merged[name][new] = values[name][new]
        known |= new
    if not merged:
        raise ValueError("there are no parts to merge")
    if (times != 1).any():
        c = int(np.argmax((times != 1).any(axis=1)))
        problem = "missing" if (times == 0).any() else "there twice"
        raise ValueError(f"the parts do not make up one culling: some increments of class {c} are {problem}")
    return Culling(**merged)


def write_part(path: str | os.PathLike[str], part: Culling, **origin: str) -> None:
    """Write one part of a divided culling, HDF5: arrays as datasets, the rest as attributes.

    origin : more attributes, what the part was made from; see `dfm.write`
    """
    with replacing_hdf5(path) as file:
        for field in fields(Culling):
            value = getattr(part, field.name)
            if isinstance(value, np.ndarray):
                # The increments of other parts are missing (NaN): compressed, they take no space.
                file.create_dataset(field.name, data=value, compression="gzip" if value.ndim > 1 else None)
            else:
                file.attrs[field.name] = value
        file.attrs.update(origin)


def read_part(path: str | os.PathLike[str]) -> Culling:
    """Read what `write_part` wrote, without the origin."""
    with read_hdf5(path) as file:
        arrays = {name: file[name][:] for name in file}
        named = {field.name: file.attrs[field.name] for field in fields(Culling) if field.name not in arrays}
    settings = {name: value.item() if hasattr(value, "item") else value for name, value in named.items()}
    return Culling(**arrays, **settings)
