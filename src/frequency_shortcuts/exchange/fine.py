"""The fine part of images: how strong their short waves are. Texture, and the traces of JPEG, resizing, filters, noise.

An image gets the short waves of a class: half of the images with the pattern of the class, each frequency by itself,
and half only with their strength at each wavelength, in all directions. A pattern alone is often of the objects of a
class, and strength alone does not show a trace that is a pattern.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from frequency_shortcuts.networks.numerics import square_root
from frequency_shortcuts.spectrum.arrays import IntArray
from frequency_shortcuts.spectrum.filters import opponent, rgb

from .class_statistics import Moments, class_statistics, squared
from .part import Subject, not_compared

LONGEST = 6.4  # pixels: longer waves are not fine
# The same in training: pixels, and the share of the shorter side, whichever is less.
SWAPPED, SHARE = (
    8.5,
    1 / 7,
)
LARGEST = 8.0  # of a ratio of deviations, and of its inverse


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
        self._count = self.number.flatten().bincount(
            self._times.expand(self.number.shape).flatten()
        )

    def mean(self, values: Tensor) -> Tensor:
        """The mean in each ring, of values [..., H, W // 2 + 1]: float64 [..., rings]."""
        sums = values.new_zeros(*values.shape[:-2], len(self._count), dtype=torch.float64)
        return (
            sums.index_add_(-1, self.number.flatten(), (values * self._times).flatten(-2))
            / self._count
        )


class Fine:
    """Each coefficient F of an image becomes r F + d + s e, where e is random, of any phase and a mean square of 1.

    Half of the images, at random, get a pattern: at each frequency r is the ratio of the standard deviations of the
    class and of the other classes together, at most 1; d is the mean of the class minus r times theirs; and s^2 is the
    variance that is still missing. The others get a strength: in each ring r is the ratio, d is 0, and s is the root
    mean square of the mean of the class minus r times that of the other classes. The class whose powers in the rings
    are farthest is not among these. Colours are changed in opponent colours.
    """

    passes = 0

    def __init__(self, subject: Subject, place: IntArray | None = None) -> None:
        statistics = class_statistics(subject.ranking, subject.n_classes, fewest=2)
        self.place, self._generator = np.zeros(subject.n_classes, np.int64), subject.generator
        self._size = torch.Size(subject.ranking.shape[2:])
        self._fine, rings = shorter(self._size, LONGEST), Rings(self._size)
        self._ring, self._pattern = rings.number, statistics.mean.cpu().to(torch.complex64)
        # Of each frequency.
        self._ratio, self._noise = (torch.empty(self._pattern.shape) for _ in range(2))
        self._ring_ratio, self._ring_noise = (
            torch.empty_like(rings.mean(self._ratio)) for _ in range(2)
        )
        power = torch.stack([rings.mean(statistics.power(c).cpu()) for c in range(len(statistics))])
        power = power[..., torch.unique(self._ring[self._fine])]
        for c, left_out in enumerate(not_compared((power + 1e-12 * power.amax()).log().flatten(1))):
            moments = statistics.of(c), statistics.rest(*left_out)
            own, rest = (Moments(one.mean.cpu(), one.variance.cpu(), 0) for one in moments)
            tiny = 1e-9 * float(rest.variance.mean())  # there can be no variance at a frequency
            ratio = square_root((own.variance + tiny) / (rest.variance + tiny)).clamp(max=1)
            self._ratio[c], self._pattern[c] = ratio, own.mean - ratio * rest.mean
            self._noise[c] = square_root((own.variance - rest.variance).clamp(min=0))
            ratio = square_root(rings.mean(own.variance + tiny) / rings.mean(rest.variance + tiny))
            self._ring_ratio[c] = ratio.clamp(1 / LARGEST, LARGEST)
            difference = own.mean - self._ring_ratio[c][..., self._ring] * rest.mean
            self._ring_noise[c] = square_root(rings.mean(squared(difference)))

    def give(self, images: Tensor, classes: IntArray, c: int) -> Tensor:
        ratio, noise = (values[classes].to(images) for values in (self._ratio, self._noise))
        in_rings = self._ring_ratio, self._ring_noise
        ring_ratio, ring_noise = (
            values[classes][..., self._ring].to(images) for values in in_rings
        )
        drawn = (
            torch.randn(images.shape, generator=self._generator).to(images)
            / self._size.numel() ** 0.5
        )
        patterned = (torch.rand(len(images), generator=self._generator) < 0.5).to(images.device)[
            :, None, None, None
        ]
        spectra = opponent(torch.fft.rfft2(images))
        made = torch.where(patterned, ratio, ring_ratio) * spectra
        made += torch.where(patterned, noise, ring_noise) * torch.fft.rfft2(drawn)
        made += patterned * self._pattern[classes].to(images.device)
        made = torch.where(self._fine.to(images.device), made, spectra)
        return torch.fft.irfft2(rgb(made), s=self._size)

    @staticmethod
    def swap(images: Tensor, partner: Tensor, place: int | None = None) -> Tensor:
        """See `Part`. The waves that are shorter than `SWAPPED`, with their amplitudes and phases.

        This is up to the blocks of JPEG; in small images, such waves are of objects.
        """
        size = images.shape[-2:]
        longest = min(SWAPPED, SHARE * min(size)) if place is None else LONGEST
        fine = torch.fft.rfft2(images) * shorter(size, longest).to(images.device)
        return images + torch.fft.irfft2(fine[partner] - fine, s=size)
