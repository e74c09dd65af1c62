"""torchvision's AutoAugment, with its policies for ImageNet (Cubuk et al., arXiv 1805.09501), on batches."""

import torch
from torch import Tensor
from torchvision.transforms import v2

from .operations import NOTHING, Operation, apply, magnitudes

_POLICY = v2.AutoAugment()


def augment(images: Tensor) -> Tensor:
    """Two operations for each image: uint8 [n, channels, H, W] -> the same."""
    for operations in draw(len(images), *images.shape[-2:]):
        images = apply(_POLICY, images, operations)
    return images


def draw(n: int, height: int, width: int) -> list[list[Operation]]:
    """The two steps of a policy for each of n images, drawn on the CPU: reading draws from a GPU would stall it."""
    table = magnitudes(_POLICY, height, width)
    policies = [_POLICY._policies[i] for i in torch.randint(len(_POLICY._policies), (n,)).tolist()]
    steps = []
    for step in zip(*policies, strict=True):
        chances, signs = torch.rand(2, n).tolist()
        operations = []
        for (name, probability, level), chance, sign in zip(step, chances, signs, strict=True):
            drawn = (name, table[name][sign <= 0.5][level or 0])
            operations.append(drawn if chance <= probability else NOTHING)
        steps.append(operations)
    return steps
