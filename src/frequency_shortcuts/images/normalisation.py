"""Normalisation of images: mean and standard deviation per channel, in units of [0, 1]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray, as_array

if TYPE_CHECKING:
    import torch
    from torch import Tensor


def normalise(
    images: Tensor, mean: npt.ArrayLike, std: npt.ArrayLike, dtype: torch.dtype | None = None
) -> Tensor:
    """uint8 [n, channels, H, W] -> (images / 255 - mean) / std, float32 or another dtype, on the images' device."""
    import torch

    dtype = dtype or torch.float32
    shift = torch.as_tensor(np.asarray(mean), dtype=dtype, device=images.device)[:, None, None]
    scale = torch.as_tensor(np.asarray(std), dtype=dtype, device=images.device)[:, None, None]
    return images.to(dtype).div_(255).sub_(shift).div_(scale)


def pixel_statistics(images: npt.NDArray[np.uint8]) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation per channel of uint8 [n, channels, H, W], in units of [0, 1]."""
    return moments(sum(map(channel_sums, images)), len(images) * images[0, 0].size)


def channel_sums(pixels: npt.NDArray[np.uint8]) -> IntArray:
    """Sum and sum of squares of each channel, [2, channels]: integers, so that they are exact in any order."""
    squares = np.square(pixels, dtype=np.uint16)
    return np.stack([values.sum(axis=(1, 2), dtype=np.int64) for values in (pixels, squares)])


def moments(sums: Any, n_pixels: int) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation, in units of [0, 1], from `channel_sums` over so many pixels."""
    mean, square = sums / n_pixels
    return mean / 255, np.sqrt(np.maximum(square - mean**2, 0)) / 255


def per_channel(values: npt.ArrayLike, channels: int) -> npt.NDArray[Any]:
    """A mean or std for each channel, of one for all or of such values, which stay as they are."""
    values = as_array(values)
    return values if values.ndim else np.full(channels, values)


def check_one_per_channel(mean: Any, std: Any, channels: int, where: str = "") -> None:
    """Raise ValueError unless mean and std hold a number for each channel."""
    for name, values in (("mean", mean), ("std", std)):
        if values.shape != (channels,) or values.dtype.kind not in "iuf":
            raise ValueError(
                f"{where}{name} is {values.tolist()}: expected a number for each of {channels} channels"
            )


def check_statistics(mean: Any, std: Any, channels: int, where: str = "") -> None:
    """Raise ValueError if a mean and std make no sense for images in units of [0, 1].

    The values of a network need not be the moments of its images: std 1 / 255 gives pixels, and a mean may lie a little
    outside [0, 1]. Means and stds of pixels from 0 to 255 are not allowed.
    """
    mean, std = np.asarray(mean), np.asarray(std)
    check_one_per_channel(mean, std, channels, where)
    if not (((mean >= -1) & (mean <= 2)).all() and ((std > 0) & (std <= 1)).all()):
        raise ValueError(
            f"{where}mean {mean.tolist()} and std {std.tolist()} cannot be normalised with: expected units of [0, 1], "
            "in which a mean is between -1 and 2, and std above 0 and at most 1 (divide those of pixels by 255)"
        )
