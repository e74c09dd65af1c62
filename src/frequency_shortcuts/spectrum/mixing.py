"""Mixtures: images whose conjugate pairs are their own where a mask is 1, and those of a fill where it is 0.

A mask of a mixture holds one number for each pair, so that it is symmetric by construction, and a gradient can flow
into it.
"""

from __future__ import annotations

import torch
from torch import Tensor

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
        own = torch.fft.rfft2(images)
        self._fill, self._difference = fill, own if fill is None else own - fill
        self._dtype = images.dtype

    def mix(self, masks: Tensor) -> Tensor:
        """The images under each mask, one mask after the other: [k * m, channels, H, W].

        masks : bool or float [k, m, pairs], or [k, 1, pairs] if all images have the same masks
        """
        half = masks.to(self._dtype)[..., self._index][:, :, None]
        mixed = half * self._difference
        if self._fill is not None:
            mixed = mixed + self._fill
        images: Tensor = torch.fft.irfft2(mixed, s=self._size)
        return images.flatten(end_dim=1)
