"""torchvision's AugMix (Hendrycks et al., arXiv 1912.02781), on batches."""

import torch
from torch import Tensor
from torchvision.transforms import v2

from .operations import NOTHING, Operation, apply, magnitudes

_POLICY = v2.AugMix()


def augment(images: Tensor) -> Tensor:
    """Each image mixed with chains of operations on it: uint8 [n, channels, H, W] -> the same."""
    n, width = len(images), _POLICY.mixture_width
    chains = images.repeat(width, 1, 1, 1)
    for operations in draw(len(chains), *images.shape[-2:]):
        chains = apply(_POLICY, chains, operations)
    kept, shares = dirichlet(n, 2), dirichlet(n, width)
    weights = torch.cat([kept[:, :1], kept[:, 1:] * shares], dim=1).to(images.device)
    mixed = torch.zeros_like(images, dtype=torch.float32)
    for weight, part in zip(weights.T, (images, *chains.chunk(width)), strict=True):
        mixed += weight[:, None, None, None] * part
    return mixed.to(torch.uint8)


def draw(n: int, height: int, width: int) -> list[list[Operation]]:
    """A chain of one to three operations for each of n images, padded with identities, drawn on the CPU."""
    table = magnitudes(_POLICY, height, width)
    names = list(table)
    depths = torch.randint(1, 4, (n,)).tolist()
    steps = []
    for step in range(3):
        chosen = torch.randint(len(names), (n,)).tolist()
        levels, signs = torch.randint(_POLICY.severity, (n,)).tolist(), torch.rand(n).tolist()
        operations = []
        for i, level, sign, depth in zip(chosen, levels, signs, depths, strict=True):
            drawn = (names[i], table[names[i]][sign <= 0.5][level])
            operations.append(drawn if step < depth else NOTHING)
        steps.append(operations)
    return steps


def dirichlet(n: int, parts: int) -> Tensor:
    """n draws of shares that sum to one, float32 [n, parts], on the CPU."""
    return torch.distributions.Dirichlet(torch.full((parts,), float(_POLICY.alpha))).sample((n,))
