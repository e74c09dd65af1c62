"""The fine part of images: how strong their short waves are. Texture, and the traces of JPEG, resizing, filters, noise.

An image gets the short waves of a class: half of the images with the pattern of the class, each frequency by itself,
and half only with their strength at each wavelength, in all directions. A pattern alone is often of the objects of a
class, and strength alone does not show a trace that is a pattern.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from frequency_shortcuts.networks.numerics import square_root
from frequency_shortcuts.spectrum.arrays import IntArray
from frequency_shortcuts.spectrum.filters import opponent, rgb

from .class_statistics import ClassStatistics, Moments, class_statistics, squared
from .part import Part, Subject, not_compared

LONGEST = 6.4  # pixels: longer waves are not fine
# The same in training: pixels, and the share of the shorter side, whichever is less.
SWAPPED = 8.5
SHARE = 1 / 7
LARGEST = 8.0  # of a ratio of deviations, and of its inverse


def wave_numbers(size: torch.Size) -> Tensor:
    """Cycles per pixel in the half plane of a real FFT of images of H x W: float64 [H, W // 2 + 1]."""
    height, width = size
    v = torch.fft.fftfreq(height, dtype=torch.float64)
    u = torch.fft.rfftfreq(width, dtype=torch.float64)
    return torch.hypot(v[:, None], u)


def shorter(size: torch.Size, wavelength: float) -> Tensor:
    """Which waves are shorter than `wavelength` pixels, in the half plane of a real FFT: bool [H, W // 2 + 1]."""
    return wave_numbers(size) > 1 / wavelength + 1e-9  # 1e-9: rounding


def fine_part(images: Tensor) -> Tensor:
    """What of images [..., H, W] is exchanged in training: the waves that are shorter than `SWAPPED`.

    This is up to the blocks of JPEG; in small images, such waves are of objects.
    """
    size = images.shape[-2:]
    is_fine = shorter(size, min(SWAPPED, SHARE * min(size))).to(images.device)
    return torch.fft.irfft2(torch.fft.rfft2(images) * is_fine, s=size)


class Rings:
    """Rings of frequencies, one cycle per image wide, in the half plane of a real FFT of images of H x W.

    number : of the ring of each frequency, int64 [H, W // 2 + 1]
    """

    def __init__(self, size: torch.Size) -> None:
        cycles = min(size) * wave_numbers(size)
        self.number = (cycles + 1e-9).floor().long()  # 1e-9: rounding
        column = torch.arange(size[1] // 2 + 1)
        # Each frequency of the inner columns stands for its conjugate as well.
        is_inner = (column > 0) & (2 * column < size[1])
        self._times = torch.where(is_inner, 2.0, 1.0).double()
        self._count = self.number.flatten().bincount(
            self._times.expand(self.number.shape).flatten()
        )

    def mean(self, values: Tensor) -> Tensor:
        """The mean in each ring, of values [..., H, W // 2 + 1]: float64 [..., rings]."""
        sums = values.new_zeros(*values.shape[:-2], len(self._count), dtype=torch.float64)
        weighted = (values * self._times).flatten(-2)
        return sums.index_add_(-1, self.number.flatten(), weighted) / self._count


class Fine(Part):
    """Each coefficient F of an image becomes r F + d + s e, where e is random, of any phase and a mean square of 1.

    Half of the images, at random, get a pattern: at each frequency r is the ratio of the standard deviations of the
    class and of the other classes together, at most 1; d is the mean of the class minus r times theirs; and s^2 is the
    variance that is still missing. The others get a strength: in each ring r is the ratio, d is 0, and s is the root
    mean square of the mean of the class minus r times that of the other classes. The class whose powers in the rings
    are farthest is not among these. Colours are changed in opponent colours.
    """

    def __init__(self, subject: Subject, place: IntArray | None = None) -> None:
        super().__init__(subject, place)
        self._fine = shorter(self.size, LONGEST)
        self._rings = Rings(self.size)
        self._patterns: list[tuple[Tensor, Tensor, Tensor]] = []
        self._strengths: list[tuple[Tensor, Tensor]] = []
        statistics = class_statistics(subject.ranking, subject.n_classes, fewest=2)
        for c, left_out in enumerate(not_compared(self._log_powers(statistics))):
            own = _on_cpu(statistics.of(c))
            rest = _on_cpu(statistics.rest(*left_out))
            tiny = 1e-9 * float(rest.variance.mean())  # there can be no variance at a frequency
            self._patterns.append(_pattern(own, rest, tiny))
            self._strengths.append(_strength(own, rest, tiny, self._rings))

    def _log_powers(self, statistics: ClassStatistics) -> Tensor:
        """The logarithm of the power of each class in the rings of fine waves: float64 [class, n]."""
        rings = torch.unique(self._rings.number[self._fine])
        powers = (statistics.power(c).cpu() for c in range(len(statistics)))
        of_rings = torch.stack([self._rings.mean(values) for values in powers])
        power = of_rings[..., rings]
        return (power + 1e-12 * power.amax()).log().flatten(1)

    def give(self, images: Tensor, classes: IntArray, c: int) -> Tensor:
        ratio, noise, mean = _stacked([self._patterns[k] for k in classes])
        in_rings = _stacked([self._strengths[k] for k in classes])
        ring_ratio, ring_noise = (values[..., self._rings.number] for values in in_rings)
        drawn, gets_pattern = self._draw(images)
        spectra = opponent(torch.fft.rfft2(images))
        r = torch.where(gets_pattern, ratio, ring_ratio).to(images)
        s = torch.where(gets_pattern, noise, ring_noise).to(images)
        d = (gets_pattern * mean).to(images.device)
        changed = r * spectra + s * drawn + d
        fine = self._fine.to(images.device)
        given = torch.where(fine, changed, spectra)
        return torch.fft.irfft2(rgb(given), s=self.size)

    def _draw(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Random coefficients e, like those of images [n, ...], and which images get a pattern, bool [n, 1, 1, 1]."""
        generator = self.subject.generator
        noise = torch.randn(images.shape, generator=generator).to(images)
        coefficients = torch.fft.rfft2(noise / self.size.numel() ** 0.5)
        gets_pattern = torch.rand(len(images), generator=generator) < 0.5
        return coefficients, gets_pattern[:, None, None, None]


def _stacked(changes: Sequence[tuple[Tensor, ...]]) -> list[Tensor]:
    """The first tensors of all changes, stacked, then the second ones, and so on."""
    return [torch.stack(values) for values in zip(*changes, strict=True)]


def _on_cpu(moments: Moments) -> Moments:
    return Moments(moments.mean.cpu(), moments.variance.cpu(), moments.images)


def _pattern(own: Moments, rest: Moments, tiny: float) -> tuple[Tensor, Tensor, Tensor]:
    """r, s and d of the pattern of a class at each frequency, see `Fine`: [channels, H, W // 2 + 1] each."""
    ratio = square_root((own.variance + tiny) / (rest.variance + tiny)).clamp(max=1)
    noise = square_root((own.variance - rest.variance).clamp(min=0))
    mean = own.mean - ratio * rest.mean
    return ratio.float(), noise.float(), mean.to(torch.complex64)


def _strength(own: Moments, rest: Moments, tiny: float, rings: Rings) -> tuple[Tensor, Tensor]:
    """r and s of the strength of a class in each ring, see `Fine`: [channels, rings] each."""
    squared_ratio = rings.mean(own.variance + tiny) / rings.mean(rest.variance + tiny)
    ratio = square_root(squared_ratio).clamp(1 / LARGEST, LARGEST)
    difference = own.mean - ratio[..., rings.number] * rest.mean
    return ratio, square_root(rings.mean(squared(difference)))
