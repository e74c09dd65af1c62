"""A remedy: in training, images now and then get the fine spectrum of another image of the batch; labels stay.

The fine spectrum, in which a trace of JPEG, of resizing, of a filter or of a sensor lies, then no longer tells the
class, while shape and brightness do.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from frequency_shortcuts.spectrum.filters import hide
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.spectrum.radial import shares_beyond

FIRST = 256  # images by which the radius is found


class SwapFine(nn.Module):
    """A transform of batches that gives images the fine spectrum of other images of the batch.

    It is called as `torchvision.transforms.v2.MixUp` is, in a training loop or in a collate function: images
    [n, channels, H, W], uint8 or float, before or after normalisation, and labels, which come back as they are.

    energy : share of the squared difference between two images that lies in the fine spectrum
    probability : of an image to get the fine spectrum of another one
    radius : in cycles per image, beyond which the spectrum is fine. By default it is found by the first 256 images
    limits : least and greatest value of a pixel, to which images are clipped. By default 0 and 255 for uint8 images, 0
        and 1 for float images if the first 256 lie between them, and none for others
    generator : of the draws, on the images' device; by default PyTorch's own

    Raises ValueError for other settings, and for images of another shape. A batch of one image comes back as it is,
    with a warning.

    >>> swap = SwapFine()
    >>> images, labels = swap(images, labels)
    """

    def __init__(
        self,
        energy: float = 0.25,
        probability: float = 0.5,
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
        self._kept: dict[Any, Tensor] = {}  # of each size and device

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
        pixels = images.float()
        spectra = torch.fft.rfft2(pixels)
        self._seen = 0
        self._find(images, pixels, spectra, spectra.roll(1, 0))
        self._seen = FIRST
        return self

    def _swap(self, images: Tensor) -> Tensor:
        _check(images)
        n, size, device = len(images), images.shape[-2:], images.device
        if n < 2:
            warnings.warn("SwapFine: a batch of one image has no other to swap with, and stays as it is", stacklevel=4)
            return images
        order = torch.rand(n, generator=self.generator, device=device).argsort()
        donor = torch.empty_like(order)
        donor[order] = order.roll(1)  # one cycle, so that no image is its own donor
        drawn = torch.rand(n, generator=self.generator, device=device) < self.probability
        pixels = images.float()
        spectra = torch.fft.rfft2(pixels)
        donors = spectra[donor]
        if self._seen < FIRST and (self._find_radius or self._find_limits):
            self._find(images, pixels, spectra, donors)
        swapped = hide(spectra, self._coarse(size, device), donors, size=size)
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
            self._power = power if self._power is None else self._power + power
            radii, beyond = shares_beyond(self._power.cpu().numpy(), ConjugatePairs(*images.shape[-2:]))
            self.radius = float(radii[np.argmax(beyond <= self.energy)])
            self._kept.clear()
        if self._find_limits:
            self._range = min(self._range[0], float(pixels.min())), max(self._range[1], float(pixels.max()))
            if not images.is_floating_point():
                self.limits = (0, 255)
            else:
                self.limits = (0, 1) if self._range[0] >= 0 and self._range[1] <= 1 else None

    def _coarse(self, size: torch.Size, device: torch.device) -> Tensor:
        """Where an image keeps its own spectrum, bool [H, W // 2 + 1]."""
        if (size, device) not in self._kept:
            assert self.radius is not None
            pairs = ConjugatePairs(*size)
            self._kept[size, device] = torch.from_numpy(pairs.radius[pairs.half_plane] <= self.radius).to(device)
        return self._kept[size, device]


def _check(images: Any) -> None:
    if not isinstance(images, Tensor) or images.ndim != 4:
        shape = list(images.shape) if isinstance(images, Tensor) else type(images).__name__
        raise ValueError(f"SwapFine: images are {shape}, expected a batch [n, channels, H, W]")
