"""Texture or shape: whether amplitudes or phases of images carry a shortcut. docs/method.md has the verdicts.

Each image has one donor, as in the fill `swap` (`spectrum.fills.donors`). Inside the map of a class it keeps `both`, or
only its amplitudes, or only its phases, and the donor gives the rest. Outside stands the fill that is quoted
(`fills.quoted`).

Each colour channel keeps, or gets, the coefficients of the same channel. A frequency that is its own partner (DC,
Nyquist corners) has a real coefficient. Its sign counts as its phase, 0 or pi, and goes with the phases. A coefficient
of exactly 0 has the phase 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import h5py
import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from frequency_shortcuts.images.source import Source
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.intervals import Estimate, joined, paired
from frequency_shortcuts.networks.predictions import source_for
from frequency_shortcuts.shortcuts.hits import Named, rates_of_class
from frequency_shortcuts.shortcuts.test import called_under_masks, progress_bar
from frequency_shortcuts.shortcuts.trials import negatives_of, seed_of
from frequency_shortcuts.shortcuts.verdict import STRONG_TPR
from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray
from frequency_shortcuts.spectrum.fills import SWAP, donors, quoted

KEPT = ("both", "amplitude", "phase")  # what an image keeps; the rest is its donor's
SUFFICES = 0.5  # share of R


@dataclass(frozen=True)
class PhaseHits:
    """The classes that a network names for n images that keep their amplitudes, their phases, or both.

    labels : int [n], the class of each image; judged : bool [class, n], the images on which FPR is measured
    predicted : kept -> int16 [class, n], inside the map of each class (`hits.NOT_SHOWN` where it was not shown)
    positions : int [class], of each map
    neutral : the class without a cue of its own, if there is one
    """

    labels: IntArray
    judged: BoolArray
    predicted: Mapping[str, Named]
    positions: IntArray
    neutral: int | None = None


def hybrid(amplitudes: Tensor, phases: Tensor) -> Tensor:
    """Coefficients with the amplitudes of one spectrum and the phases of another, complex [...].

    amplitudes, phases : complex [...], of equal shapes or shapes that broadcast. Where `phases` is 0 its phase is 0
    """
    return amplitudes.abs() * torch.where(phases == 0, 1, torch.sgn(phases))


class Hybrids(Source):
    """Images with the amplitudes of some images of a source and the phases of others: int64 [n], their positions."""

    def __init__(self, source: Source, amplitudes: IntArray, phases: IntArray) -> None:
        super().__init__(source.split, device=source.device, dtype=source.dtype)
        self._source, self._amplitudes, self._phases = source, amplitudes, phases

    def take(self, chosen: IntArray) -> Tensor:
        """The chosen hybrids [k], in that order, on the device: [k, channels, H, W]."""
        images = (
            self._source.take(positions[chosen]) for positions in (self._amplitudes, self._phases)
        )
        return torch.fft.irfft2(hybrid(*map(torch.fft.rfft2, images)), s=self.shape[-2:])


def collect(
    network: nn.Module,
    split: Split,
    masks: BoolArray,
    *,
    negatives: int | None = None,
    seed: int = 0,
    run: str = "",
    progress: bool = False,
) -> PhaseHits:
    """The class that the network names when images keep amplitudes, phases or both, and their donors give the rest.

    masks : bool [class, H, W], the map of every class
    negatives, seed : as in `Trials`; run : as in `shortcuts.collect`. With the same values each image has the same
        donor as there, and `map` with `both` the TPR of its filter `dfm` with the fill to quote

    Raises ValueError if an image has no donor.
    """
    labels, neutral = split.labels, split.neutral
    donor = donors(labels, neutral=neutral, seed=seed_of(seed, run, "donors"))
    everything = np.arange(len(labels))
    negative = np.zeros((len(masks), len(labels)), bool)
    for c in SWAP.tested(len(masks), neutral):
        negative[c, negatives_of(labels, c, negatives, seed)] = True
    counted = SWAP.judged(negative, labels, donor)
    source = source_for(network, split)
    images_of = {
        "both": source,
        "amplitude": Hybrids(source, everything, donor),
        "phase": Hybrids(source, donor, everything),
    }
    named: dict[str, Named] = {}
    to_classes = np.broadcast_to(np.eye(len(masks), dtype=bool), (2, len(masks), len(masks)))
    background, batch = quoted(neutral).background(source.take, donor), source.batch_size()
    with progress_bar(len(KEPT) * len(labels), "phases and amplitudes", progress) as bar:
        for kept, images in images_of.items():
            named[kept] = called_under_masks(
                network, images, background, masks, to_classes, counted, batch, bar.update
            )
    return PhaseHits(labels, counted, named, masks.sum(axis=(1, 2)), neutral)


def phase_rates(hits: PhaseHits) -> pd.DataFrame:
    """TPR and FPR of every class, one row per class and kept part, with the columns of `hits.rates_of_class`.

    FPR is measured on images if neither they nor their donors are of the class; with two classes and no neutral one it
    is missing. The neutral class has no rows.
    """
    rows = []
    for c, kept in product(SWAP.tested(len(hits.judged), hits.neutral), KEPT):
        about = pd.DataFrame({"class": [c], "kept": kept, "positions": int(hits.positions[c])})
        rows.append(
            rates_of_class(about, hits.predicted[kept][[c]], c, hits.labels == c, hits.judged[c])
        )
    return pd.concat(rows, ignore_index=True)


def write_phase_hits(group: h5py.Group, hits: PhaseHits) -> None:
    """Write hits to a group of an open HDF5 file; `read_phase_hits` reads them."""
    arrays = {"labels": hits.labels.astype(np.int16), "judged": hits.judged}
    arrays |= {f"named/{kept}": named for kept, named in hits.predicted.items()}
    for name, values in arrays.items():
        group.create_dataset(name, data=values, compression="gzip", shuffle=True)
    group["positions"] = hits.positions
    group.attrs.update(neutral=-1 if hits.neutral is None else hits.neutral)


def read_phase_hits(group: h5py.Group) -> PhaseHits:
    """The hits in a group that `write_phase_hits` wrote."""
    neutral = int(group.attrs["neutral"])
    return PhaseHits(
        labels=group["labels"][:].astype(np.int64),
        judged=group["judged"][:],
        predicted={kept: group[f"named/{kept}"][:] for kept in KEPT},
        positions=group["positions"][:],
        neutral=None if neutral < 0 else neutral,
    )


def phase_verdicts(hits: PhaseHits, strong: float = STRONG_TPR) -> pd.DataFrame:
    """One row per class, from the hits of `collect`: is its shortcut texture (amplitudes) or shape (phases)?

    results/README.md says what the columns are, at `phase.csv`. Shares, margins and verdict are missing (NaN) for a
    class that is not judged: TPR of the test below `strong`, or R not above 0. Where no FPR was measured, TPR - FPR is
    TPR.
    """
    by_kept = phase_rates(hits).set_index(["kept", "class"])
    out = by_kept.loc["both", ["positions", "images", "negatives"]].copy()
    measure = {}
    for kept in KEPT:
        of_part = by_kept.loc[kept]
        for end in ("", "_low", "_high"):
            out[f"tpr_{kept}{end}"] = of_part[f"tpr{end}"]
        out[f"fpr_{kept}"] = of_part["fpr"]
        measure[kept] = of_part["tpr"] - of_part["fpr"].fillna(0)
    judged = (out["tpr_both"] >= strong) & (measure["both"] > 0)
    suffices, fails = {}, {}
    for kept in ("amplitude", "phase"):
        out[f"share_{kept}"] = (measure[kept] / measure["both"]).where(judged)
        margins = np.array([_margin(hits, c, kept) for c in out.index])
        for end, values in zip(("", "_low", "_high"), margins.T, strict=True):
            out[f"margin_{kept}{end}"] = np.where(judged, values, np.nan)
        suffices[kept] = out[f"margin_{kept}_low"] > 0
        fails[kept] = out[f"margin_{kept}_high"] < 0
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
    is_part, is_both = (hits.predicted[name][c] == c for name in (kept, "both"))
    differences = is_part - SUFFICES * is_both
    judged = hits.judged[c]
    fpr = paired(differences[judged]) if judged.any() else None
    return joined(paired(differences[hits.labels == c]), fpr)
