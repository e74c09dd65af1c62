"""Recall of every class under radial filters: low-pass, high-pass and band-stop."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn

from frequency_shortcuts.data.splits import Images, accepts_split
from frequency_shortcuts.networks.predictions import source_for
from frequency_shortcuts.spectrum.arrays import IntArray
from frequency_shortcuts.spectrum.filters import half_plane, hide
from frequency_shortcuts.spectrum.radial import filters

from .recall import recall_by_view

log = logging.getLogger(__name__)


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
