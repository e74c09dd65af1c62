"""The classes that a network assigns to images under many masks, counted for every class."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from frequency_shortcuts.data.source import Source, index_batches
from frequency_shortcuts.networks.predictions import Predictor
from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray
from frequency_shortcuts.spectrum.fills import Fill, noise

from .trials import MaskSet


def background_of(
    fill: Fill, source: Source, donor: IntArray, seed: list[int], batch: int
) -> Callable[[IntArray], Tensor]:
    """The values of a fill: positions of images [k] -> complex [k or 1, channels, H, W // 2 + 1]."""
    if fill == "swap":
        return lambda some: torch.fft.rfft2(source.take(donor[some]))
    if fill == "noise":
        batches = (source.take(some) for some in index_batches(np.arange(len(source)), batch))
        fixed = noise(batches, seed)[None]
    else:
        fixed = torch.zeros(1, 1, 1, 1, dtype=torch.complex64, device=source.device).to(source.dtype.to_complex())
    return lambda some: fixed


def count_predictions(
    network: Predictor,
    source: Source,
    background: Callable[[IntArray], Tensor],
    masks: MaskSet,
    labels: IntArray,
    judged: BoolArray,
    batch: int,
    bar: tqdm,
) -> IntArray:
    """Number of images that the network assigns to each class under each mask, int64 [2, mask, class].

    First among the images of the class, then among those in judged bool [class, n]. A mask is applied only to the
    images of the classes that it is for.
    """
    height, width = source.images.shape[-2:]
    halves, is_for = masks.halves, masks.is_for
    counts = np.zeros((2, *is_for.shape), np.int64)
    served = is_for.astype(np.float32)
    for some in index_batches(np.argsort(labels, kind="stable"), batch):
        needed = judged[:, some].astype(np.float32)
        needed[labels[some], np.arange(len(some))] = 1
        mask, image = np.nonzero(served @ needed)
        own, other = torch.fft.rfft2(source.take(some)), background(some)
        found = []
        for chosen in index_batches(np.arange(len(mask)), batch):
            half = halves[torch.from_numpy(mask[chosen])].to(source.device)[:, None]
            here = torch.from_numpy(image[chosen]).to(source.device)
            filtered = torch.where(half, own[here], other[here] if len(other) > 1 else other)
            found.append(network(torch.fft.irfft2(filtered, s=(height, width))))
            bar.update(len(chosen) * len(some) / len(mask))
        called = torch.cat(found).cpu().numpy()
        known = called < judged.shape[0]  # the network may have more outputs than there are classes
        mask, image, called = mask[known], image[known], called[known]
        matters = is_for[mask, called]
        np.add.at(counts[0], (mask, called), matters & (labels[some][image] == called))
        np.add.at(counts[1], (mask, called), matters & judged[called, some[image]])
    return counts
