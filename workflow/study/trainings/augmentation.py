"""Training augmentations, on batches of uint8 images on any device."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.transforms import v2

from frequency_shortcuts.images.artefacts import put
from frequency_shortcuts.networks.numerics import square_root

from . import operations

# torchvision's policies, operations and magnitudes, which have no public name. They are only read.
_AUTOAUGMENT, _AUGMIX = v2.AutoAugment(), v2.AugMix()
_LEVELS = 10  # levels of magnitude in both policies

RANDOM_SIZE, RANDOM_NOISE, RANDOM_QUALITY = (0.5, 1.0), (0.0, 0.04), (30.0, 96.0)  # share of a side; 0 to 1; of JPEG

# For every image of a batch, the name of an operation and its magnitude.
Draw = tuple[list[str], list[float]]


@dataclass(frozen=True)
class Augmentation:
    """A geometric augmentation of every training image, followed by one of `NAMES`.

    shift: greatest translation in pixels (the published "pad 4, random crop"); the border is a reflection of the image.
    flip: mirror left to right with probability 1/2. crop_scale: least and greatest share of the area of the image that
    a random resized crop keeps; (1, 1) keeps the scale, and so all frequencies. crop_ratio: least and greatest ratio of
    width to height of a crop. wrap: pixels that leave the image at one side enter at the other side, so that a shift
    does not change the amplitude spectrum. A shift of half a side or more draws every position with the same
    probability. It excludes crops. stylised_share: with `sin`, the share of training images that are replaced by their
    stylised twins when they are read (`training.train`). With `swap`, `training.train` gets `exchange.swap.Swap` as its
    transform.
    """

    name: str = "none"
    shift: int = 4
    flip: bool = True
    crop_scale: tuple[float, float] = (1.0, 1.0)
    crop_ratio: tuple[float, float] = (3 / 4, 4 / 3)
    stylised_share: float = 0.5
    wrap: bool = False

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise ValueError(f"unknown augmentation {self.name!r}: choose from {', '.join(NAMES)}")
        object.__setattr__(self, "crop_scale", tuple(self.crop_scale))
        if not 0 < self.crop_scale[0] <= self.crop_scale[1] <= 1:
            raise ValueError(f"crop_scale {self.crop_scale}: expected shares of the area, 0 < least <= greatest <= 1")
        if self.wrap and self.crop_scale != (1.0, 1.0):
            raise ValueError(f"crop_scale {self.crop_scale}: expected (1, 1), images that wrap around are not cropped")

    def __call__(self, images: Tensor) -> Tensor:
        """uint8 [n, channels, H, W] -> float32 of the same shape, still 0 to 255; draws from torch's generators."""
        if self.name in OF_IMAGES:
            images = OF_IMAGES[self.name](images)
        return self._geometry(images.float())

    def _geometry(self, images: Tensor) -> Tensor:
        """Shift, flip and crop in one resampling, so that pixels are interpolated at most once."""
        if not self.shift and not self.flip and self.crop_scale == (1.0, 1.0):
            return images
        if self.wrap:
            return self._wrapped(images)
        n, _, height, width = images.shape
        device = images.device
        flip = torch.randint(0, 2, (n,), device=device) * (2.0 if self.flip else 0.0) - (1.0 if self.flip else -1.0)
        shift = torch.randint(-self.shift, self.shift + 1, (n, 2), device=device).float()
        size = torch.tensor([width, height]).to(device, non_blocking=True)
        half = torch.ones(n, 2, device=device)
        centre = 2 * shift / size
        if self.crop_scale != (1.0, 1.0):
            area = torch.empty(n, device=device).uniform_(*self.crop_scale)
            ratio = torch.empty(n, device=device).uniform_(*map(math.log, self.crop_ratio)).exp()
            half = square_root(torch.stack([area * ratio, area / ratio], dim=1)).clamp_(max=1)
            centre = centre + (2 * torch.rand(n, 2, device=device) - 1) * (1 - half)
        transform = torch.zeros(n, 2, 3, device=device)
        transform[:, 0, 0], transform[:, 1, 1] = half[:, 0] * flip, half[:, 1]
        transform[:, :, 2] = centre
        grid = functional.affine_grid(transform, list(images.shape), align_corners=False)
        return functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)

    def _wrapped(self, images: Tensor) -> Tensor:
        """Each image, mirrored or not at random, and rolled by a random number of whole pixels."""
        n, _, height, width = images.shape
        device = images.device
        rows, columns = (
            (torch.arange(side, device=device) - self._roll(n, side, device)) % side for side in (height, width)
        )
        if self.flip:
            mirrored = torch.randint(0, 2, (n, 1), device=device, dtype=torch.bool)
            columns = torch.where(mirrored, width - 1 - columns, columns)
        images = images.gather(2, rows[:, None, :, None].expand_as(images))
        return images.gather(3, columns[:, None, None, :].expand_as(images))

    def _roll(self, n: int, side: int, device: torch.device) -> Tensor:
        """Pixels to roll each of n images by, int64 [n, 1]: up to `shift`, or any number if that is half the side."""
        low, high = (0, side) if self.shift >= side // 2 else (-self.shift, self.shift + 1)
        return torch.randint(low, high, (n, 1), device=device)


def autoaugment(images: Tensor) -> Tensor:
    """torchvision's AutoAugment (its policies for ImageNet), drawn for each image: uint8 [n, channels, H, W]."""
    for names, magnitudes in draw_autoaugment(len(images), *images.shape[-2:]):
        images = operations.apply(images, names, magnitudes, "nearest")
    return images


def augmix(images: Tensor) -> Tensor:
    """torchvision's AugMix, drawn for each image: uint8 [n, channels, H, W]."""
    n, width = len(images), _AUGMIX.mixture_width
    chains = images.repeat(width, 1, 1, 1)
    for names, magnitudes in draw_augmix(len(chains), *images.shape[-2:]):
        chains = operations.apply(chains, names, magnitudes, "bilinear")
    kept, shares = _dirichlet(n, 2), _dirichlet(n, width)
    weights = torch.cat([kept[:, :1], kept[:, 1:] * shares], dim=1).to(images.device, non_blocking=True)
    mixed = torch.zeros_like(images, dtype=torch.float32)
    for weight, part in zip(weights.T, (images, *chains.chunk(width)), strict=True):
        mixed += weight[:, None, None, None] * part
    return mixed.to(torch.uint8)


def draw_autoaugment(n: int, height: int, width: int) -> list[Draw]:
    """The two steps of a policy for each of n images, drawn on the CPU: reading draws from a GPU would stall it."""
    magnitudes = _magnitudes(v2.AutoAugment, height, width)
    policies = [_AUTOAUGMENT._policies[i] for i in torch.randint(len(_AUTOAUGMENT._policies), (n,)).tolist()]
    draws = []
    for step in zip(*policies, strict=True):
        names, drawn = [], []
        for (name, probability, level), chance, sign in zip(step, *torch.rand(2, n).tolist(), strict=True):
            names.append(name if chance <= probability else "Identity")
            drawn.append(magnitudes[name][sign <= 0.5][level or 0])
        draws.append((names, drawn))
    return draws


def draw_augmix(n: int, height: int, width: int) -> list[Draw]:
    """A chain of one to three operations for each of n images, padded with identities, drawn on the CPU."""
    magnitudes = _magnitudes(v2.AugMix, height, width)
    operation = list(magnitudes)
    depths = torch.randint(1, 4, (n,)).tolist()
    draws = []
    for step in range(3):
        chosen = torch.randint(len(operation), (n,)).tolist()
        levels, signs = torch.randint(_AUGMIX.severity, (n,)).tolist(), torch.rand(n).tolist()
        names = [operation[i] if step < depth else "Identity" for i, depth in zip(chosen, depths, strict=True)]
        drawn = [magnitudes[operation[i]][u <= 0.5][level] for i, level, u in zip(chosen, levels, signs, strict=True)]
        draws.append((names, drawn))
    return draws


@functools.cache
def _magnitudes(policy: type, height: int, width: int) -> dict[str, tuple[list[float], list[float]]]:
    """The magnitudes of each operation from least to greatest, as given and with the sign, if any, reversed."""
    table = {}
    for name, (levels, signed) in policy._AUGMENTATION_SPACE.items():  # type: ignore[attr-defined]
        drawn = levels(_LEVELS, height, width)
        values = [0.0] * _LEVELS if drawn is None else drawn.tolist()
        table[name] = (values, [-value for value in values] if signed else values)
    return table


def _dirichlet(n: int, parts: int) -> Tensor:
    """n draws of shares that sum to one, float32 [n, parts], on the CPU."""
    return torch.distributions.Dirichlet(torch.full((parts,), float(_AUGMIX.alpha))).sample((n,))


def processed(images: Tensor) -> Tensor:
    """Each image resized and back, with noise, and saved as JPEG, all at random: uint8 [n, channels, H, W].

    It is what people do so that a network does not learn how files were made.
    """
    size, noise, quality = (
        torch.empty(len(images)).uniform_(*ends).tolist() for ends in (RANDOM_SIZE, RANDOM_NOISE, RANDOM_QUALITY)
    )
    made = []
    for image, share, deviation, saved in zip(images.cpu(), size, noise, quality, strict=True):
        resized = torch.from_numpy(put("resized", share, image[None].numpy())).float()
        noisy = (resized + 255 * deviation * torch.randn(resized.shape)).round_().clamp_(0, 255)
        made.append(torch.from_numpy(put("jpeg", saved, noisy.to(torch.uint8).numpy())))
    return torch.cat(made).to(images.device)


OF_IMAGES = {"autoaugment": autoaugment, "augmix": augmix, "processed": processed}
NAMES = ("none", *OF_IMAGES, "sin", "swap")  # `training.train` applies the last two
