"""An image of each class, as it is and reduced to maps, for class cards."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray
from frequency_shortcuts.spectrum.fills import SWAP, ZEROS
from frequency_shortcuts.spectrum.filters import half_plane, hide
from frequency_shortcuts.spectrum.masks import low_pass_mask


def reduced_images(images: Tensor, masks: BoolArray, others: Tensor | None = None) -> FloatArray:
    """Each image with the frequencies of its mask, and else those of its donor, or nothing, as a picture.

    images : float tensor [n, channels, H, W]; others : the same, or one donor for all; masks : bool [n, H, W], centred
    -> float64 of the shape of the images, 0 to 1. Few frequencies hold little contrast, and without DC no brightness,
    so that each picture is stretched from its 1st to its 99th percentile.
    """
    size = images.shape[-2:]
    kept = torch.stack([half_plane(mask, *size) for mask in masks])
    own = torch.fft.rfft2(images)
    behind = None if others is None else torch.fft.rfft2(others)
    reduced = hide(own, kept[:, None], behind, size=size)
    values = reduced.double().cpu().numpy()
    low, high = np.quantile(values, [0.01, 0.99], axis=(1, 2, 3), keepdims=True)
    contrast = np.maximum(high - low, np.finfo(float).tiny)
    return np.clip((values - low) / contrast, 0, 1)


@dataclass(frozen=True)
class Cards:
    """What the cards of some classes show; planes [class, H, W] are centred, pictures [class, channels, H, W].

    adcs : integers from 1 - |C| to |C| - 1
    increment : loss increments, or the scores of another method; None where the maps alone are known
    masks : the classes' maps
    unfiltered : uint8
    filtered, controlled : numbers from 0 to 1, reduced to the map and to as many of the lowest frequencies
    fill : name of what stands at the other frequencies
    """

    adcs: npt.NDArray[np.int16]
    increment: npt.NDArray[np.floating] | None
    masks: BoolArray
    unfiltered: npt.NDArray[np.uint8]
    filtered: FloatArray
    controlled: FloatArray
    fill: str


def make_cards(
    adcs: npt.NDArray[np.int16],
    increment: npt.NDArray[np.floating] | None,
    masks: BoolArray,
    images: tuple[npt.NDArray[np.uint8], Tensor],
    other: Tensor | None = None,
) -> Cards:
    """The cards of some classes, from planes [class, H, W] (see `Cards`) and one image of each of them.

    images : uint8 [class, channels, H, W], and normalised, as a float32 tensor
    other : the image of the neutral class [1, channels, H, W] behind all images; by default zeros
    """
    pictures, normalised = images
    lowest = np.stack([low_pass_mask(mask) for mask in masks])
    fill = ZEROS if other is None else SWAP
    return Cards(
        adcs,
        increment,
        masks,
        pictures,
        filtered=reduced_images(normalised, masks, other),
        controlled=reduced_images(normalised, lowest, other),
        fill=fill.name,
    )
