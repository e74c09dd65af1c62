"""The classes that a network names for images under many masks, with a fill at all other frequencies."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from frequency_shortcuts.data.source import Source, index_batches
from frequency_shortcuts.networks.predictions import Predictor
from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray
from frequency_shortcuts.spectrum.fills import Fill
from frequency_shortcuts.spectrum.filters import hide

from .hits import NOT_SHOWN, Named
from .trials import MaskSet


def background_of(fill: Fill, source: Source, donor: IntArray | None) -> Callable[[IntArray], Tensor | None]:
    """The coefficients of a fill: positions of images [k] -> complex [k, channels, H, W // 2 + 1], or None for zeros.

    donor : int [n], the donor of each image, for the fill `swap`
    """
    if fill != "swap" or donor is None:
        return lambda some: None
    return lambda some: torch.fft.rfft2(source.take(donor[some]))


def named_classes(
    predict: Predictor,
    source: Source,
    background: Callable[[IntArray], Tensor | None],
    masks: MaskSet,
    labels: IntArray,
    judged: BoolArray,
    batch: int,
    bar: tqdm,
) -> Named:
    """The class that the network names for each image under each mask, int16 [mask, n].

    judged : bool [class, n], the images on which FPR of each class is measured

    An image is shown under the masks of its own class, and under those for FPR of a class that it is judged for; else
    it has the class `NOT_SHOWN`.
    """
    size = source.images.shape[-2:]
    halves, is_for, for_others = masks.halves, masks.is_for.astype(np.float32), masks.for_others.astype(np.float32)
    found = np.full((len(halves), len(labels)), NOT_SHOWN, np.int16)
    for some in index_batches(np.argsort(labels, kind="stable"), batch):
        of_class = (labels[some] == np.arange(len(judged))[:, None]).astype(np.float32)
        mask, image = np.nonzero(is_for @ of_class + for_others @ judged[:, some])
        own, other = torch.fft.rfft2(source.take(some)), background(some)
        named = []
        for chosen in index_batches(np.arange(len(mask)), batch):
            half = halves[torch.from_numpy(mask[chosen])].to(source.device)[:, None]
            here = torch.from_numpy(image[chosen]).to(source.device)
            named.append(predict(hide(own[here], half, None if other is None else other[here], size=size)))
            bar.update(len(chosen) * len(some) / len(mask))
        if named:
            found[mask, some[image]] = torch.cat(named).cpu().numpy()
    return found


def named_unfiltered(predict: Predictor, source: Source, batch: int) -> IntArray:
    """The class that the network names for each image of a source without a filter, int64 [n]."""
    batches = index_batches(np.arange(len(source)), batch)
    return np.concatenate([predict(source.take(some)).cpu().numpy() for some in batches])
