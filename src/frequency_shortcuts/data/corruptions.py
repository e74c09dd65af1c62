"""Common corruptions of five strengths.

The kinds follow Hendrycks and Dietterich, "Benchmarking neural network robustness to common corruptions and
perturbations" (ICLR 2019). Their strengths are similar to those published for 32 x 32 and for 224 x 224. Widths are
shares of the image, so that one table serves all sizes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as transforms

from frequency_shortcuts.spectrum.arrays import IntArray

from .artefacts import put


class Kind(NamedTuple):
    """A corruption, and its parameter at each strength, from 1 on."""

    apply: Callable[[Tensor, float, IntArray, int], Tensor]
    levels: tuple[float, ...]
    unit: str


def _noise(images: Tensor, deviation: float, numbers: IntArray, seed: int) -> Tensor:
    noisy = []
    # torchvision draws from PyTorch's own generator: it is seeded for every image, and restored at the end.
    with torch.random.fork_rng(devices=[]):
        for image, number in zip(images.cpu(), numbers, strict=True):
            state = np.random.SeedSequence([seed, int(number)]).generate_state(1, np.uint64)[0]
            torch.default_generator.manual_seed(int(state >> 1))  # and not those of GPUs
            noisy.append(transforms.gaussian_noise(image.float() / 255, sigma=deviation))
    return torch.stack(noisy).mul_(255).round_().to(images.device, torch.uint8)


def _blur(images: Tensor, share: float, numbers: IntArray, seed: int) -> Tensor:
    sigma = share * min(images.shape[-2:])
    # The kernel spans three deviations. It is reflected at the border, so it must not be larger than the image.
    reach = min(math.ceil(3 * sigma), *(side - 1 for side in images.shape[-2:]))
    blurred: Tensor = transforms.gaussian_blur(images, [2 * reach + 1] * 2, [sigma] * 2)
    return blurred


def _contrast(images: Tensor, factor: float, numbers: IntArray, seed: int) -> Tensor:
    changed: Tensor = transforms.adjust_contrast(images, factor)
    return changed


def _jpeg(images: Tensor, quality: float, numbers: IntArray, seed: int) -> Tensor:
    return torch.from_numpy(put("jpeg", quality, images.cpu().numpy())).to(images.device)


def _pixelation(images: Tensor, share: float, numbers: IntArray, seed: int) -> Tensor:
    height, width = images.shape[-2:]
    small = [max(1, round(share * height)), max(1, round(share * width))]
    # As float: the kernel for bytes fails for images of a single column.
    few = transforms.resize(images.float(), small, InterpolationMode.BILINEAR, antialias=True)
    pixelated: Tensor = transforms.resize(few, [height, width], InterpolationMode.NEAREST_EXACT)
    return pixelated.round_().to(torch.uint8)


KINDS = {
    "noise": Kind(_noise, (0.04, 0.08, 0.12, 0.18, 0.26), "standard deviation, pixels from 0 to 1"),
    "blur": Kind(_blur, (0.01, 0.015, 0.02, 0.03, 0.045), "standard deviation, share of the shorter side"),
    "contrast": Kind(_contrast, (0.75, 0.5, 0.35, 0.2, 0.1), "factor about the mean of the image"),
    "jpeg": Kind(_jpeg, (60, 40, 25, 15, 7), "quality"),
    "pixelation": Kind(_pixelation, (0.75, 0.6, 0.45, 0.35, 0.25), "share of the pixels of a side that is left"),
}
STRENGTHS = tuple(range(1, 6))


def corrupt(name: str, images: Tensor, strength: int, seed: int = 0, numbers: npt.ArrayLike | None = None) -> Tensor:
    """Corrupted images, uint8 on the same device.

    Parameters
    ----------
    name : one of KINDS
    images : uint8 [n, channels, H, W] of any size, with 1 or 3 channels
    strength : 1 to 5
    seed : of all random draws
    numbers : [n], the number of each image. The draws for an image depend only on seed and number, not on the other
        images of the batch, and are the same at every strength. By default 0 to n - 1

    Raises ValueError for another name, strength, dtype or number of channels.
    """
    if name not in KINDS:
        raise ValueError(f"unknown corruption {name!r}: choose from {', '.join(KINDS)}")
    if strength not in STRENGTHS:
        raise ValueError(f"strength {strength}: expected one of {', '.join(map(str, STRENGTHS))}")
    if images.dtype != torch.uint8 or images.ndim != 4:
        raise ValueError(f"images of {images.dtype} {list(images.shape)}: expected uint8 [n, channels, H, W]")
    if images.shape[1] not in (1, 3):
        raise ValueError(f"images of {images.shape[1]} channels: corruptions need 1 or 3")
    own = np.arange(len(images)) if numbers is None else np.asarray(numbers, np.int64)
    return KINDS[name].apply(images, KINDS[name].levels[strength - 1], own, seed)
