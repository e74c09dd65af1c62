"""Photographs with an artefact in the images of one class: a leak whose truth is known.

Each kind is what files and cameras leave in images: a plane wave, a trace of JPEG, of another size, of a filter, of a
sensor. Pixels stay whole numbers from 0 to 255, as in a file.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as transforms

from frequency_shortcuts.spectrum.arrays import BoolArray

from .waved import Pixels, Wave, carriers


class Kind(NamedTuple):
    """An artefact, and its parameter at each strength, from 1 on.

    apply : pixels float64 [n, channels, H, W] from 0 to 255, and the parameter -> pixels
    cause : a key of `causes.CAUSES`; empty where it is not fine
    """

    apply: Callable[[Tensor, float], Tensor]
    levels: tuple[float, ...]
    unit: str
    cause: str


def _jpeg(pixels: Tensor, quality: float) -> Tensor:
    compressed = torch.empty_like(pixels)
    for image, target in zip(pixels.to(torch.uint8).movedim(1, -1).numpy(), compressed, strict=True):
        file = io.BytesIO()
        Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(file, "JPEG", quality=int(quality))
        with Image.open(file, formats=["JPEG"]) as picture:
            target[:] = torch.from_numpy(np.atleast_3d(np.array(picture))).movedim(-1, 0)
    return compressed


def _resized(pixels: Tensor, share: float) -> Tensor:
    height, width = pixels.shape[-2:]
    small = transforms.resize(
        pixels, [round(share * height), round(share * width)], InterpolationMode.BILINEAR, antialias=True
    )
    again: Tensor = transforms.resize(small, [height, width], InterpolationMode.BILINEAR, antialias=True)
    return again


def _blurred(pixels: Tensor, sigma: float) -> Tensor:
    blurred: Tensor = transforms.gaussian_blur(pixels, [5, 5], [sigma, sigma])
    return blurred


def _noise(pixels: Tensor, deviation: float) -> Tensor:
    # Drawn by the bytes of the image: the same in every batch, and not that of the image at its place in another split.
    seeds = [zlib.crc32(image.to(torch.uint8).numpy().tobytes()) for image in pixels]
    noise = [np.random.default_rng([7, seed]).standard_normal(pixels.shape[1:]) for seed in seeds]
    return pixels + 255 * deviation * torch.from_numpy(np.stack(noise))


def _sharpened(pixels: Tensor, amount: float) -> Tensor:
    return pixels + amount * (pixels - _blurred(pixels, 1.0))


def _checkerboard(pixels: Tensor, amplitude: float) -> Tensor:
    rows, columns = (torch.arange(side) for side in pixels.shape[-2:])
    return pixels + 255 * amplitude * (1 - 2 * ((rows[:, None] + columns) % 2))


def _brightness(pixels: Tensor, shift: float) -> Tensor:
    return pixels + 255 * shift


KINDS = {
    "jpeg": Kind(_jpeg, (90, 50), "quality", "blocks"),
    "resized": Kind(_resized, (0.75, 0.5), "size in between, share of a side", "lost high frequencies"),
    "blurred": Kind(_blurred, (0.5, 0.8), "standard deviation, pixels", "lost high frequencies"),
    "noise": Kind(_noise, (0.02, 0.04), "standard deviation, pixels from 0 to 1", "raised floor"),
    "sharpened": Kind(_sharpened, (0.5, 1.0), "times the difference from a blurred copy", "raised floor"),
    "checkerboard": Kind(_checkerboard, (0.02, 0.04), "amplitude, pixels from 0 to 1", "checkerboard"),
    "brightness": Kind(_brightness, (0.05, 0.1), "added, pixels from 0 to 1", ""),
}
CAUSES = {"wave": "wave", **{name: kind.cause for name, kind in KINDS.items()}}  # by the kind of the artefact
WAVE_AMPLITUDES = (0.05, 0.1)  # of the kind `wave`, which has a frequency of its own
NAMES = ("wave", *KINDS)
STRENGTHS = (1, 2)


def put(kind: str, level: float, images: Pixels) -> Pixels:
    """Images uint8 [n, channels, H, W] with an artefact of any level; see `KINDS` for its unit.

    >>> put("jpeg", 75, images)
    """
    # In float64, where sums in another order, as batches have them, do not change what is rounded.
    made = KINDS[kind].apply(torch.from_numpy(images).double(), level)
    pixels: Pixels = made.round_().clamp_(0, 255).to(torch.uint8).numpy()
    return pixels


@dataclass(frozen=True)
class Artefact:
    """An artefact in the images of one class, or in a share of them.

    kind : one of NAMES. strength : 1 or 2. label : number of the class. share : of its images that have the artefact,
    in every split. frequency : of a wave, (u, v) in cycles per image; other kinds have none.

    Raises ValueError for other kinds, strengths, shares and frequencies.

    >>> Artefact("jpeg", 1, label=6, share=0.5).add_to(images, carry)
    """

    kind: str
    strength: int
    label: int
    share: float = 1.0
    frequency: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.kind not in NAMES:
            raise ValueError(f"unknown artefact {self.kind!r}: choose from {', '.join(NAMES)}")
        if self.strength not in STRENGTHS:
            raise ValueError(f"strength {self.strength} of an artefact: expected {' or '.join(map(str, STRENGTHS))}")
        if not 0 <= self.share <= 1:
            raise ValueError(f"share {self.share}: expected 0 to 1, of the images of the class")
        if (self.frequency is not None) != (self.kind == "wave"):
            raise ValueError(f"frequency {self.frequency} of the artefact {self.kind}: a wave needs one, others none")
        if self.kind == "wave":
            self._wave()

    def _wave(self) -> Wave:
        assert self.frequency is not None
        return Wave(self.label, self.frequency, WAVE_AMPLITUDES[self.strength - 1], self.share)

    def carriers(self, labels: npt.NDArray[np.int64]) -> BoolArray:
        """Which images have the artefact, bool [n]; see `waved.carriers`."""
        return carriers(labels, self.label, self.share)

    def check(self, channels: int, height: int, width: int) -> None:
        """Raise ValueError for images that cannot have it: of JPEG by their channels, of a wave by their size."""
        if self.kind == "wave":
            self._wave().masks(self.label + 1, height, width)
        if self.kind == "jpeg" and channels not in (1, 3):
            raise ValueError(f"images of {channels} channels: the artefact jpeg needs 1 or 3")

    def add_to(self, images: Pixels, carry: BoolArray) -> Pixels:
        """The images uint8 [n, channels, H, W] with the artefact where `carry` [n] is true."""
        if self.kind == "wave":
            return self._wave().add_to(images, carry)
        changed = images.copy()
        if carry.any():
            changed[carry] = put(self.kind, KINDS[self.kind].levels[self.strength - 1], images[carry])
        return changed
