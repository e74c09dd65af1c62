"""Mixtures: images whose conjugate pairs are their own where a mask is 1, and those of a fill where it is 0.

A mask of a mixture holds one number for each pair, so that it is symmetric by construction, and a gradient can flow
into it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .filters import hide
from .pairs import ConjugatePairs, check_images


class Mixer:
    """Mixtures of the same images and the same fill under different masks, with a single FFT there.

    images : float32 or float64 [m, channels, H, W], on any device
    fill : complex [m or 1, channels, H, W // 2 + 1], coefficients of a real FFT; None for zeros (see `fills`)
    """

    def __init__(self, pairs: ConjugatePairs, images: Tensor, fill: Tensor | None = None) -> None:
        check_images(images, pairs.height, pairs.width)
        self._size = pairs.height, pairs.width
        self._index = torch.as_tensor(pairs.half_plane, device=images.device)
        self._own, self._fill = torch.fft.rfft2(images), fill
        self._dtype = images.dtype

    def mix(self, masks: Tensor) -> Tensor:
        """The images under each mask, one mask after the other: [k * m, channels, H, W].

        masks : bool or float [k, m, pairs], or [k, 1, pairs] if all images have the same masks
        """
        half = masks.to(self._dtype)[..., self._index][:, :, None]
        return hide(self._own, half, self._fill, size=self._size).flatten(end_dim=1)
