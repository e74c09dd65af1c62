"""The fine part of images: waves that are shorter than a few pixels, with their amplitudes and phases.

It holds the traces of JPEG, of resizing, of filters and of sensors, and texture.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from frequency_shortcuts.spectrum.arrays import IntArray

from .part import Subject

WAVELENGTH = 4.0  # pixels: waves that are longer are not fine


def fine(images: Tensor, wavelength: float = WAVELENGTH) -> Tensor:
    """The fine part of real images [..., H, W]: their waves that are shorter than `wavelength` pixels."""
    size = images.shape[-2:]
    part: Tensor = torch.fft.irfft2(torch.fft.rfft2(images) * shorter(size, wavelength, images.device), s=size)
    return part


def shorter(size: torch.Size, wavelength: float, device: torch.device | str = "cpu") -> Tensor:
    """Which waves are shorter than `wavelength` pixels, in the half plane of a real FFT: bool [H, W // 2 + 1]."""
    u, v = torch.fft.fftfreq(size[0], dtype=torch.float64), torch.fft.rfftfreq(size[1], dtype=torch.float64)
    return (torch.hypot(u[:, None], v) > 1 / wavelength + 1e-9).to(device)  # 1e-9: rounding


class Fine:
    """The fine part of a random ranking image is added.

    It is not put in the place of the image's own: without that, an image is often none of its class.
    """

    passes = 0

    def __init__(self, subject: Subject, place: IntArray | None = None, wavelength: float = WAVELENGTH) -> None:
        self.place = np.zeros(subject.n_classes, np.int64)
        self._subject, self._wavelength = subject, wavelength

    def give(self, images: Tensor, classes: IntArray, c: int) -> Tensor:
        """See `Part`."""
        return images + fine(self._subject.donors(classes), self._wavelength)

    @staticmethod
    def swap(images: Tensor, partner: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """See `Part`."""
        part = fine(images)
        return images - part + part[partner]
