"""Phase or amplitude: images with the amplitudes of one image and the phases of another.

The coefficient of an image at a frequency is an amplitude times exp(i phase). Each image has one donor, as in the fill
`swap` (`spectrum.fills.donors`). It keeps `both`, or only its amplitudes, or only its phases; the donor gives the rest.
This is done in two regions:

- `map`: inside the map of a class; outside it stands the fill that is quoted (`fills.quoted`): the donor's coefficients
  where the set has a neutral class, else zeros. With `both` this is the ordinary shortcut test.
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

from frequency_shortcuts.images.source import Source
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.networks.predictions import source_for
from frequency_shortcuts.shortcuts.hits import Named
from frequency_shortcuts.shortcuts.test import masked_predictions
from frequency_shortcuts.shortcuts.trials import negatives_of, seed_of
from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray
from frequency_shortcuts.spectrum.fills import SWAP, donors, quoted

from .phase_verdicts import KEPT, PhaseHits

log = logging.getLogger(__name__)


def hybrid(amplitudes: Tensor, phases: Tensor) -> Tensor:
    """Coefficients with the amplitudes of one spectrum and the phases of another, complex [...].

    amplitudes, phases : complex [...], of equal shapes or shapes that broadcast. Where `phases` is 0 its phase is 0
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
        images = (self._source.take(positions[chosen]) for positions in (self._amplitudes, self._phases))
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

    Parameters
    ----------
    masks : bool [class, H, W], the map of every class
    negatives, seed : as in `Trials`; run : as in `shortcuts.collect`. With the same values each image has the same
        donor as there, and `map` with `both` the TPR of its filter `dfm` with the fill to quote

    The network sees n images for each part of `spectrum`, and, for each part of `map` and each class, those of the
    class and of its negatives.

    Raises ValueError if an image has no donor.
    """
    labels, neutral = split.labels, split.neutral
    donor, everything = donors(labels, neutral=neutral, seed=seed_of(seed, run, "donors")), np.arange(len(labels))
    negative = np.zeros((len(masks), len(labels)), bool)
    for c in SWAP.tested(len(masks), neutral):
        negative[c, negatives_of(labels, c, negatives, seed)] = True
    counted = SWAP.judged(negative, labels, donor)
    source = source_for(network, split)
    images_of = {
        "both": source, "amplitude": Hybrids(source, everything, donor), "phase": Hybrids(source, donor, everything)
    }  # fmt: skip
    named: dict[tuple[str, str], Named] = {}
    to_classes = np.broadcast_to(np.eye(len(masks), dtype=bool), (2, len(masks), len(masks)))
    with masked_predictions(
        network, split, source.batch_size(), total=len(KEPT) * len(labels),
        bar="phases and amplitudes", progress=progress,
    ) as predictor:  # fmt: skip
        background = quoted(neutral).background(source.take, donor)
        for kept, of_part in images_of.items():
            named["spectrum", kept] = predictor.unfiltered(of_part)[None].astype(np.int16)
            named["map", kept] = predictor.under_masks(of_part, background, masks, to_classes, counted)
    log.info("%d maps on %d images, with both, amplitudes or phases", len(masks), len(labels))
    return PhaseHits(labels, counted, named, masks.sum(axis=(1, 2)), masks[0].size, neutral)
