"""What a network still recognises under common corruptions (`data.corruptions`)."""

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

NONE = "none"  # the corruption of images as they are, of strength 0


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
    """Recall of every class on images as they are and under every corruption and strength.

    images : uint8 [n, channels, H, W], a tensor, an array, an open HDF5 dataset or the like, read batch by batch, and
        normalised with `mean` and `std` after they were corrupted
    names : of KINDS; the images as they are are always tested

    Returns a tidy table, one row a corruption, strength and class: `corruption` (`none` for the images as they are),
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
