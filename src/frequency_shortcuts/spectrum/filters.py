"""Keep or remove frequencies of images."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from .masks import check_mask
from .pairs import check_images


def keep(images: Tensor, mask: npt.ArrayLike | Tensor) -> Tensor:
    """Keep only the frequencies where the mask is true.

    Parameters
    ----------
    images : float32 or float64 tensor [..., H, W], on any device
    mask : bool [H, W], centred, symmetric under conjugation

    Returns a tensor of the same shape, dtype and device. Raises ValueError for a mask of another
    size or one that would leave a complex image.
    """
    height, width = images.shape[-2:]
    check_images(images, height, width)
    half = half_plane(mask, height, width).to(images.device)
    kept: Tensor = torch.fft.irfft2(torch.fft.rfft2(images).mul_(half), s=(height, width))
    return kept


def remove(images: Tensor, mask: npt.ArrayLike | Tensor) -> Tensor:
    """Remove the frequencies where the mask is true; see `keep`."""
    return keep(images, ~check_mask(mask))


class MaskedSpectrum:
    """Images of which different frequencies are kept, one mask after the other, with a single FFT there.

    images : float32 or float64 tensor [..., H, W], on any device
    """

    def __init__(self, images: Tensor) -> None:
        self._size = images.shape[-2:]
        check_images(images, *self._size)
        self._coefficients = torch.fft.rfft2(images)
        self._chosen = torch.empty_like(self._coefficients)

    def keep(self, half: Tensor) -> Tensor:
        """What `keep` gives for the mask whose `half_plane`, on the images' device, this is."""
        kept: Tensor = torch.fft.irfft2(torch.mul(self._coefficients, half, out=self._chosen), s=self._size)
        return kept


def half_plane(mask: npt.ArrayLike | Tensor, height: int, width: int) -> Tensor:
    """A centred mask [H, W] as the multiplier of a real FFT, bool [H, W // 2 + 1].

    Raises ValueError for a mask of another size or one that would leave a complex image.
    """
    array = check_mask(mask)
    if array.shape != (height, width):
        raise ValueError(f"mask of shape {array.shape}: the images need [{height}, {width}]")
    return torch.from_numpy(np.ascontiguousarray(np.fft.ifftshift(array)[:, : width // 2 + 1]))
