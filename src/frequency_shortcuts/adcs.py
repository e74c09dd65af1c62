"""ADCS: the accumulative difference of class-wise average spectrum.

E_c(u, v) is the mean, over the images of class c, of the amplitude |F(u, v)| per channel, and ADCS_c
the sum over all other classes c' of sign(E_c - E_c'), after the channels were averaged: an integer
from 1 - |C| to |C| - 1, high where class c has more energy than the others (Wang et al. 2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import rankdata
from torch import Tensor
from tqdm import tqdm

from . import spectrum
from .images import check_classes, normalise

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


def mean_amplitude(
    images: Any,
    labels: npt.ArrayLike | Tensor,
    n_classes: int,
    *,
    mean: npt.ArrayLike | None = None,
    std: npt.ArrayLike | None = None,
    device: torch.device | str = "cpu",
    batch_size: int = 1024,
    progress: bool = False,
) -> npt.NDArray[np.float64]:
    """Mean amplitude spectrum of every class, [class, channel, H, W], centred.

    Parameters
    ----------
    images : [n, channels, H, W], a tensor, an array or an open HDF5 dataset; it is read in batches, so
        that memory does not grow with n. float32 and float64 are taken as they are, uint8 is
        normalised with `mean` and `std`, which it needs.
    labels : [n], 0 to n_classes - 1

    Raises ValueError where a class has no image.
    """
    labels = np.asarray(labels)
    check_classes(labels, range(n_classes), n_images=len(images))
    _, channels, height, width = images.shape
    total = torch.zeros(n_classes, channels, height, width // 2 + 1, dtype=torch.float64, device=device)
    starts = range(0, len(labels), batch_size)
    for start in tqdm(starts, desc="spectra", unit="batch", disable=None if progress else True):
        batch = torch.as_tensor(images[start : start + batch_size]).to(device)
        if batch.dtype == torch.uint8:
            if mean is None or std is None:
                raise ValueError("uint8 images need the mean and std to normalise them with")
            batch = normalise(batch, mean, std)
        amplitude = torch.fft.rfft2(batch).abs().double()
        total.index_add_(0, torch.as_tensor(labels[start : start + batch_size], device=device), amplitude)
    count = np.bincount(labels, minlength=n_classes)
    return spectrum.from_half_plane(total.cpu().numpy() / count[:, None, None, None], width)


def accumulate(
    amplitude: npt.NDArray[np.float64], channel_weights: Sequence[float] | None = None
) -> npt.NDArray[np.int16]:
    """ADCS of every class, int16 [class, H, W], from mean amplitudes [class, channel, H, W].

    The channels are averaged, or summed with `channel_weights` (such as LUMA).
    """
    if amplitude.ndim != 4:
        raise ValueError(f"mean amplitude of shape {amplitude.shape}: expected [class, channel, H, W]")
    if channel_weights is not None and len(channel_weights) != amplitude.shape[1]:
        raise ValueError(f"{len(channel_weights)} channel weights for {amplitude.shape[1]} channels")
    energy = (
        amplitude.mean(axis=1) if channel_weights is None else np.tensordot(amplitude, channel_weights, axes=(1, 0))
    )
    # The number of classes below minus the number above is 2 * (average rank) - classes - 1: one sort
    # instead of classes^2 comparisons.
    return (2 * rankdata(energy, axis=0) - len(energy) - 1).astype(np.int16)
