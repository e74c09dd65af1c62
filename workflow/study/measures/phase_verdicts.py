"""Texture or shape: whether amplitudes or phases carry a shortcut, from the hits that `phase.collect` gives.

R is TPR - FPR of the ordinary test to quote: inside the map of the class the image has both its amplitudes and its
phases. The margin of a part, the amplitudes or the phases, is TPR - FPR of images with only this part of their own,
minus half of R. The part *suffices* if the 95 % interval of its margin is above 0, and does not suffice if the interval
is below 0. Else the data do not decide. A shortcut for which the amplitudes suffice is *texture*, one for which the
phases do, which hold the place of edges, is *shape*.

The interval is that of differences on the same images (`intervals.paired`): for each image, whether the network names
the class with only one part, minus half of whether it does so with both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import h5py
import numpy as np
import pandas as pd

from frequency_shortcuts.intervals import Estimate, joined, paired
from frequency_shortcuts.shortcuts.hits import Named, rates_of_class
from frequency_shortcuts.shortcuts.verdict import STRONG_TPR
from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray

KEPT = ("both", "amplitude", "phase")  # what an image keeps; the rest is its donor's
REGIONS = ("map", "spectrum")  # where it keeps this
SUFFICES = 0.5  # share of R


@dataclass(frozen=True)
class PhaseHits:
    """The classes that a network names for n images that keep their amplitudes, their phases, or both.

    labels : int [n], the class of each image; judged : bool [class, n], the images on which FPR is measured
    predicted : (region, kept) -> int16 [class, n], inside the map of each class (`hits.NOT_SHOWN` where it was not
        shown), or [1, n] over the whole spectrum
    positions : int [class], of each map; size : positions of the spectrum
    neutral : the class without a cue of its own, if there is one
    """

    labels: IntArray
    judged: BoolArray
    predicted: Mapping[tuple[str, str], Named]
    positions: IntArray
    size: int
    neutral: int | None = None

    @property
    def classes(self) -> list[int]:
        """The classes that are tested: all but the neutral one."""
        return [c for c in range(len(self.judged)) if c != self.neutral]

    def of_class(self, c: int, region: str, kept: str) -> Named:
        """The class named for each image, [1, n]."""
        named = self.predicted[region, kept]
        return named[c : c + 1] if region == "map" else named


def phase_rates(hits: PhaseHits) -> pd.DataFrame:
    """TPR and FPR of every class, from the hits of `collect`.

    TPR is the share of the images of the class that the network assigns to it. FPR is measured on images if neither
    they nor their donors are of the class; with two classes and no neutral one it is missing.

    Returns one row per class, region and kept part: `positions` (of the region), and the columns of
    `hits.rates_of_class`. The neutral class has no rows.
    """
    rows = []
    for c, region, kept in product(hits.classes, REGIONS, KEPT):
        positions = int(hits.positions[c]) if region == "map" else hits.size
        about = pd.DataFrame({"class": [c], "region": region, "kept": kept, "positions": positions})
        named = hits.of_class(c, region, kept)
        rows.append(rates_of_class(about, named, c, hits.labels == c, hits.judged[c]))
    return pd.concat(rows, ignore_index=True)


def write_phase_hits(group: h5py.Group, hits: PhaseHits) -> None:
    """Write hits to an open HDF5 file or to a group in it; `read_phase_hits` reads them."""
    packed = {"compression": "gzip", "shuffle": True}
    for name, values in (("labels", hits.labels.astype(np.int16)), ("judged", hits.judged)):
        group.create_dataset(name, data=values, **packed)
    for (region, kept), named in hits.predicted.items():
        group.create_dataset(f"named/{region}/{kept}", data=named, **packed)
    group["positions"] = hits.positions
    group.attrs.update(size=hits.size, neutral=-1 if hits.neutral is None else hits.neutral)


def read_phase_hits(group: h5py.Group) -> PhaseHits:
    """The hits in an open HDF5 file, or in a group of it, that `write_phase_hits` wrote."""
    neutral = int(group.attrs["neutral"])
    return PhaseHits(
        labels=group["labels"][:].astype(np.int64),
        judged=group["judged"][:],
        predicted={key: group["named/{}/{}".format(*key)][:] for key in product(REGIONS, KEPT)},
        positions=group["positions"][:],
        size=int(group.attrs["size"]),
        neutral=None if neutral < 0 else neutral,
    )


def phase_verdicts(hits: PhaseHits, strong: float = STRONG_TPR) -> pd.DataFrame:
    """One row per class, from the hits of `phase.collect`: is its shortcut texture (amplitudes) or shape (phases)?

    results/README.md says what the columns are, at `phase.csv`. Shares, margins and verdict are missing (NaN) for a
    class that is not judged: TPR of the test below `strong`, or R not above 0. Where no FPR was measured, TPR - FPR is
    TPR.
    """
    table = phase_rates(hits).set_index(["class", "region", "kept"])
    out = table.xs(("map", "both"), level=("region", "kept"))[["positions", "images", "negatives"]].copy()
    for region, kept in product(REGIONS, KEPT):
        of_part = table.xs((region, kept), level=("region", "kept"))
        end, bounds = ("", ("", "_low", "_high")) if region == "map" else ("_spectrum", ("",))
        for bound in bounds:
            out[f"tpr_{kept}{bound}{end}"] = of_part[f"tpr{bound}"]
        out[f"fpr_{kept}{end}"] = of_part["fpr"]
    measure = {kept: out[f"tpr_{kept}"] - out[f"fpr_{kept}"].fillna(0) for kept in KEPT}
    judged = (out["tpr_both"] >= strong) & (measure["both"] > 0)
    suffices, fails = {}, {}
    for kept in ("amplitude", "phase"):
        margin, low, high = (np.array(ends) for ends in zip(*(_margin(hits, c, kept) for c in out.index), strict=True))
        out[f"share_{kept}"] = measure[kept].div(measure["both"]).where(judged)
        for end, value in (("", margin), ("_low", low), ("_high", high)):
            out[f"margin_{kept}{end}"] = np.where(judged, value, np.nan)
        suffices[kept], fails[kept] = low > 0, high < 0
    cases = {
        "texture": suffices["amplitude"] & fails["phase"],
        "shape": suffices["phase"] & fails["amplitude"],
        "either": suffices["amplitude"] & suffices["phase"],
        "both": fails["amplitude"] & fails["phase"],
    }
    words = np.select(list(cases.values()), list(cases), "undecided")
    out["verdict"] = pd.Series(words, out.index, object).where(judged)
    return out.reset_index()


def _margin(hits: PhaseHits, c: int, kept: str) -> Estimate:
    """TPR - FPR of class c with one part inside the map, minus half of that with both."""
    part, both = ((hits.of_class(c, "map", name)[0] == c).astype(float) for name in (kept, "both"))
    differences, own = part - SUFFICES * both, hits.labels == c
    fpr: Any = paired(differences[hits.judged[c]]) if hits.judged[c].any() else None
    return joined(paired(differences[own]), fpr)
