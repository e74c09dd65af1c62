"""Keep or remove frequencies of images, and put those of a fill in their place.

`hide` is the only place that does so: filters, tests, mixtures, the explorer and trainings call it.
"""

from __future__ import annotations

from collections.abc import Sequence

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
    return hide(torch.fft.rfft2(images), half, size=(height, width))


def remove(images: Tensor, mask: npt.ArrayLike | Tensor) -> Tensor:
    """Remove the frequencies where the mask is true; see `keep`."""
    return keep(images, ~check_mask(mask))


def hide(own: Tensor, kept: Tensor, fill: Tensor | None = None, *, size: Sequence[int]) -> Tensor:
    """Images with their own frequencies where `kept` is 1, and those of the fill where it is 0.

    own : complex [..., H, W // 2 + 1], the coefficients of a real FFT
    kept : bool, or real numbers from 0 to 1 that mix both; of a shape that broadcasts with `own`, see `half_plane`
    fill : complex, of a shape that broadcasts with `own`; None for zeros (see `fills`)
    size : (H, W)

    Returns real [..., H, W].

    >>> hide(torch.fft.rfft2(images), half_plane(mask, 32, 32), torch.fft.rfft2(donors), size=(32, 32))
    """
    if kept.dtype == torch.bool:
        mixed = torch.where(kept, own, 0 if fill is None else fill)
    else:
        mixed = kept * own if fill is None else kept * (own - fill) + fill
    images: Tensor = torch.fft.irfft2(mixed, s=tuple(size))
    return images


def half_plane(mask: npt.ArrayLike | Tensor, height: int, width: int) -> Tensor:
    """A centred mask [H, W] as the multiplier of a real FFT, bool [H, W // 2 + 1].

    Raises ValueError for a mask of another size or one that would leave a complex image.
    """
    array = check_mask(mask)
    if array.shape != (height, width):
        raise ValueError(f"mask of shape {array.shape}: the images need [{height}, {width}]")
    return torch.from_numpy(np.ascontiguousarray(np.fft.ifftshift(array)[:, : width // 2 + 1]))
