"""Phase or amplitude: images with the amplitudes of one image and the phases of another.

The coefficient of an image at a frequency is an amplitude times exp(i phase). Each image has one donor, as in the fill
`swap` (`spectrum.fills.donors`). It keeps `both`, or only its amplitudes, or only its phases; the donor gives the rest.
This is done in two regions:

- `map`: inside the map of a class; all coefficients outside it are the donor's. With `both` this is the ordinary
  shortcut test with the fill `swap`.
- `spectrum`: at all frequencies. With `both` this is the unfiltered image.

Each colour channel keeps, or gets, the coefficients of the same channel. A frequency that is its own partner (DC,
Nyquist corners) has a real coefficient. Its sign counts as its phase, 0 or pi, and goes with the phases. A coefficient
of exactly 0 has the phase 0. `phase_verdicts` says what the rates mean.
"""

from __future__ import annotations

import logging

import numpy as np
import torch
from torch import Tensor, nn

from frequency_shortcuts.data.source import Source
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.networks.predictions import source_for
from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray
from frequency_shortcuts.spectrum.fills import SWAP, donors

from .hits import Hits, Named
from .masked_predictions import masked_predictions
from .phase_verdicts import KEPT, REGIONS, PhaseHits, phase_rates, phase_verdicts
from .trials import MaskSet, check_limits, check_maps, negatives_of, seed_of

__all__ = ["KEPT", "REGIONS", "Hybrids", "PhaseHits", "collect", "hybrid", "phase_rates", "phase_verdicts"]

log = logging.getLogger(__name__)


def hybrid(amplitudes: Tensor, phases: Tensor) -> Tensor:
    """Coefficients with the amplitudes of one spectrum and the phases of another, complex [...].

    amplitudes, phases : complex [...], of equal shapes or shapes that broadcast. Where `phases` is 0 its phase is 0

    >>> hybrid(torch.tensor([3 + 4j]), torch.tensor([-2 + 0j]))
    tensor([-5.+0.j])
    """
    return amplitudes.abs() * torch.where(phases == 0, 1, torch.sgn(phases))


class Hybrids(Source):
    """Images with the amplitudes of some images of a source and the phases of others, read in batches as a `Source`.

    amplitudes, phases : int64 [n], for each hybrid the positions of the two images in the source, which has n
    """

    def __init__(self, source: Source, amplitudes: IntArray, phases: IntArray) -> None:
        super().__init__(source.split, device=source.device, dtype=source.dtype)
        self._source, self._amplitudes, self._phases = source, amplitudes, phases

    def take(self, chosen: IntArray) -> Tensor:
        """The chosen hybrids [k], in that order, on the device: [k, channels, H, W]."""
        images = (self._source.take(of[chosen]) for of in (self._amplitudes, self._phases))
        hybrids: Tensor = torch.fft.irfft2(hybrid(*map(torch.fft.rfft2, images)), s=self.shape[-2:])
        return hybrids


def collect(
    network: nn.Module,
    split: Split,
    masks: BoolArray,
    *,
    negatives: int | None = None,
    seed: int = 0,
    run: str = "",
    hits: Hits | None = None,
    progress: bool = False,
) -> PhaseHits:
    """The class that the network names when images keep amplitudes, phases or both, and their donors give the rest.

    Parameters
    ----------
    masks : bool [class, H, W], the map of every class
    negatives, seed : as in `Trials`; run : as in `shortcuts.collect`. With the same values each image has the same
        donor as there, and `map` with `both` has the rates of its filter `dfm` with the fill `swap`
    hits : of `shortcuts.collect` with this network and these images. What it holds of `both`, for the same donors,
        negatives and maps, is not tested again

    The network sees n images for each part of `spectrum`, and, for each part of `map` and each class, those of the
    class and of its negatives.

    >>> phase_verdicts(collect(network, split, masks))[["class", "verdict"]]

    Raises ValueError if an image has no donor, or the sizes do not match.
    """
    labels, neutral = split.labels, split.neutral
    check_maps(masks, len(split.classes))
    check_limits(negatives=negatives)
    donor, everything = donors(labels, neutral=neutral, seed=seed_of(seed, run, "donors")), np.arange(len(labels))
    negative = np.zeros((len(masks), len(labels)), bool)
    shown, classes = MaskSet(len(masks)), [c for c in range(len(masks)) if c != neutral]
    for c in classes:
        negative[c, negatives_of(labels, c, negatives, seed)] = True
    places = np.array([shown.add(mask, c) for c, mask in enumerate(masks)])
    counted = SWAP.judged(negative, labels, donor)
    source = source_for(network, split)
    images_of = {
        "both": source, "amplitude": Hybrids(source, everything, donor), "phase": Hybrids(source, donor, everything)
    }  # fmt: skip
    named = _known(hits, donor, negative[classes], masks)
    with masked_predictions(
        network, split, source.batch_size(), total=len(KEPT) * len(labels),
        bar="phases and amplitudes", progress=progress,
    ) as predictor:  # fmt: skip
        background = SWAP.background(source.take, donor)
        for kept, of_part in images_of.items():
            if ("spectrum", kept) not in named:
                named["spectrum", kept] = predictor.unfiltered(of_part)[None].astype(np.int16)
                named["map", kept] = predictor.under_masks(of_part, background, shown, counted)[places]
    log.info("%d maps on %d images, with both, amplitudes or phases", len(classes), len(labels))
    return PhaseHits(labels, counted, named, masks.sum(axis=(1, 2)), masks[0].size, neutral)


def _known(hits: Hits | None, donor: IntArray, negative: BoolArray, masks: BoolArray) -> dict[tuple[str, str], Named]:
    """What the hits of a shortcut test with the same donors, negatives and maps hold of images that keep both."""
    if hits is None or hits.donors is None or not np.array_equal(hits.donors, donor):
        return {}
    trials = hits.trials
    own = trials[(trials["part"] == "keep") & (trials["filter"] == "dfm")].sort_values("class")
    negatives = hits.negatives[[c for c in range(hits.n_classes) if c != hits.neutral]]
    if not (np.array_equal(hits.masks[own["mask"]], masks) and np.array_equal(negatives, negative)):
        return {}
    return {
        ("spectrum", "both"): hits.unfiltered[None].astype(np.int16),
        ("map", "both"): hits.predicted[SWAP.name][own["mask"]],
    }
