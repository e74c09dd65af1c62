"""A remedy: in training, images get the amplitudes of the fine spectrum of other images of the batch; labels stay.

What a trace of JPEG, of resizing, of a filter or of a sensor changes in amplitudes then no longer tells the class.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from frequency_shortcuts.spectrum.filters import opponent, rgb
from frequency_shortcuts.spectrum.pairs import ConjugatePairs, shares_beyond

from .numerics import square_root

FIRST = 256  # images by which the radius is found
LARGEST = math.log(4)  # change of a coarse amplitude, as a logarithm


class SwapFine(nn.Module):
    """A transform of batches that gives images what traces change, of other images of the batch.

    Beyond a radius, an image gets the amplitudes of an image that is drawn from the batch, of colour images in opponent
    colours, and keeps its own phases, in which its edges lie. Within it, it gets the mean of the other one, and its
    contrast and blur: all amplitudes are multiplied by exp(a + b r^2), with the a and b by which the energies at each
    radius r come closest to those of the other one.

    It is called as `torchvision.transforms.v2.MixUp` is, in a training loop or in a collate function: images
    [n, channels, H, W], uint8 or float, before or after normalisation, and labels, which come back as they are.

    energy : share of the squared difference between two images that lies beyond the radius
    probability : of an image to be changed. If it is below 1, the images that were not changed have the trace in all
        images of a class, and a network can learn that images without it that look unchanged are not of this class
    radius : in cycles per image. By default it is found by the first 256 images
    limits : least and greatest value of a pixel, to which images are clipped. By default 0 and 255 for uint8 images, 0
        and 1 for float images if the first 256 lie between them, and none for others
    generator : of the draws, on the images' device; by default PyTorch's own

    Raises ValueError for other settings, and for images of another shape or type. A batch of one image comes back as
    it is, with a warning. In the workers of a DataLoader, call `fit` before and give no generator: each has a copy.

    >>> swap = SwapFine()
    >>> images, labels = swap(images, labels)
    """

    def __init__(
        self,
        energy: float = 0.15,
        probability: float = 1.0,
        *,
        radius: float | None = None,
        limits: tuple[float, float] | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if not 0 < energy < 1:
            raise ValueError(f"energy {energy}: expected a share above 0 and below 1")
        if not 0 < probability <= 1:
            raise ValueError(f"probability {probability}: expected above 0 and at most 1")
        if radius is not None and radius < 0:
            raise ValueError(f"radius {radius}: expected at least 0 cycles per image")
        self.energy, self.probability, self.radius, self.limits = energy, probability, radius, limits
        self.generator = generator
        self._find_radius, self._find_limits, self._seen = radius is None, limits is None, 0
        self._power: Tensor | None = None  # of the differences between images, as a real FFT orders it
        self._range = (np.inf, -np.inf)
        self._kept: dict[Any, tuple[Tensor, ...]] = {}  # of each size and device

    def forward(self, *inputs: Any) -> Any:
        """Images and labels, or images alone: the same, some of the images with the fine spectrum of others."""
        if len(inputs) == 1 and isinstance(inputs[0], tuple | list):
            inputs = tuple(inputs[0])
        images = self._swap(inputs[0])
        return images if len(inputs) == 1 else (images, *inputs[1:])

    def extra_repr(self) -> str:
        """The settings, as PyTorch shows them."""
        return f"energy={self.energy}, probability={self.probability}, radius={self.radius}, limits={self.limits}"

    def fit(self, images: Tensor) -> SwapFine:
        """Find radius and limits by these images [n, channels, H, W], 2 or more, and not by the first batches."""
        _check(images)
        if len(images) < 2:
            raise ValueError("SwapFine: one image has no difference from another, fit needs 2 or more")
        self._power, self._range = None, (np.inf, -np.inf)
        pixels = images.float()
        spectra = opponent(torch.fft.rfft2(pixels))
        self._find(images, pixels, spectra, spectra.roll(1, 0))
        self._seen = FIRST
        return self

    @torch.no_grad()
    def _swap(self, images: Tensor) -> Tensor:
        _check(images)
        n, size, device = len(images), images.shape[-2:], images.device
        if n < 2:
            warnings.warn("SwapFine: a batch of one image has no other to swap with, and stays as it is", stacklevel=5)
            return images
        # Any image of the batch, itself as well: otherwise images of small batches would have the traces of other
        # classes more often than of their own, which tells the class, too.
        donor = torch.randint(n, (n,), generator=self.generator, device=device)
        drawn = torch.rand(n, generator=self.generator, device=device) < self.probability
        pixels = images.float()
        with torch.autocast(device.type, enabled=False):  # sums of power overflow in float16
            spectra = opponent(torch.fft.rfft2(pixels))
            if self._seen < FIRST and (self._find_radius or self._find_limits):
                self._find(images, pixels, spectra, spectra.roll(1, 0))
            swapped = torch.fft.irfft2(rgb(self._factors(spectra, donor, size) * spectra), s=size)
        swapped += (pixels[donor] - pixels).mean(dim=(2, 3), keepdim=True)
        if self.limits is not None:
            swapped = swapped.clamp_(*self.limits)
        if not images.is_floating_point():
            swapped = swapped.round_()
        return torch.where(drawn[:, None, None, None], swapped.to(images.dtype), images)

    def _find(self, images: Tensor, pixels: Tensor, spectra: Tensor, donors: Tensor) -> None:
        """Radius and limits, where they are not given, by these images and those before."""
        self._seen += len(images)
        if self._find_radius:
            power = torch.view_as_real(spectra - donors).square().sum(dim=(0, 1, -1)).double()
            before = self._power
            self._power = power if before is None or before.shape != power.shape else power + before
            if not self._power.any():
                raise ValueError("SwapFine: all images are the same, so that none of their differences is fine")
            radii, beyond = shares_beyond(self._power.cpu().numpy(), ConjugatePairs(*images.shape[-2:]))
            self.radius = float(radii[np.argmax(beyond <= self.energy)])
            self._kept.clear()
        if self._find_limits:
            self._range = min(self._range[0], float(pixels.min())), max(self._range[1], float(pixels.max()))
            if not images.is_floating_point():
                self.limits = (0, 255)
            else:
                self.limits = (0, 1) if self._range[0] >= 0 and self._range[1] <= 1 else None

    def _factors(self, spectra: Tensor, donor: Tensor, size: torch.Size) -> Tensor:
        """What the coefficients of each image are multiplied by, float [n, channels, H, W // 2 + 1]."""
        fine, rings, twice, smooth = self._of_size(size, spectra.device)
        power = torch.view_as_real(spectra).square().sum(dim=-1)
        tiny = 1e-9 * power.mean() + 1e-30
        of_rings = (power.sum(dim=1).flatten(1) @ (twice * rings) + tiny).log() / 2
        coarse = ((of_rings[donor] - of_rings) @ smooth).clamp(-LARGEST, LARGEST) @ rings.T  # logarithms
        amplitudes = square_root((power[donor] + tiny) / (power + tiny))
        return torch.where(fine, amplitudes, coarse.exp().view(-1, 1, *fine.shape))

    def _of_size(self, size: torch.Size, device: torch.device) -> tuple[Tensor, ...]:
        """What a size of images needs.

        Where the spectrum is fine, bool [H, W // 2 + 1]; the ring of each coarse frequency, which is one in its column,
        [H * (W // 2 + 1), rings]; how often each frequency is in the whole plane, [H * (W // 2 + 1), 1]; what makes a
        function of the rings smooth, [rings, rings].
        """
        if (size, device) not in self._kept:
            assert self.radius is not None
            pairs = ConjugatePairs(*size)
            radius = pairs.radius[pairs.half_plane]
            ring = np.where((radius > 0) & (radius <= self.radius), np.rint(radius), 0).ravel()
            rings = (ring[:, None] == np.unique(ring[ring > 0])).astype(np.float32)
            terms = np.vander(np.unique(ring[ring > 0]) ** 2, 2)
            inner = (np.arange(size[1] // 2 + 1) > 0) & (2 * np.arange(size[1] // 2 + 1) < size[1])
            twice = np.tile(np.where(inner, 2, 1), size[0])[:, None].astype(np.float32)
            parts = radius > self.radius, rings, twice, (terms @ np.linalg.pinv(terms)).astype(np.float32)
            self._kept[size, device] = tuple(torch.from_numpy(np.ascontiguousarray(part)).to(device) for part in parts)
        return self._kept[size, device]


def _check(images: Any) -> None:
    if not isinstance(images, Tensor) or images.ndim != 4:
        shape = list(images.shape) if isinstance(images, Tensor) else type(images).__name__
        raise ValueError(f"SwapFine: images are {shape}, expected a batch [n, channels, H, W]")
    if images.dtype != torch.uint8 and not images.is_floating_point():
        raise ValueError(f"SwapFine: images are {images.dtype}, expected uint8 or float")
