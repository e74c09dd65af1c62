"""Training augmentations, on batches of uint8 images on any device."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.transforms import v2

NAMES = ("none", "autoaugment", "augmix")


@dataclass(frozen=True)
class Augmentation:
    """Geometry for every training image, and on top of it one of `NAMES`.

    shift: greatest translation in pixels (the published "pad 4, random crop"), what enters is the
    image's own reflection. flip: mirror left to right half of the time. crop_scale: least and
    greatest share of the image's area that a random resized crop keeps; (1, 1) leaves the scale, and
    with it every frequency, alone. crop_ratio: least and greatest width to height of a crop.
    """

    name: str = "none"
    shift: int = 4
    flip: bool = True
    crop_scale: tuple[float, float] = (1.0, 1.0)
    crop_ratio: tuple[float, float] = (3 / 4, 4 / 3)

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise ValueError(f"unknown augmentation {self.name!r}: choose from {', '.join(NAMES)}")
        if self.shift < 0:
            raise ValueError(f"shift {self.shift}: expected at least 0 pixels")
        object.__setattr__(self, "crop_scale", tuple(self.crop_scale))
        if not 0 < self.crop_scale[0] <= self.crop_scale[1] <= 1:
            raise ValueError(f"crop_scale {self.crop_scale}: expected shares of the area, 0 < least <= greatest <= 1")

    def __call__(self, images: Tensor) -> Tensor:
        """uint8 [n, channels, H, W] -> float32 of the same shape, still 0 to 255; draws from torch's generator."""
        if self.name != "none":
            policy = v2.AutoAugment() if self.name == "autoaugment" else v2.AugMix()
            images = torch.stack([policy(image) for image in images])
        return self._geometry(images.float())

    def _geometry(self, images: Tensor) -> Tensor:
        """One resampling for shift, flip and crop together, so that pixels are interpolated at most once."""
        if not self.shift and not self.flip and self.crop_scale == (1.0, 1.0):
            return images
        n, _, height, width = images.shape
        device = images.device
        flip = torch.randint(0, 2, (n,), device=device) * (2.0 if self.flip else 0.0) - (1.0 if self.flip else -1.0)
        shift = torch.randint(-self.shift, self.shift + 1, (n, 2), device=device).float()
        size = torch.tensor([width, height], device=device)
        half = torch.ones(n, 2, device=device)
        centre = 2 * shift / size
        if self.crop_scale != (1.0, 1.0):
            area = torch.empty(n, device=device).uniform_(*self.crop_scale)
            ratio = torch.empty(n, device=device).uniform_(*map(math.log, self.crop_ratio)).exp()
            half = torch.stack([(area * ratio).sqrt(), (area / ratio).sqrt()], dim=1).clamp_(max=1)
            centre = centre + (2 * torch.rand(n, 2, device=device) - 1) * (1 - half)
        transform = torch.zeros(n, 2, 3, device=device)
        transform[:, 0, 0], transform[:, 1, 1] = half[:, 0] * flip, half[:, 1]
        transform[:, :, 2] = centre
        grid = functional.affine_grid(transform, list(images.shape), align_corners=False)
        return functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
