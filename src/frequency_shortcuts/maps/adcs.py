"""ADCS: the accumulative difference of class-wise average spectrum.

E_c(u, v) is the mean amplitude |F(u, v)| over the images of class c, per channel. The channels are averaged. ADCS_c is
then the sum over all other classes c' of sign(E_c - E_c'): an integer from 1 - |C| to |C| - 1, high where class c has
more energy than the others (Wang et al. 2023).

Only the signs of the differences count. So even among |C| classes that do not differ, each class reaches the maximum
at 1 / |C| of all positions by chance. `accumulate_significant` counts only differences beyond three standard errors.
For the same reason the mean of |ADCS| does not say how much a class stands out. `distinctiveness` does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import h5py
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm import tqdm

from frequency_shortcuts.images.splits import Split, is_raw
from frequency_shortcuts.networks.numerics import deterministic_on_cuda
from frequency_shortcuts.spectrum import pairs
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
CACHED = 2**19  # pixels in a batch for which spectra stay in the caches of a core
RANKED = 2**22  # numbers that are ranked at once
COMPARED = 2**18  # numbers that are compared pairwise at once: they fit into the caches of a core
SIGNIFICANT = 3.0  # a difference counts beyond this many standard errors
LARGEST = (
    20  # `distinctiveness` is that of one pair in so many, the 5 % with the largest differences
)
HDF5_BATCH = 64  # images per read from HDF5, which is slower at thousands
SHORT_SUM = 512  # images of a class that are summed in float32: relative error below 1e-6, or 6e-6 if all are the same


@dataclass(frozen=True)
class ClassSpectra:
    """The amplitude spectra of the classes, centred.

    mean_amplitude : float64 [class, channel, H, W]
    standard_error : float64 [class, H, W], standard error of the class mean after the channels are joined: the
        standard deviation over the images of the class, divided by the square root of their number; NaN for a class of
        one image
    """

    mean_amplitude: FloatArray
    standard_error: FloatArray


@torch.inference_mode()
def class_spectra(
    split: Split,
    *,
    channel_weights: Sequence[float] | None = None,
    device: torch.device | str = "cpu",
    batch_size: int | None = None,
    progress: bool = False,
) -> ClassSpectra:
    """Mean amplitude spectrum of every class and its standard error, in one pass over the images.

    channel_weights : how `accumulate` joins the channels; by default they are averaged
    batch_size : by default, as many images as fit into the caches of a processor or keep a GPU busy

    Images are read in batches, so that memory does not grow with their number.

    >>> spectra = class_spectra(Split(images, labels))
    >>> accumulate_significant(spectra.mean_amplitude, spectra.standard_error)  # int16 [4, H, W]
    """
    images, labels, n_classes, raw = (
        split.images,
        split.labels,
        len(split.classes),
        is_raw(split.images),
    )
    device = torch.device(device)
    _, channels, height, width = images.shape
    dtype = torch.float64 if str(images.dtype).endswith("float64") else torch.float32
    if batch_size is None:  # as many images as are fast
        at_once = CACHED * torch.get_num_threads() if device.type == "cpu" else 2**24
        longest = HDF5_BATCH if isinstance(images, h5py.Dataset) else SHORT_SUM
        batch_size = min(longest, max(1, at_once // math.prod(images.shape[1:])))
    batch_size = min(batch_size, SHORT_SUM) if dtype == torch.float32 else batch_size
    # The spectra are normalised instead of the pixels: the mean changes only DC, and the scale is equal for all images.
    shift = (
        torch.as_tensor(255 * height * width * split.mean, dtype=dtype, device=device)
        if raw
        else None
    )
    scale = 255 * split.std[:, None, None] if raw else 1.0
    # The buffers are reused: allocating new memory takes longer than the FFT.
    pixels = torch.empty(
        batch_size if raw else 0, channels, height, width, dtype=dtype, device=device
    )
    buffer = torch.empty(batch_size, channels, height, width // 2 + 1, dtype=dtype, device=device)
    sums = _ClassSums(n_classes, buffer)
    weights = (_weights(channels, channel_weights) / np.squeeze(scale)).tolist()
    # Sums of the amplitude of the joined channels, and of its square.
    joined_sums, squares = torch.zeros(
        2, n_classes, height, width // 2 + 1, dtype=torch.float64, device=device
    )
    starts = range(0, len(labels), batch_size)
    with deterministic_on_cuda(device):
        for start in tqdm(starts, desc="spectra", unit="batch", disable=None if progress else True):
            part = slice(start, start + batch_size)
            batch = torch.as_tensor(images[part]).to(device)
            if raw:
                batch = pixels[: len(batch)].copy_(batch)
            coefficients, amplitude = torch.fft.rfft2(batch), buffer[: len(batch)]
            if shift is not None:
                coefficients[..., 0, 0].sub_(shift)
            if (
                device.type == "cpu"
            ):  # NumPy's is faster than PyTorch's, which takes as long as the FFT
                np.abs(coefficients.numpy(), out=amplitude.numpy())
            else:
                torch.abs(coefficients, out=amplitude)
            labels_on_device = torch.as_tensor(labels[part], device=device)
            sums.add(labels[part], labels_on_device, amplitude)
            joined = amplitude[:, 0] * weights[0]
            for c in range(1, channels):
                joined.add_(amplitude[:, c], alpha=weights[c])
            joined = joined.double()
            joined_sums.index_add_(0, labels_on_device, joined)
            squares.index_add_(0, labels_on_device, joined.square_())
    count, total = np.bincount(labels)[:, None, None], joined_sums.cpu().numpy()
    with np.errstate(divide="ignore", invalid="ignore"):  # one image has no spread
        variance = np.maximum(squares.cpu().numpy() - total * total / count, 0) / (count - 1)
    error = pairs.from_half_plane(np.sqrt(variance / count), width)
    return ClassSpectra(sums.means(count[:, None] * scale, width), error)


class _ClassSums:
    """Sums of amplitudes over the images of each class, whose shape, dtype and device are those of `like`.

    Sums in float32 hold at most SHORT_SUM images; then they are added to sums in float64.
    """

    def __init__(self, n_classes: int, like: Tensor) -> None:
        self._batch = len(like)
        self._recent = like.new_zeros(n_classes, *like.shape[1:])
        # Number of images of each class in the recent sums.
        self._held = np.zeros(n_classes, np.int64)
        self._total: Tensor | None = (
            None  # of the earlier images; allocated only if needed, since it may be large
        )

    def add(self, labels: IntArray, labels_on_device: Tensor, amplitude: Tensor) -> None:
        """Add amplitudes [n, channels, H, W // 2 + 1] of images with these labels [n]."""
        new = np.bincount(labels, minlength=len(self._held))
        if self._recent.dtype == torch.float32 and (self._held + new).max() > SHORT_SUM:
            if self._total is None:
                self._total = torch.zeros_like(self._recent, dtype=torch.float64)
            # Also the nearly full ones: fewer additions.
            full = np.flatnonzero(self._held + new > SHORT_SUM // 2)
            for where in torch.as_tensor(full, device=amplitude.device).split(self._batch):
                self._total.index_add_(0, where, self._recent[where].double())
                self._recent.index_fill_(0, where, 0)
            self._held[full] = 0
        self._held += new
        self._recent.index_add_(0, labels_on_device, amplitude)

    def means(self, divisor: npt.NDArray[np.floating], width: int) -> FloatArray:
        """The sums divided by `divisor`, which broadcasts with them, as [class, channels, H, W], centred."""
        n_classes, channels, height, _ = self._recent.shape
        means = np.empty((n_classes, channels, height, width))
        for start in range(
            0, n_classes, self._batch
        ):  # as many planes at once as fit into the caches
            part = slice(start, start + self._batch)
            recent = self._recent[part]
            half = recent.double() if self._total is None else self._total[part] + recent
            means[part] = pairs.from_half_plane(half.cpu().numpy() / divisor[part], width)
        return means


def _weights(channels: int, channel_weights: Sequence[float] | None) -> FloatArray:
    """The weight of each channel, float64 [channels]. Raises ValueError for weights of another number of channels."""
    if channel_weights is None:
        return np.full(channels, 1 / channels)
    if len(channel_weights) != channels:
        raise ValueError(f"{len(channel_weights)} channel weights for {channels} channels")
    return np.array(channel_weights, float)


def accumulate(
    amplitude: npt.NDArray[np.float64], channel_weights: Sequence[float] | None = None
) -> npt.NDArray[np.int16]:
    """ADCS of every class, int16 [class, H, W], from mean amplitudes [class, channel, H, W].

    The channels are averaged, or summed with `channel_weights` (such as LUMA). Raises ValueError for amplitudes that
    are not finite, or of another shape.
    """
    energy = _energy(amplitude, channel_weights)
    out = np.empty(energy.shape, np.int16)
    place = np.arange(1, len(energy))[:, None, None]
    for rows in _rows(energy.shape, RANKED):
        order = np.argsort(energy[rows], axis=0)
        ordered = np.take_along_axis(energy[rows], order, axis=0)
        rises = ordered[1:] > ordered[:-1]
        # Of equal values, the place of the first one in the order is the number of smaller ones; the last one alike.
        below, above = np.zeros((2, *order.shape), np.int64)
        np.maximum.accumulate(np.where(rises, place, 0), axis=0, out=below[1:])
        np.maximum.accumulate(np.where(rises[::-1], place, 0), axis=0, out=above[-2::-1])
        np.put_along_axis(out[rows], order, below - above, axis=0)
    return out


def accumulate_significant(
    amplitude: FloatArray,
    standard_error: FloatArray,
    channel_weights: Sequence[float] | None = None,
) -> npt.NDArray[np.int16]:
    """ADCS of the significant differences only, int16 [class, H, W].

    It is the sum of the signs of those differences that are greater than three standard errors of a difference,
    sqrt(se_c^2 + se_c'^2).

    amplitude : float64 [class, channel, H, W]
    standard_error : float64 [class, H, W], of the mean after the channels are joined (`class_spectra`, with the same
        weights); where it is NaN (a class of one image) no difference counts

    Raises ValueError for amplitudes that are not finite, or for arrays of other shapes.
    """
    energy = _energy(amplitude, channel_weights, standard_error)
    variance = SIGNIFICANT**2 * standard_error**2
    out = np.zeros(energy.shape, np.int16)
    for rows in _rows(energy.shape, COMPARED):
        means, variances, counts = energy[rows], variance[rows], out[rows]
        for c in range(len(means) - 1):  # each class is compared with the classes after it
            square = means[c] - means[c + 1 :]
            square *= np.abs(square)  # keeps the sign of the difference
            most = variances[c] + variances[c + 1 :]
            signs = (square > most).view(np.int8) - (square < -most).view(np.int8)
            counts[c] += signs.sum(axis=0, dtype=np.int16)
            counts[c + 1 :] -= signs
    return out


def distinctiveness(
    amplitude: FloatArray,
    standard_error: FloatArray,
    channel_weights: Sequence[float] | None = None,
) -> FloatArray:
    """How much the mean spectrum of each class differs from those of the others, float64 [class].

    A standardised difference is the class mean minus the mean of the other classes' means, over its standard error
    sqrt(se_c^2 + sum of se_c'^2 / (|C| - 1)^2). The distinctiveness is the root mean square of the 5 % of these
    differences with the largest absolute values, over all conjugate pairs but DC. The number of these pairs is rounded
    up. A class whose spectrum differs by chance alone has about 2.4: the root mean square of the largest 5 % of normal
    numbers.

    The parameters and errors are those of `accumulate_significant`. A class of one image has no standard error: it has
    NaN, and the other classes are compared without it.

    >>> spectra = class_spectra(Split(images, labels))
    >>> distinctiveness(spectra.mean_amplitude, spectra.standard_error)
    """
    energy = _energy(amplitude, channel_weights, standard_error)
    distinct = np.full(len(energy), np.nan)
    known = np.flatnonzero(np.isfinite(standard_error).all(axis=(1, 2)))
    others = len(known) - 1
    if others < 1:
        return distinct
    all_pairs = pairs.ConjugatePairs(*energy.shape[1:])
    means, variances = (
        all_pairs.gather(plane)[:, all_pairs.radius > 0] for plane in (energy, standard_error**2)
    )
    mean_sum, variance_sum = (plane[known].sum(axis=0) for plane in (means, variances))
    largest = -(-means.shape[1] // LARGEST)
    for c in known:
        difference = np.abs(means[c] - (mean_sum - means[c]) / others)
        error = np.sqrt(variances[c] + np.maximum(variance_sum - variances[c], 0) / others**2)
        # Equal amplitudes without an error do not differ.
        size = np.divide(
            difference, error, out=np.where(difference > 0, np.inf, 0.0), where=error > 0
        )
        distinct[c] = np.sqrt(np.mean(np.sort(size)[-largest:] ** 2))
    return distinct


def _rows(shape: tuple[int, ...], at_once: int) -> Iterator[tuple[slice, slice]]:
    """Blocks of rows of the planes [class, H, W]: comparing them takes several times their memory."""
    rows = max(1, at_once // (shape[0] * shape[2]))
    for start in range(0, shape[1], rows):
        yield np.s_[:, start : start + rows]


def _energy(
    amplitude: FloatArray,
    channel_weights: Sequence[float] | None,
    standard_error: FloatArray | None = None,
) -> FloatArray:
    """The channels of mean amplitudes [class, channel, H, W] joined: [class, H, W], the shape of a standard error."""
    if amplitude.ndim != 4:
        raise ValueError(
            f"mean amplitude of shape {amplitude.shape}: expected [class, channel, H, W]"
        )
    weights = _weights(amplitude.shape[1], channel_weights)
    if not np.isfinite(amplitude).all():
        raise ValueError(
            "some mean amplitudes are not finite numbers: the classes cannot be compared"
        )
    energy = (
        amplitude.mean(axis=1)
        if channel_weights is None
        else np.tensordot(amplitude, weights, axes=(1, 0))
    )
    if standard_error is not None and standard_error.shape != energy.shape:
        raise ValueError(
            f"standard error of shape {standard_error.shape}: expected {energy.shape}, [class, H, W]"
        )
    return energy
