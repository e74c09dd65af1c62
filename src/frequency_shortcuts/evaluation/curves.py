"""Recall of every class under radial filters: low-pass, high-pass and band-stop."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn

from frequency_shortcuts.data.splits import Images, accepts_split
from frequency_shortcuts.networks.predictions import source_for
from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray
from frequency_shortcuts.spectrum.filters import half_plane, hide
from frequency_shortcuts.spectrum.masks import low_pass
from frequency_shortcuts.spectrum.pairs import radius

from .recall import recall_by_view

log = logging.getLogger(__name__)

FILTERS = ("low-pass", "high-pass", "band-stop")


@dataclass(frozen=True)
class Filter:
    """A radial filter: low-pass keeps r < high, high-pass keeps r >= low, band-stop removes low <= r < high.

    Radii are in cycles per image; mask: bool [H, W], centred, true where frequencies are kept.
    """

    name: str
    low: float
    high: float
    mask: BoolArray


def filters(height: int, width: int, cutoffs: Sequence[float], band_width: float) -> list[Filter]:
    """Low-pass and high-pass filters at every cutoff, and adjacent band-stops of `band_width` from 0 outwards.

    DC has the radius 0. Low-pass filters keep it. High-pass filters remove it, so that the pixels vary around the mean
    with which the images were normalised. It belongs to no band, as in `spectrum.bands`, and band-stops keep it.
    Cutoffs beyond the corner of the spectrum are left out, since they would keep everything or nothing. Raises
    ValueError for cutoffs that do not increase from above 0, or are all beyond the corner, and for a band width that is
    not above 0.
    """
    cutoffs = [float(cutoff) for cutoff in cutoffs]
    if not cutoffs or any(b <= a for a, b in zip((0, *cutoffs[:-1]), cutoffs, strict=True)):
        raise ValueError(f"cutoffs {cutoffs}: expected increasing radii above 0, in cycles per image")
    if band_width <= 0:
        raise ValueError(f"band_width {band_width}: expected above 0 cycles per image")
    r = radius(height, width)
    corner = float(r.max())
    within = [cutoff for cutoff in cutoffs if cutoff <= corner]
    if not within:
        raise ValueError(f"cutoffs {cutoffs}: none is within the {corner:.1f} cycles per image of {height} x {width}")
    passed = [low_pass(height, width, cutoff) for cutoff in within]
    found = [Filter("low-pass", 0, cutoff, mask) for cutoff, mask in zip(within, passed, strict=True)]
    found += [Filter("high-pass", cutoff, math.inf, ~mask) for cutoff, mask in zip(within, passed, strict=True)]
    edges = np.arange(math.floor(corner / band_width) + 2) * band_width  # `high` of a band is `low` of the next one
    for low, high in pairwise(edges.tolist()):
        stopped = (r >= low) & (r < high) & (r > 0)
        if stopped.any():
            found.append(Filter("band-stop", low, high, ~stopped))
    return found


@accepts_split
def filtered_recall(
    network: nn.Module,
    images: Images,
    labels: npt.ArrayLike | Tensor,
    n_classes: int,
    *,
    cutoffs: Sequence[float],
    band_width: float,
    mean: npt.ArrayLike | None = None,
    std: npt.ArrayLike | None = None,
    batch_size: int | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Recall of every class on unfiltered images and under each of the `filters`.

    images, mean, std, batch_size : see `shortcuts.measure`

    Returns a tidy table, one row per filter and class: `filter` (unfiltered, low-pass, high-pass, band-stop), `low`,
    `high` (in cycles per image, see `Filter`; missing where there is no limit), and the columns of `recall_by_view`.
    For the errors see there and `filters`.
    """
    source = source_for(network, images, mean, std)
    height, width = images.shape[-2:]
    chosen = filters(height, width, cutoffs, band_width)
    halves = [half_plane(one.mask, height, width).to(source.device) for one in chosen]
    rows = [("unfiltered", np.nan, np.nan), *((one.name, one.low, one.high) for one in chosen)]
    about = pd.DataFrame(rows, columns=["filter", "low", "high"]).replace(math.inf, np.nan)

    def views(some: IntArray) -> Iterator[Tensor]:
        inputs = source.take(some)
        yield inputs
        own = torch.fft.rfft2(inputs)
        for half in halves:
            yield hide(own, half, size=(height, width))

    table = recall_by_view(
        network, source, labels, n_classes, about, views,
        batch_size=batch_size, progress="filtering" if progress else None,
    )  # fmt: skip
    log.info("%d filters on %d images", len(chosen), len(source))
    return table
