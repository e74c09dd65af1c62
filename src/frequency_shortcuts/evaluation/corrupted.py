"""Recall of a network under common corruptions (`data.corruptions`)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import numpy.typing as npt
import pandas as pd
from torch import Tensor, nn

from frequency_shortcuts.data.corruptions import KINDS, STRENGTHS, corrupt
from frequency_shortcuts.data.normalisation import normalise
from frequency_shortcuts.data.splits import Images, accepts_split
from frequency_shortcuts.networks.predictions import source_for
from frequency_shortcuts.spectrum.arrays import IntArray

from .recall import recall_by_view

log = logging.getLogger(__name__)

NONE = "none"  # the name of the images without corruption, of strength 0


@accepts_split
def corrupted_recall(
    network: nn.Module,
    images: Images,
    labels: npt.ArrayLike | Tensor,
    n_classes: int,
    *,
    mean: npt.ArrayLike,
    std: npt.ArrayLike,
    names: Sequence[str] = tuple(KINDS),
    seed: int = 0,
    batch_size: int | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Recall of every class on images without corruption and under every corruption and strength.

    images : uint8 [n, channels, H, W], a tensor, an array, an open HDF5 dataset or similar, read batch by batch. They
        are corrupted, and then normalised with `mean` and `std`
    names : of KINDS; the images without corruption are always tested

    Returns a tidy table, one row per corruption, strength and class: `corruption` (`none` for images without one),
    `strength` (0 for these, else 1 to 5), and the columns of `recall_by_view`. For the errors see there and `corrupt`.
    """
    source = source_for(network, images, mean, std)
    about = pd.DataFrame(
        [(NONE, 0), *((name, strength) for name in names for strength in STRENGTHS)], columns=["corruption", "strength"]
    )

    def views(some: IntArray) -> Iterator[Tensor]:
        pixels = source.read(some).to(source.device)
        yield normalise(pixels, mean, std, source.dtype)
        for name in names:
            for strength in STRENGTHS:
                yield normalise(corrupt(name, pixels, strength, seed, some), mean, std, source.dtype)

    table = recall_by_view(
        network, source, labels, n_classes, about, views,
        batch_size=batch_size, progress="corrupting" if progress else None,
    )  # fmt: skip
    log.info("%d corruptions on %d images", len(about) - 1, len(source))
    return table
