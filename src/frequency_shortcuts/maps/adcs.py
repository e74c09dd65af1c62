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
import pandas as pd
import torch
from torch import Tensor

from frequency_shortcuts.images.splits import Split, is_raw
from frequency_shortcuts.networks.numerics import deterministic_on_cuda
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray
from frequency_shortcuts.spectrum.pairs import ConjugatePairs, from_half_plane

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
BATCH_PIXELS = 2**19  # in a batch for which spectra stay in the caches of a core
BATCH_PIXELS_GPU = 2**24
HDF5_BATCH = 64  # images per read from HDF5, which is slower at thousands
SHORT_SUM = 512  # images of a class that are summed in float32: relative error below 1e-6, or 6e-6 if all are the same
RANKED_AT_ONCE = 2**22  # numbers
COMPARED_AT_ONCE = 2**18  # numbers that are compared pairwise: they fit into the caches of a core
SIGNIFICANT = 3.0  # a difference counts beyond this many standard errors
CLEAREST = 20  # `distinctiveness` is that of one pair in so many, the 5 % that differ most


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
) -> ClassSpectra:
    """Mean amplitude spectrum of every class and its standard error, in one pass over the images.

    channel_weights : how `accumulate` joins the channels; by default they are averaged

    Images are read in batches, so that memory does not grow with their number.

    >>> spectra = class_spectra(Split(images, labels))
    >>> accumulate_significant(spectra.mean_amplitude, spectra.standard_error)  # int16 [4, H, W]
    """
    device = torch.device(device)
    n_classes = len(split.classes)
    _, channels, height, width = split.images.shape
    is_float64 = str(split.images.dtype).endswith("float64")
    # It is used for all batches: allocating new memory takes longer than the FFT.
    buffer = torch.empty(
        (_batch_size(split, device), channels, height, width // 2 + 1),
        dtype=torch.float64 if is_float64 else torch.float32,
        device=device,
    )
    scale = np.ones(1)
    if is_raw(split.images):
        scale = 255 * split.std
    weights = _weights_of_channels(channels, channel_weights)
    sums = _ClassSums(n_classes, buffer)
    joined_sums = _JoinedSums(n_classes, weights / scale, buffer)
    with deterministic_on_cuda(device):
        for batch, amplitude in _amplitudes(split, buffer):
            labels = split.labels[batch]
            labels_on_device = torch.as_tensor(labels, device=device)
            sums.add(labels, labels_on_device, amplitude)
            joined_sums.add(labels_on_device, amplitude)
    count = np.bincount(split.labels)
    divisor = count[:, None] * scale
    return ClassSpectra(
        mean_amplitude=sums.means(divisor[:, :, None, None], width),
        standard_error=joined_sums.standard_error(count, width),
    )


def _batch_size(split: Split, device: torch.device) -> int:
    """As many images as fit into the caches of a processor or keep a GPU busy."""
    pixels = BATCH_PIXELS_GPU
    if device.type == "cpu":
        pixels = BATCH_PIXELS * torch.get_num_threads()
    most = HDF5_BATCH if isinstance(split.images, h5py.Dataset) else SHORT_SUM
    fitting = pixels // math.prod(split.images.shape[1:])
    return min(most, max(1, fitting))


def _amplitudes(split: Split, buffer: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """The amplitude spectra of the images of a split, batch by batch, in a buffer.

    buffer : [batch, channels, H, W // 2 + 1]

    Yields the places of the images, and [n, channels, H, W // 2 + 1]. Of uint8 images the spectra are normalised, not
    the pixels: the mean changes only DC, and the scale, by which the sums are divided, is that of the channel.
    """
    raw = is_raw(split.images)
    _, channels, height, width = split.images.shape
    if raw:
        dc_of_mean = 255 * height * width * torch.as_tensor(split.mean)
        shift = dc_of_mean.to(buffer)
        raw_pixels = buffer.new_empty(len(buffer), channels, height, width)
    for start in range(0, len(split.labels), len(buffer)):
        batch = slice(start, start + len(buffer))
        pixels = torch.as_tensor(split.images[batch]).to(buffer.device)
        if raw:
            pixels = raw_pixels[: len(pixels)].copy_(pixels)
        coefficients = torch.fft.rfft2(pixels)
        if raw:
            coefficients[..., 0, 0].sub_(shift)
        amplitude = buffer[: len(pixels)]
        if buffer.device.type == "cpu":
            # NumPy's is faster than PyTorch's, which takes as long as the FFT.
            np.abs(coefficients.numpy(), out=amplitude.numpy())
        else:
            torch.abs(coefficients, out=amplitude)
        yield batch, amplitude


class _JoinedSums:
    """Sums over the images of each class of the amplitude of the joined channels, and of its square, in float64.

    factors : float64 [channels], by which the channels are joined
    like : amplitudes [n, channels, H, W // 2 + 1] on the device
    """

    def __init__(self, n_classes: int, factors: FloatArray, like: Tensor) -> None:
        self._factors = factors.tolist()
        shape = n_classes, *like.shape[2:]
        self._amplitudes = like.new_zeros(shape, dtype=torch.float64)
        self._squares = like.new_zeros(shape, dtype=torch.float64)

    def add(self, labels: Tensor, amplitude: Tensor) -> None:
        """Add amplitudes [n, channels, H, W // 2 + 1] of images with these labels [n]."""
        joined = amplitude[:, 0] * self._factors[0]
        for channel, factor in enumerate(self._factors[1:], start=1):
            joined.add_(amplitude[:, channel], alpha=factor)
        joined = joined.double()
        self._amplitudes.index_add_(0, labels, joined)
        self._squares.index_add_(0, labels, joined.square_())

    def standard_error(self, count: IntArray, width: int) -> FloatArray:
        """The standard error of the mean of each class of `count` [class] images, [class, H, W], centred."""
        n = count[:, None, None]
        total = self._amplitudes.cpu().numpy()
        with np.errstate(divide="ignore", invalid="ignore"):  # one image has no spread
            squared_deviations = self._squares.cpu().numpy() - total * total / n
            variance = np.maximum(squared_deviations, 0) / (n - 1)
        return from_half_plane(np.sqrt(variance / n), width)


class _ClassSums:
    """Sums of amplitudes over the images of each class.

    Sums in float32 hold at most SHORT_SUM images; then they are added to sums in float64.

    like : amplitudes [batch, channels, H, W // 2 + 1] on the device
    """

    def __init__(self, n_classes: int, like: Tensor) -> None:
        self._batch = len(like)
        self._recent = like.new_zeros(n_classes, *like.shape[1:])
        # Number of images of each class in the recent sums.
        self._held = np.zeros(n_classes, np.int64)
        # Of the earlier images; allocated only if needed, since it may be large.
        self._total: Tensor | None = None

    def add(self, labels: IntArray, labels_on_device: Tensor, amplitude: Tensor) -> None:
        """Add amplitudes [n, channels, H, W // 2 + 1] of images with these labels [n]."""
        held = self._held + np.bincount(labels, minlength=len(self._held))
        if self._recent.dtype == torch.float32 and held.max() > SHORT_SUM:
            # Also the nearly full ones: fewer additions.
            full = np.flatnonzero(held > SHORT_SUM // 2)
            self._move_to_total(full)
            held[full] -= self._held[full]
        self._held = held
        self._recent.index_add_(0, labels_on_device, amplitude)

    def _move_to_total(self, classes: IntArray) -> None:
        """Add the recent sums of some classes to the total, and empty them."""
        if self._total is None:
            self._total = torch.zeros_like(self._recent, dtype=torch.float64)
        on_device = torch.as_tensor(classes, device=self._recent.device)
        for some in on_device.split(self._batch):
            self._total.index_add_(0, some, self._recent[some].double())
            self._recent.index_fill_(0, some, 0)

    def means(self, divisor: FloatArray, width: int) -> FloatArray:
        """The sums divided by `divisor`, which broadcasts with them, as [class, channels, H, W], centred."""
        n_classes, channels, height, _ = self._recent.shape
        means = np.empty((n_classes, channels, height, width))
        for start in range(0, n_classes, self._batch):  # as many planes as fit into the caches
            some = slice(start, start + self._batch)
            sums = self._recent[some].double()
            if self._total is not None:
                sums += self._total[some]
            half_plane = sums.cpu().numpy() / divisor[some]
            means[some] = from_half_plane(half_plane, width)
        return means


def _weights_of_channels(
    channels: int,
    channel_weights: Sequence[float] | None,
) -> FloatArray:
    """The weight of each channel, float64 [channels]. Raises ValueError for weights of another number of channels."""
    if channel_weights is None:
        return np.full(channels, 1 / channels)
    if len(channel_weights) != channels:
        raise ValueError(f"{len(channel_weights)} channel weights for {channels} channels")
    return np.array(channel_weights, float)


def accumulate(
    amplitude: FloatArray,
    channel_weights: Sequence[float] | None = None,
) -> npt.NDArray[np.int16]:
    """ADCS of every class, int16 [class, H, W], from mean amplitudes [class, channel, H, W].

    The channels are averaged, or summed with `channel_weights` (such as LUMA). Raises ValueError for amplitudes that
    are not finite, and for weights of another number of channels.
    """
    energy = _join_channels(amplitude, channel_weights)
    n_classes = len(energy)
    out = np.empty(energy.shape, np.int16)
    for rows in _blocks_of_rows(energy.shape, RANKED_AT_ONCE):
        block = energy[:, rows]
        # The rank is 1 + the number of smaller values + half the number of other equal ones.
        values = pd.DataFrame(block.reshape(n_classes, -1))
        rank = values.rank().to_numpy().reshape(block.shape)
        out[:, rows] = 2 * rank - (n_classes + 1)
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

    Raises ValueError for amplitudes that are not finite, and for weights of another number of channels.
    """
    energy = _join_channels(amplitude, channel_weights)
    variance = SIGNIFICANT**2 * standard_error**2
    out = np.zeros(energy.shape, np.int16)
    for rows in _blocks_of_rows(energy.shape, COMPARED_AT_ONCE):
        means = energy[:, rows]
        variances = variance[:, rows]
        counts = out[:, rows]
        for c in range(len(means) - 1):  # each class is compared with the classes after it
            square = means[c] - means[c + 1 :]
            square *= np.abs(square)  # keeps the sign of the difference
            most = variances[c] + variances[c + 1 :]
            is_above = square > most
            is_below = square < -most
            signs = is_above.view(np.int8) - is_below.view(np.int8)
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
    energy = _join_channels(amplitude, channel_weights)
    distinct = np.full(len(energy), np.nan)
    has_error = np.isfinite(standard_error).all(axis=(1, 2))
    known = np.flatnonzero(has_error)
    n_others = len(known) - 1
    if n_others < 1:
        return distinct
    all_pairs = ConjugatePairs(*energy.shape[1:])
    but_dc = all_pairs.radius > 0
    means = all_pairs.gather(energy)[:, but_dc]
    variances = all_pairs.gather(standard_error**2)[:, but_dc]
    mean_sum = means[known].sum(axis=0)
    variance_sum = variances[known].sum(axis=0)
    n_clearest = math.ceil(means.shape[1] / CLEAREST)
    for c in known:
        mean_of_others = (mean_sum - means[c]) / n_others
        difference = np.abs(means[c] - mean_of_others)
        variance_of_others = np.maximum(variance_sum - variances[c], 0) / n_others**2
        error = np.sqrt(variances[c] + variance_of_others)
        # Equal amplitudes without an error do not differ.
        without_error = np.where(difference > 0, np.inf, 0.0)
        size = np.divide(difference, error, out=without_error, where=error > 0)
        clearest = np.sort(size)[-n_clearest:]
        distinct[c] = np.sqrt(np.mean(clearest**2))
    return distinct


def _blocks_of_rows(shape: tuple[int, ...], at_once: int) -> Iterator[slice]:
    """Blocks of rows of planes [class, H, W]: comparing them takes several times their memory."""
    n_classes, height, width = shape
    rows = max(1, at_once // (n_classes * width))
    for start in range(0, height, rows):
        yield slice(start, start + rows)


def _join_channels(
    amplitude: FloatArray,
    channel_weights: Sequence[float] | None,
) -> FloatArray:
    """The channels of mean amplitudes [class, channel, H, W] joined: [class, H, W]."""
    weights = _weights_of_channels(amplitude.shape[1], channel_weights)
    if not np.isfinite(amplitude).all():
        raise ValueError(
            "some mean amplitudes are not finite numbers: the classes cannot be compared"
        )
    if channel_weights is None:
        return amplitude.mean(axis=1)
    return np.tensordot(amplitude, weights, axes=(1, 0))
