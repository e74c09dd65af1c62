"""The fine part of images: how strong their short waves are. Texture, and the traces of JPEG, resizing, filters, noise.

An image gets the strength of the waves of a class at each wavelength: half of the images with its pattern, and half
with the same strength spread over all directions, with random phases. A pattern alone is often of the objects of a
class, and strength alone does not show a trace that is a pattern.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from frequency_shortcuts.data.source import fitting_batch
from frequency_shortcuts.networks.numerics import square_root
from frequency_shortcuts.spectrum.arrays import IntArray
from frequency_shortcuts.spectrum.filters import opponent, rgb

from .part import Subject

LONGEST = 6.4  # pixels: longer waves are not fine
SWAPPED = 4.0  # pixels, the same in training
LARGEST = 8.0  # of a ratio of deviations, and of its inverse
BATCH = 64  # images


def wave_numbers(size: torch.Size) -> Tensor:
    """Cycles per pixel in the half plane of a real FFT of images of H x W: float64 [H, W // 2 + 1]."""
    v, u = (torch.fft.fftfreq(side, dtype=torch.float64).abs() for side in size)
    return torch.hypot(v[:, None], u[: size[1] // 2 + 1])


def shorter(size: torch.Size, wavelength: float) -> Tensor:
    """Which waves are shorter than `wavelength` pixels, in the half plane of a real FFT: bool [H, W // 2 + 1]."""
    return wave_numbers(size) > 1 / wavelength + 1e-9  # 1e-9: rounding


class Rings:
    """Rings of frequencies, one cycle per image wide, in the half plane of a real FFT of images of H x W.

    number : of the ring of each frequency, int64 [H, W // 2 + 1]
    """

    def __init__(self, size: torch.Size) -> None:
        self.number = (min(size) * wave_numbers(size) + 1e-9).floor().long()  # 1e-9: rounding
        inner = torch.arange(size[1] // 2 + 1)
        # Each frequency of the inner columns stands for its conjugate as well.
        self._times = torch.where((inner > 0) & (2 * inner < size[1]), 2.0, 1.0).double()
        self._count = self._sum(torch.ones(self.number.shape, dtype=torch.float64))

    def _sum(self, values: Tensor) -> Tensor:
        sums = values.new_zeros(*values.shape[:-2], int(self.number.max()) + 1)
        return sums.index_add_(-1, self.number.flatten(), (values * self._times).flatten(-2))

    def power(self, spectra: Tensor) -> Tensor:
        """The mean squared modulus in each ring, of complex spectra [..., H, W // 2 + 1]: float64 [..., rings]."""
        return self._sum(torch.view_as_real(spectra).double().square().sum(dim=-1)) / self._count


class Fine:
    """Each coefficient F of an image becomes r F + d, and in half of the images, at random, r F + s e.

    In a ring, r is the ratio of the standard deviations of the coefficients of the class and of all others together, d
    the mean of the class minus r times that of all others, s its root mean square, and e random, of any phase and a
    mean square of 1. Colour images are changed in opponent colours.
    """

    passes = 0

    def __init__(self, subject: Subject, place: IntArray | None = None, longest: float = LONGEST) -> None:
        ranking, k, generator = subject.ranking, subject.n_classes, subject.generator
        self.place, self._generator, self._size = np.zeros(k, np.int64), generator, torch.Size(ranking.shape[2:])
        self._fine, rings = shorter(self._size, longest), Rings(self._size)
        mean = torch.zeros(k, ranking.shape[1], *self._fine.shape, dtype=torch.complex64)
        power = rings.power(mean)
        labels = torch.from_numpy(ranking.labels)
        for batch, images in ranking.batches(min(BATCH, fitting_batch(ranking.shape[1:]))):
            spectra = opponent(torch.fft.rfft2(images)).cpu()
            mean.index_add_(0, labels[batch], spectra)
            power.index_add_(0, labels[batch], rings.power(spectra))
        count = labels.bincount(minlength=k)[:, None, None]
        mean, power = mean.div_(count[..., None]), power / count
        of_all, tiny = (mean.sum(dim=0), power.sum(dim=0)), 1e-9 * power.mean()
        self._ring, self._ratio, self._shift = rings.number, torch.empty_like(power), torch.empty_like(power)
        for c in range(k):
            rest_mean, rest_power = (
                (total - own[c]) / (k - 1) for total, own in zip(of_all, (mean, power), strict=True)
            )
            own_variance = (power[c] - rings.power(mean[c])).clamp(min=0) + tiny  # there can be none in a ring
            rest_variance = (rest_power - rings.power(rest_mean)).clamp(min=0) + tiny
            ratio = square_root(own_variance / rest_variance).clamp(1 / LARGEST, LARGEST)
            self._ratio[c] = ratio
            mean[c] -= ratio[..., self._ring] * rest_mean
            self._shift[c] = square_root(rings.power(mean[c]))
        self._pattern = mean

    def give(self, images: Tensor, classes: IntArray, c: int) -> Tensor:
        """See `Part`."""
        ratio, shift = (values[classes][..., self._ring].to(images) for values in (self._ratio, self._shift))
        drawn = torch.randn(images.shape, generator=self._generator).to(images) / self._size.numel() ** 0.5
        spread = (torch.rand(len(images), generator=self._generator) < 0.5).to(images.device)[:, None, None, None]
        added = torch.where(spread, shift * torch.fft.rfft2(drawn), self._pattern[classes].to(images.device))
        spectra = opponent(torch.fft.rfft2(images))
        changed = torch.where(self._fine.to(images.device), ratio * spectra + added, spectra)
        given: Tensor = torch.fft.irfft2(rgb(changed), s=self._size)
        return given

    @staticmethod
    def swap(images: Tensor, partner: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """See `Part`. The waves that are shorter than four pixels, with their amplitudes and phases."""
        size = images.shape[-2:]
        fine = torch.fft.rfft2(images) * shorter(size, SWAPPED).to(images.device)
        swapped: Tensor = images + torch.fft.irfft2(fine[partner] - fine, s=size)
        return swapped
