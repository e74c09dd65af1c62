"""Images reduced to the maps of other classes: the augmentation DFM-X and its two controls.

DFM-X (Wang et al., ICCV workshops 2023) shows a network images of which only the frequencies of another class's map
are left, so that these frequencies no longer tell the class.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from frequency_shortcuts.spectrum.arrays import BoolArray
from frequency_shortcuts.spectrum.controls import control_mask, low_pass_mask
from frequency_shortcuts.spectrum.filters import half_plane
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
        return np.stack([control_mask(one, "random", [seed, c]) for c, one in enumerate(checked)])
    if name == "dfmx_low_pass":
        return np.stack([low_pass_mask(one) for one in checked])
    raise ValueError(f"augmentation {name!r} reduces no images: choose from {', '.join(WITH_MAPS)}")


def checked_masks(name: str, maps: BoolArray | None, shape: tuple[int, ...], seed: int) -> BoolArray | None:
    """The masks of `reduction_masks` for a training with any augmentation; None if it reduces no images.

    shape : (classes, H, W) of the images. Raises ValueError for maps that are missing, unused or of another shape.
    """
    if name not in WITH_MAPS:
        if maps is not None:
            raise ValueError(f"augmentation {name}: it uses no maps, only {', '.join(WITH_MAPS)} do; leave maps out")
        return None
    if maps is None:
        raise ValueError(f"augmentation {name}: it needs maps, bool {list(shape)}, and there are none")
    if maps.shape != shape:
        raise ValueError(f"maps of shape {list(maps.shape)}: the images and classes need {list(shape)}")
    return reduction_masks(name, maps, seed)


class MapReduction:
    """Reduces some of the images of a batch to the mask of another class; at all other frequencies they are zero.

    masks : bool [class, H, W], centred and symmetric
    probability : of an image to be reduced
    device : of the images

    Raises ValueError for masks that are not symmetric, or of a single class.
    """

    def __init__(self, masks: npt.ArrayLike, probability: float, device: torch.device | str = "cpu") -> None:
        checked = check_mask(masks, "maps")
        self.n_classes, *self.size = checked.shape
        if self.n_classes < 2:
            raise ValueError("maps of one class: images are reduced to the map of another class, so two are needed")
        self.probability = probability
        self._half = torch.stack([half_plane(one, *self.size) for one in checked]).to(device)

    def draw(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Whether each image is reduced, bool [n], and the class of its mask, int64 [n], never its own label.

        labels : int64 [n]. The draws are from torch's generator of their device.
        """
        reduced = torch.rand(len(labels), device=labels.device) < self.probability
        other = torch.randint(self.n_classes - 1, (len(labels),), device=labels.device)
        return reduced, other + (other >= labels)

    def __call__(self, images: Tensor, labels: Tensor) -> Tensor:
        """Normalised images float32 [n, channels, H, W] and labels int64 [n] -> images of the same shape."""
        reduced, classes = self.draw(labels)
        kept = torch.fft.rfft2(images).mul_(self._half[classes][:, None])
        filtered = torch.fft.irfft2(kept, s=self.size)
        # All images are filtered: choosing some of them would wait for a GPU.
        return torch.where(reduced[:, None, None, None], filtered, images)
