"""Hits of the test of phases and amplitudes, and the rates that follow from them; `phase` makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import h5py
import numpy as np
import pandas as pd

from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray

from .hits import Named
from .rates import counts_of, with_rates

KEPT = ("both", "amplitude", "phase")  # what an image keeps; the rest is its donor's
REGIONS = ("map", "spectrum")  # where it keeps this


@dataclass(frozen=True)
class PhaseHits:
    """The classes that a network names for n images that keep their amplitudes, their phases, or both.

    labels : int [n], the class of each image; judged : bool [class, n], the images on which FPR is measured
    named : (region, kept) -> int16 [class, n], inside the map of each class (`hits.NOT_SHOWN` where an image was not
        shown), or [1, n] over the whole spectrum
    positions : int [class], of each map; size : positions of the spectrum
    neutral : the class without a cue of its own, if there is one
    """

    labels: IntArray
    judged: BoolArray
    named: Mapping[tuple[str, str], Named]
    positions: IntArray
    size: int
    neutral: int | None = None

    @property
    def classes(self) -> list[int]:
        """The classes that are tested: all but the neutral one."""
        return [c for c in range(len(self.judged)) if c != self.neutral]

    def of_class(self, c: int, region: str, kept: str) -> Named:
        """The class named for each image, [1, n]."""
        named = self.named[region, kept]
        return named[c : c + 1] if region == "map" else named


def rates(hits: PhaseHits) -> pd.DataFrame:
    """TPR and FPR of every class, from the hits of `collect`.

    TPR is the share of the images of the class that the network assigns to it. FPR is measured on images if neither
    they nor their donors are of the class; with two classes and no neutral one it is missing.

    Returns a tidy table, one row per class, region and kept part: `class`, `region` (map, spectrum), `kept` (both,
    amplitude, phase), `positions` (of the region), and the columns of `rates.with_rates`. The neutral class has no
    rows.

    >>> rates(collect(network, split, masks)).set_index(["class", "region", "kept"])["tpr"]
    """
    rows = []
    for c, region, kept in product(hits.classes, REGIONS, KEPT):
        own = hits.labels == c
        right, wrong = counts_of(hits.of_class(c, region, kept), c, own, hits.judged[c])
        positions = int(hits.positions[c]) if region == "map" else hits.size
        about = pd.DataFrame({"class": [c], "region": region, "kept": kept, "positions": positions})
        rows.append(with_rates(about, right, own.sum(), wrong, hits.judged[c].sum()))
    return pd.concat(rows, ignore_index=True)


def write_phase_hits(group: h5py.Group, hits: PhaseHits) -> None:
    """Write hits to an open HDF5 file or to a group in it; `read_phase_hits` reads them."""
    packed = {"compression": "gzip", "shuffle": True}
    for name, values in (("labels", hits.labels.astype(np.int16)), ("judged", hits.judged)):
        group.create_dataset(name, data=values, **packed)
    for (region, kept), named in hits.named.items():
        group.create_dataset(f"named/{region}/{kept}", data=named, **packed)
    group["positions"] = hits.positions
    group.attrs.update(size=hits.size, neutral=-1 if hits.neutral is None else hits.neutral)


def read_phase_hits(group: h5py.Group) -> PhaseHits:
    """The hits in an open HDF5 file, or in a group of it, that `write_phase_hits` wrote."""
    neutral = int(group.attrs["neutral"])
    return PhaseHits(
        labels=group["labels"][:].astype(np.int64),
        judged=group["judged"][:],
        named={key: group["named/{}/{}".format(*key)][:] for key in product(REGIONS, KEPT)},
        positions=group["positions"][:],
        size=int(group.attrs["size"]),
        neutral=None if neutral < 0 else neutral,
    )
