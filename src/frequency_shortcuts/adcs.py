"""ADCS: the accumulative difference of class-wise average spectrum.

E_c(u, v) is the mean, over the images of class c, of the amplitude |F(u, v)| per channel, and ADCS_c
the sum over all other classes c' of sign(E_c - E_c'), after the channels were averaged: an integer
from 1 - |C| to |C| - 1, high where class c has more energy than the others (Wang et al. 2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm import tqdm

from . import spectrum
from .chunks import RUN
from .images import check_classes

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
CACHED = 2**19  # pixels in a batch for which spectra stay in the caches of a core
RANKED = 2**22  # numbers that are ranked at once
SHORT_SUM = 512  # images of a class that are summed in float32: relative error below 1e-6, or 6e-6 if all are the same


@torch.inference_mode()
def mean_amplitude(
    images: Any,
    labels: npt.ArrayLike | Tensor,
    n_classes: int,
    *,
    mean: npt.ArrayLike | None = None,
    std: npt.ArrayLike | None = None,
    device: torch.device | str = "cpu",
    batch_size: int | None = None,
    progress: bool = False,
) -> npt.NDArray[np.float64]:
    """Mean amplitude spectrum of every class, [class, channel, H, W], centred.

    Parameters
    ----------
    images : [n, channels, H, W], a tensor, an array or an open HDF5 dataset; it is read in batches, so
        that memory does not grow with n. float32 and float64 are taken as they are, uint8 is
        normalised with `mean` and `std`, which it needs.
    labels : [n], 0 to n_classes - 1
    batch_size : by default what the caches of a processor hold, or what keeps a GPU busy

    Raises ValueError where a class has no image, and for images or labels of other types.
    """
    labels = np.asarray(labels)
    check_classes(labels, range(n_classes), n_images=len(images))
    labels = labels.astype(np.int64)
    device = torch.device(device)
    _, channels, height, width = images.shape
    kind = str(images.dtype).removeprefix("torch.")
    if kind not in ("float32", "float64", "uint8"):
        raise ValueError(f"images of dtype {images.dtype}: expected float32, float64 or uint8")
    raw = kind == "uint8"
    if raw and (mean is None or std is None):
        raise ValueError("uint8 images need the mean and std to normalise them with")
    dtype = torch.float64 if kind == "float64" else torch.float32
    if batch_size is None:
        at_once = CACHED * torch.get_num_threads() if device.type == "cpu" else 2**24
        longest = RUN if isinstance(images, h5py.Dataset) else SHORT_SUM
        batch_size = min(longest, max(1, at_once // (channels * height * width)))
    if dtype == torch.float32:
        batch_size = min(batch_size, SHORT_SUM)
    # Spectra are normalised, not pixels: the mean moves DC alone, and the scale is the same for all images.
    shift = torch.as_tensor(255 * height * width * np.asarray(mean), dtype=dtype, device=device) if raw else None
    scale = 255 * np.asarray(std, np.float64)[:, None, None] if raw else 1.0
    # The buffers are used again and again, since fresh memory is slower than the FFT.
    pixels = torch.empty(batch_size if raw else 0, channels, height, width, dtype=dtype, device=device)
    amplitude = torch.empty(batch_size, channels, height, width // 2 + 1, dtype=dtype, device=device)
    recent = torch.zeros(n_classes, *amplitude.shape[1:], dtype=dtype, device=device)
    held = np.zeros(n_classes, np.int64)  # how many images of each class `recent` is the sum of
    total = None  # of the images before those, in float64; made when it is needed, for it may be large
    truth = torch.as_tensor(labels, device=device)
    starts = range(0, len(labels), batch_size)
    for start in tqdm(starts, desc="spectra", unit="batch", disable=None if progress else True):
        some = slice(start, start + batch_size)
        new = np.bincount(labels[some], minlength=n_classes)
        if dtype == torch.float32 and (held + new).max() > SHORT_SUM:
            if total is None:
                total = torch.zeros_like(recent, dtype=torch.float64)
            full = np.flatnonzero(held + new > SHORT_SUM // 2)  # also those that would be soon: fewer additions
            for where in torch.as_tensor(full, device=device).split(batch_size):
                total.index_add_(0, where, recent[where].double())
                recent.index_fill_(0, where, 0)
            held[full] = 0
        held += new
        batch = torch.as_tensor(images[some]).to(device)
        if raw:
            batch = pixels[: len(batch)].copy_(batch)
        recent.index_add_(0, truth[some], _amplitude(batch, shift, amplitude[: len(batch)]))
    count = np.bincount(labels, minlength=n_classes)[:, None, None, None]
    means = np.empty((n_classes, channels, height, width))
    for start in range(0, n_classes, batch_size):  # as many planes at once as the caches hold
        some = slice(start, start + batch_size)
        half = recent[some].double() if total is None else total[some] + recent[some]
        means[some] = spectrum.from_half_plane(half.cpu().numpy() / (count[some] * scale), width)
    return means


def _amplitude(images: Tensor, shift: Tensor | None, out: Tensor) -> Tensor:
    """|F| in the half plane of a real FFT, after `shift` [channels] was subtracted from DC."""
    coefficients = torch.fft.rfft2(images)
    if shift is not None:
        coefficients[..., 0, 0].sub_(shift)
    if out.device.type != "cpu":
        return torch.abs(coefficients, out=out)
    np.abs(coefficients.numpy(), out=out.numpy())  # PyTorch's takes as long as the FFT, NumPy's a seventh of it
    return out


def accumulate(
    amplitude: npt.NDArray[np.float64], channel_weights: Sequence[float] | None = None
) -> npt.NDArray[np.int16]:
    """ADCS of every class, int16 [class, H, W], from mean amplitudes [class, channel, H, W].

    The channels are averaged, or summed with `channel_weights` (such as LUMA). Raises ValueError for amplitudes that
    are not finite, or of another shape.
    """
    if amplitude.ndim != 4:
        raise ValueError(f"mean amplitude of shape {amplitude.shape}: expected [class, channel, H, W]")
    if channel_weights is not None and len(channel_weights) != amplitude.shape[1]:
        raise ValueError(f"{len(channel_weights)} channel weights for {amplitude.shape[1]} channels")
    if not np.isfinite(amplitude).all():
        raise ValueError("some mean amplitudes are not finite numbers: the classes cannot be compared")
    energy = (
        amplitude.mean(axis=1) if channel_weights is None else np.tensordot(amplitude, channel_weights, axes=(1, 0))
    )
    # Sorting takes several times the memory of what is sorted: by rows of the plane.
    out = np.empty(energy.shape, np.int16)
    rows = max(1, RANKED // (energy.shape[0] * energy.shape[2]))
    for start in range(0, energy.shape[1], rows):
        some = np.s_[:, start : start + rows]
        out[some] = _below_minus_above(energy[some])
    return out


def _below_minus_above(energy: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """How many of the values along the first axis are smaller than each, minus how many are greater.

    One sort instead of a comparison of every two: of equal values, the first in order says how many are below, the last
    how many are above.
    """
    order = np.argsort(energy, axis=0)
    ordered = np.take_along_axis(energy, order, axis=0)
    rises = ordered[1:] > ordered[:-1]
    place = np.arange(1, len(energy))[:, None, None]
    below, above = np.zeros(energy.shape, np.int64), np.zeros(energy.shape, np.int64)
    np.maximum.accumulate(np.where(rises, place, 0), axis=0, out=below[1:])
    np.maximum.accumulate(np.where(rises[::-1], place, 0), axis=0, out=above[-2::-1])
    out = np.empty(energy.shape, np.int64)
    np.put_along_axis(out, order, below - above, axis=0)
    return out
