"""Training augmentations, on batches of uint8 images on any device."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from frequency_shortcuts.exchange.swap import Swap
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.networks.numerics import square_root

from . import augmix, autoaugment, sin
from .minibatches import Read


@dataclass(frozen=True)
class Kind:
    """What an augmentation does beside the geometry.

    images : to images uint8 [n, channels, H, W] before it, with draws from torch's generators
    reader : from the training split, the share of stylised twins and the seed, what reads the images of an iteration
    transform : makes what is done to batches float [n, channels, H, W] from 0 to 1 after it. Its images are unlike
        those of tests, so batch normalisation gets statistics of unchanged images at the end of each epoch
    """

    images: Callable[[Tensor], Tensor] = lambda images: images
    reader: Callable[[Split, float, int], Read] | None = None
    transform: Callable[[], Callable[[Tensor], Tensor]] | None = None


# One module each: those of the library's `Swap` and of this folder.
KINDS = {
    "none": Kind(),
    "autoaugment": Kind(images=autoaugment.augment),
    "augmix": Kind(images=augmix.augment),
    "sin": Kind(reader=sin.reader),
    "swap": Kind(transform=Swap),
}

CROP_RATIO = (3 / 4, 4 / 3)  # least and greatest ratio of width to height of a crop


@dataclass(frozen=True)
class Augmentation:
    """A geometric augmentation of every training image, and one of `KINDS`.

    shift: greatest translation in pixels (the published "pad 4, random crop"); the border is a reflection of the image.
    flip: mirror left to right with probability 1/2. crop_scale: least and greatest share of the area of the image that
    a random resized crop keeps, whose ratio of width to height is in `CROP_RATIO`; (1, 1) keeps the scale, and so all
    frequencies. wrap: pixels that leave the image at one side enter at the other side, so that a shift does not change
    the amplitude spectrum. A shift of half a side or more draws every position with the same probability. It excludes
    crops. stylised_share: with `sin`, the share of training images that are replaced by their stylised twins when they
    are read.
    """

    name: str = "none"
    shift: int = 4
    flip: bool = True
    crop_scale: tuple[float, float] = (1.0, 1.0)
    stylised_share: float = 0.5
    wrap: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "crop_scale", tuple(self.crop_scale))
        if not 0 < self.crop_scale[0] <= self.crop_scale[1] <= 1:
            raise ValueError(
                f"crop_scale {self.crop_scale}: expected shares of the area, 0 < least <= greatest <= 1"
            )
        if self.wrap and self.crop_scale != (1.0, 1.0):
            raise ValueError(
                f"crop_scale {self.crop_scale}: expected (1, 1), images that wrap around are not cropped"
            )

    def __call__(self, images: Tensor) -> Tensor:
        """uint8 [n, channels, H, W] -> float32 of the same shape, still 0 to 255; draws from torch's generators."""
        return self._geometry(KINDS[self.name].images(images).float())

    def _geometry(self, images: Tensor) -> Tensor:
        """Shift, flip and crop in one resampling, so that pixels are interpolated at most once."""
        if not self.shift and not self.flip and self.crop_scale == (1.0, 1.0):
            return images
        if self.wrap:
            return self._wrapped(images)
        n, _, height, width = images.shape
        device = images.device
        direction = torch.randint(0, 2, (n,), device=device) * 2.0 - 1
        if not self.flip:
            direction = torch.ones_like(direction)
        shift = torch.randint(-self.shift, self.shift + 1, (n, 2), device=device).float()
        size = torch.tensor([width, height], device=device)
        half = torch.ones(n, 2, device=device)
        centre = 2 * shift / size
        if self.crop_scale != (1.0, 1.0):
            area = torch.empty(n, device=device).uniform_(*self.crop_scale)
            ratio = torch.empty(n, device=device).uniform_(*map(math.log, CROP_RATIO)).exp()
            half = square_root(torch.stack([area * ratio, area / ratio], dim=1)).clamp_(max=1)
            centre = centre + (2 * torch.rand(n, 2, device=device) - 1) * (1 - half)
        transform = torch.zeros(n, 2, 3, device=device)
        transform[:, 0, 0], transform[:, 1, 1] = half[:, 0] * direction, half[:, 1]
        transform[:, :, 2] = centre
        grid = functional.affine_grid(transform, list(images.shape), align_corners=False)
        return functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)

    def _wrapped(self, images: Tensor) -> Tensor:
        """Each image, mirrored or not at random, and rolled by a random number of whole pixels."""
        n, _, height, width = images.shape
        device = images.device
        moved = []
        for side in (height, width):
            low, high = (0, side) if self.shift >= side // 2 else (-self.shift, self.shift + 1)
            roll = torch.randint(low, high, (n, 1), device=device)
            moved.append((torch.arange(side, device=device) - roll) % side)
        rows, columns = moved
        if self.flip:
            mirrored = torch.randint(0, 2, (n, 1), device=device, dtype=torch.bool)
            columns = torch.where(mirrored, width - 1 - columns, columns)
        images = images.gather(2, rows[:, None, :, None].expand_as(images))
        return images.gather(3, columns[:, None, None, :].expand_as(images))
