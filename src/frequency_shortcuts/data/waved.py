"""Photographs with a plane wave in the images of one class: a shortcut that is known, on real images.

The pixels are clipped to [0, 255], as a file needs it. In dark images the wave is then cut off below 0, which makes
harmonics: waves of multiples of its frequency.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from frequency_shortcuts.spectrum.arrays import BoolArray
from frequency_shortcuts.spectrum.pairs import frequencies, mirror

from .splits import Images

Pixels = npt.NDArray[np.uint8]
HARMONICS = 4  # multiples of the frequency up to this one, beside the wave itself


@dataclass(frozen=True)
class Wave:
    """A plane wave in the images of one class, or in a share of them.

    label : number of the class. frequency : (u, v) in cycles per image. amplitude : in units in which pixels span 0
    to 1. share : of the images of the class that carry the wave. A horizontal flip leaves the frequency as it is where
    u or v is 0.

    Raises ValueError for an amplitude that is not above 0 and at most 1, a share outside 0 to 1, and for the frequency
    (0, 0).
    """

    label: int
    frequency: tuple[int, int]
    amplitude: float
    share: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.amplitude <= 1:
            raise ValueError(f"amplitude {self.amplitude}: expected above 0 and at most 1, where pixels span 0 to 1")
        if not 0 <= self.share <= 1:
            raise ValueError(f"share {self.share}: expected 0 to 1, of the images of the class")
        if tuple(self.frequency) == (0, 0):
            raise ValueError("frequency [0, 0] is no wave: expected another one, in cycles per image")

    def carriers(self, labels: npt.NDArray[np.int64]) -> BoolArray:
        """Which images carry the wave, bool [n]: a share of those of the class, spread evenly over their order.

        So the first images of a class have the same share as all of them, but for half an image.
        """
        return carriers(labels, self.label, self.share)

    def add(self, images: Pixels, labels: npt.NDArray[np.int64]) -> Pixels:
        """The images uint8 [n, channels, H, W] with the wave in all images of the class, labels int64 [n]."""
        return self.add_to(images, labels == self.label)

    def add_to(self, images: Pixels, carry: BoolArray) -> Pixels:
        """The images uint8 [n, channels, H, W] with the wave, in all channels, where `carry` [n] is true."""
        height, width = images.shape[-2:]
        u, v = self.frequency
        phase = 2 * np.pi * (u * np.arange(height)[:, None] / height + v * np.arange(width) / width)
        waved = images.copy()
        waved[carry] = np.clip(np.rint(images[carry] + 255 * self.amplitude * np.cos(phase)), 0, 255)
        return waved

    def masks(self, n_classes: int, height: int, width: int) -> Mapping[str, BoolArray]:
        """`truth` and `harmonics`, each bool [class, H, W], centred: the pair of the wave, and those of its harmonics.

        Raises ValueError for a frequency beyond the spectrum.
        """
        if not (abs(self.frequency[0]) <= height // 2 and abs(self.frequency[1]) <= width // 2):
            raise ValueError(f"frequency {list(self.frequency)}: images of {height} x {width} have up to half of that")
        masks = np.zeros((2, n_classes, height, width), bool)
        for multiple in range(1, HARMONICS + 1):
            masks[int(multiple > 1), self.label] |= _pair(self.frequency, multiple, height, width)
        masks[1] &= ~masks[0]
        return {"truth": masks[0], "harmonics": masks[1]}


def carriers(labels: npt.NDArray[np.int64], label: int, share: float) -> BoolArray:
    """A share of the images of a class, bool [n], spread evenly over their order."""
    carry: BoolArray = labels == label
    carry[carry] = np.diff(np.floor(np.arange(carry.sum() + 1) * share + 0.5)) > 0
    return carry


def _pair(frequency: tuple[int, int], multiple: int, height: int, width: int) -> BoolArray:
    """The conjugate pair of a multiple of a frequency, bool [H, W]; beyond the spectrum it is aliased."""
    u, v = frequencies(height, width)
    there = ((u - multiple * frequency[0]) % height == 0) & ((v - multiple * frequency[1]) % width == 0)
    pair: BoolArray = there | mirror(there)
    return pair


class ChangedImages:
    """Images of a set of which some are changed when they are read. See `splits.Images`.

    add_to : images uint8 [k, channels, H, W], and which of them are changed [k] -> the images. carry : bool [n]
    """

    def __init__(self, images: Images, add_to: Callable[[Pixels, BoolArray], Pixels], carry: BoolArray) -> None:
        self._images, self._add_to, self._carry = images, add_to, carry
        self.shape, self.dtype = images.shape, np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self._carry)

    def __getitem__(self, index: Any, /) -> Pixels:
        return self._add_to(np.asarray(self._images[index]), self._carry[index])
