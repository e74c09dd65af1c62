"""torchvision's AutoAugment, with its policies for ImageNet (Cubuk et al., arXiv 1805.09501), on batches."""

import torch
from torch import Tensor
from torchvision.transforms import v2

from .operations import Draw, apply, magnitudes

_POLICY = v2.AutoAugment()


def augment(images: Tensor) -> Tensor:
    """Two operations for each image: uint8 [n, channels, H, W] -> the same."""
    for names, strengths in draw(len(images), *images.shape[-2:]):
        images = apply(images, names, strengths)
    return images


def draw(n: int, height: int, width: int) -> list[Draw]:
    """The two steps of a policy for each of n images, drawn on the CPU: reading draws from a GPU would stall it."""
    table = magnitudes(_POLICY, height, width)
    policies = [_POLICY._policies[i] for i in torch.randint(len(_POLICY._policies), (n,)).tolist()]
    draws = []
    for step in zip(*policies, strict=True):
        names, drawn = [], []
        for (name, probability, level), chance, sign in zip(
            step, *torch.rand(2, n).tolist(), strict=True
        ):
            names.append(name if chance <= probability else "Identity")
            drawn.append(table[name][sign <= 0.5][level or 0])
        draws.append((names, drawn))
    return draws
