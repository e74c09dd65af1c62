"""The statistics of each class at each frequency: moments of the Fourier coefficients, of a class and of all others."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from frequency_shortcuts.images.source import Pixels
from frequency_shortcuts.networks.numerics import deterministic_on_cuda, square_root
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray
from frequency_shortcuts.spectrum.filters import opponent
from frequency_shortcuts.spectrum.pairs import ConjugatePairs, from_half_plane

FEWEST = 10  # ranking images of a class


class Moments(NamedTuple):
    """Mean and variance at each frequency, [channels, H, W // 2 + 1], and how many images they are of.

    mean : complex128; variance : float64, of the coefficients
    """

    mean: Tensor
    variance: Tensor
    images: float


def squared(values: Tensor) -> Tensor:
    """The squared modulus of complex values [...]. `abs` takes a root, which not all processors round alike."""
    return values.real.square() + values.imag.square()


class ClassStatistics:
    """Statistics of the coefficients of a real FFT, for each class, of pixels from 0 to 1, in opponent colours.

    mean : complex128 [class, channels, H, W // 2 + 1]; variance : float64, likewise; count : int [class]
    """

    def __init__(
        self, mean: Tensor, variance: Tensor, count: IntArray, size: tuple[int, int]
    ) -> None:
        self.mean = mean
        self.variance = variance
        self.count = count
        self.size = size
        self._all_mean = mean.sum(dim=0)
        self._all_power = torch.zeros_like(variance[0])
        for k in range(len(count)):  # one by one: there can be a thousand
            self._all_power += self.power(k)

    def __len__(self) -> int:
        return len(self.count)

    def of(self, k: int) -> Moments:
        return Moments(self.mean[k], self.variance[k], float(self.count[k]))

    def rest(self, *left_out: int) -> Moments:
        """The moments of all classes but these together, as if each had as many images."""
        others = len(self) - len(left_out)
        mean_left_out = self.mean[list(left_out)].sum(dim=0)
        power_left_out = sum(self.power(k) for k in left_out)
        mean = (self._all_mean - mean_left_out) / others
        power = (self._all_power - power_left_out) / others
        counts = np.delete(self.count, left_out)
        count = float(others**2 / (1 / counts).sum())
        biased_variance = (power - squared(mean)).clamp_(min=0)
        variance = biased_variance * (count / (count - 1))
        return Moments(mean, variance, count)

    def power(self, k: int) -> Tensor:
        """The mean squared modulus of the images of class k: float64 [channels, H, W // 2 + 1]."""
        biased_variance = self.variance[k] * (1 - 1 / float(self.count[k]))
        return biased_variance + squared(self.mean[k])

    def log_ratio(self, k: int) -> tuple[Tensor, Tensor]:
        """The logarithm of the standard deviation of class k over that of the rest, and its variance by chance."""
        own, rest = self.of(k), self.rest(k)
        tiny = 1e-12 * (own.variance + rest.variance).amax()
        ratio = (own.variance + tiny) / (rest.variance + tiny)
        by_chance = self._variance_of_log_deviation() * (1 / own.images + 1 / rest.images)
        return ratio.log() / 2, by_chance

    def _variance_of_log_deviation(self) -> Tensor:
        """The variance by chance, times the images, of the logarithm of a standard deviation: [H, W // 2 + 1].

        The coefficient of a frequency that is its own partner is real: its spread is known half as well.
        """
        pairs = ConjugatePairs(*self.size)
        is_real = pairs.size[pairs.half_plane] == 1
        values = np.where(is_real, 0.5, 0.25)
        return torch.from_numpy(values).to(self.mean.device)

    def differences(self, k: int) -> FloatArray:
        """How clearly class k differs from the rest at each frequency, float64 [H, W], centred; 1 by chance.

        The root of the mean, over channels, of the squared difference of means over its variance, and of the squared
        logarithm of the ratio of standard deviations over its variance.
        """
        own, rest = self.of(k), self.rest(k)
        variance = own.variance / own.images + rest.variance / rest.images
        least = 1e-12 * float(variance.amax()) + 1e-300
        of_means = squared(own.mean - rest.mean) / variance.clamp(min=least)
        logarithm, by_chance = self.log_ratio(k)
        of_deviations = logarithm.square() / by_chance
        both = (of_means + of_deviations).mean(dim=0) / 2
        root = square_root(both.cpu()).numpy()
        return from_half_plane(root, self.size[1])


@torch.inference_mode()
def class_statistics(
    pixels: Pixels,
    n_classes: int,
    classes: tuple[str, ...] | None = None,
    progress: bool = False,
    fewest: int = FEWEST,
) -> ClassStatistics:
    """The statistics of each class, in one pass over images that are read in batches.

    Raises ValueError for a class of fewer than `fewest` images, and for images that do not vary.
    """
    names = classes or tuple(map(str, range(n_classes)))
    count = np.bincount(pixels.labels, minlength=n_classes)
    for name, images in zip(names, count, strict=True):
        if images < fewest:
            raise ValueError(
                f"class {name} has {images} images for the statistics of its spectrum: expected at least {fewest}"
            )
    channels, height, width = pixels.shape[1:]
    shape = n_classes, channels, height, width // 2 + 1
    total = torch.zeros(shape, dtype=torch.complex128, device=pixels.device)
    power = torch.zeros(shape, dtype=torch.float64, device=pixels.device)
    for batch, values in pixels.batches("statistics", progress):
        spectra = opponent(torch.fft.rfft2(values.double()))
        with deterministic_on_cuda(spectra.device):
            labels = torch.from_numpy(pixels.labels[batch]).to(spectra.device)
            total.index_add_(0, labels, spectra)
            power.index_add_(0, labels, squared(spectra))
    n = torch.from_numpy(count).to(power)[:, None, None, None]
    # In place: there can be a thousand classes.
    mean = total.div_(n)
    power = power.div_(n)
    least = 1e-12 * power.sum(dim=(0, 1)).amax()
    variance = power.sub_(squared(mean)).clamp_(min=0).mul_(n / (n - 1))
    varies = variance.sum(dim=(0, 1)) > least
    if not varies.flatten()[1:].any():
        raise ValueError(
            "the images of each class are all the same, but for brightness: expected images that vary"
        )
    return ClassStatistics(mean, variance, count, (height, width))
