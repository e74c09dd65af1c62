"""Normalisation of images: mean and standard deviation per channel, in units of [0, 1]."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from frequency_shortcuts.spectrum.arrays import FloatArray, as_array

if TYPE_CHECKING:
    import torch
    from torch import Tensor

READ_AT_ONCE = 256  # images that are read at a time


def normalise(
    images: Tensor, mean: npt.ArrayLike, std: npt.ArrayLike, dtype: torch.dtype | None = None
) -> Tensor:
    """uint8 [n, channels, H, W] -> (images / 255 - mean) / std, float32 or another dtype, on the images' device."""
    import torch

    pixels = images.to(dtype or torch.float32)
    shift = torch.as_tensor(np.asarray(mean)).to(pixels)
    scale = torch.as_tensor(np.asarray(std)).to(pixels)
    return pixels.div_(255).sub_(shift[:, None, None]).div_(scale[:, None, None])


def pixel_statistics(images: Any) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation per channel of uint8 [n, channels, H, W], in units of [0, 1].

    Images are read in blocks. The sums are integers, so that they are exact in any order.
    """
    channels, height, width = images.shape[1:]
    values = np.zeros(channels, np.int64)
    squares = np.zeros(channels, np.int64)
    for start in range(0, len(images), READ_AT_ONCE):
        pixels = np.asarray(images[start : start + READ_AT_ONCE])
        values += pixels.sum(axis=(0, 2, 3), dtype=np.int64)
        squares += np.square(pixels, dtype=np.uint16).sum(axis=(0, 2, 3), dtype=np.int64)
    n_pixels = math.prod((len(images), height, width))
    mean = values / n_pixels
    variance = squares / n_pixels - mean**2
    return mean / 255, np.sqrt(np.maximum(variance, 0)) / 255


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
    usual_mean = (mean >= -1) & (mean <= 2)
    usual_std = (std > 0) & (std <= 1)
    if not (usual_mean & usual_std).all():
        raise ValueError(
            f"{where}mean {mean.tolist()} and std {std.tolist()} cannot be normalised with: expected units of [0, 1], "
            "in which a mean is between -1 and 2, and std above 0 and at most 1 (divide those of pixels by 255)"
        )
