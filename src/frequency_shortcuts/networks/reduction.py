"""Images reduced to the maps of other classes: the augmentation DFM-X and its two controls.

DFM-X (Wang et al., ICCV workshops 2023) shows a network images of which only the frequencies of another class's map
are left, so that these frequencies no longer tell the class.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from frequency_shortcuts.spectrum.arrays import BoolArray
from frequency_shortcuts.spectrum.controls import control_mask, low_pass_mask
from frequency_shortcuts.spectrum.filters import half_plane, hide
from frequency_shortcuts.spectrum.masks import check_mask

from .augmentation import WITH_MAPS


def reduction_masks(name: str, maps: npt.ArrayLike, seed: int) -> BoolArray:
    """The masks that an augmentation reduces images to, bool [class, H, W], centred and symmetric.

    name : `dfmx` for the maps themselves; `dfmx_random` for random masks of the same sizes; `dfmx_low_pass` for the
        lowest frequencies, which may be one position more
    maps : bool [class, H, W], centred and symmetric
    seed : of the random masks

    Each class has one random mask for the whole training. `dfmx` shows one mask of a class again and again, too. Masks
    that are drawn anew for each image would be another augmentation, so that its result could not say whether it
    matters which frequencies are kept. Raises ValueError for another name, and for maps that are not symmetric.

    >>> reduction_masks("dfmx_random", maps, seed=0).sum(axis=(1, 2)) == maps.sum(axis=(1, 2))
    array([ True,  True,  True])
    """
    checked = check_mask(maps, "maps")
    if name == "dfmx":
        return checked
    if name == "dfmx_random":
        return np.stack([control_mask(mask, "random", [seed, c]) for c, mask in enumerate(checked)])
    if name == "dfmx_low_pass":
        return np.stack([low_pass_mask(mask) for mask in checked])
    raise ValueError(f"augmentation {name!r} reduces no images: choose from {', '.join(WITH_MAPS)}")


class MapReduction:
    """Reduces some of the images of a batch to the mask of another class; at all other frequencies they are zero.

    masks : bool [class, H, W], centred and symmetric, of `reduction_masks`
    probability : of an image to be reduced, above 0 and at most 1

    Raises ValueError for masks that are not symmetric, or of a single class, and for another probability.

    >>> training.train(..., augmentation=Augmentation("dfmx"), reduction=MapReduction(maps, 0.3))
    """

    def __init__(self, masks: npt.ArrayLike, probability: float = 0.3) -> None:
        checked = check_mask(masks, "maps")
        self.shape = checked.shape
        if self.shape[0] < 2:
            raise ValueError("maps of one class: images are reduced to the map of another class, so two are needed")
        if not 0 < probability <= 1:
            raise ValueError(f"probability {probability}: expected above 0 and at most 1")
        self.probability = probability
        self.identity = hashlib.sha256(repr((self.shape, probability)).encode() + checked.tobytes()).hexdigest()
        self._half = torch.stack([half_plane(mask, *self.shape[1:]) for mask in checked])

    def draw(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Whether each image is reduced, bool [n], and the class of its mask, int64 [n], never its own label.

        labels : int64 [n]. The draws are from torch's generator of their device.
        """
        reduced = torch.rand(len(labels), device=labels.device) < self.probability
        other = torch.randint(self.shape[0] - 1, (len(labels),), device=labels.device)
        return reduced, other + (other >= labels)

    def __call__(self, images: Tensor, labels: Tensor) -> Tensor:
        """Normalised images float32 [n, channels, H, W] and labels int64 [n] -> images of the same shape."""
        self._half = self._half.to(images.device)
        reduced, classes = self.draw(labels)
        filtered = hide(torch.fft.rfft2(images), self._half[classes][:, None], size=self.shape[1:])
        # All images are filtered: choosing some of them would wait for a GPU.
        return torch.where(reduced[:, None, None, None], filtered, images)
