"""torchvision's AugMix (Hendrycks et al., arXiv 1912.02781), on batches."""

import torch
from torch import Tensor
from torchvision.transforms import v2

from .operations import Draw, apply, magnitudes

_POLICY = v2.AugMix()


def augment(images: Tensor) -> Tensor:
    """Each image mixed with chains of operations on it: uint8 [n, channels, H, W] -> the same."""
    n, width = len(images), _POLICY.mixture_width
    chains = images.repeat(width, 1, 1, 1)
    for names, strengths in draw(len(chains), *images.shape[-2:]):
        chains = apply(chains, names, strengths, "bilinear")
    kept, shares = dirichlet(n, 2), dirichlet(n, width)
    weights = torch.cat([kept[:, :1], kept[:, 1:] * shares], dim=1).to(
        images.device, non_blocking=True
    )
    mixed = torch.zeros_like(images, dtype=torch.float32)
    for weight, part in zip(weights.T, (images, *chains.chunk(width)), strict=True):
        mixed += weight[:, None, None, None] * part
    return mixed.to(torch.uint8)


def draw(n: int, height: int, width: int) -> list[Draw]:
    """A chain of one to three operations for each of n images, padded with identities, drawn on the CPU."""
    table = magnitudes(_POLICY, height, width)
    operations = list(table)
    depths = torch.randint(1, 4, (n,)).tolist()
    draws = []
    for step in range(3):
        chosen = torch.randint(len(operations), (n,)).tolist()
        levels, signs = torch.randint(_POLICY.severity, (n,)).tolist(), torch.rand(n).tolist()
        names = [
            operations[i] if step < depth else "Identity"
            for i, depth in zip(chosen, depths, strict=True)
        ]
        drawn = [
            table[operations[i]][u <= 0.5][level]
            for i, level, u in zip(chosen, levels, signs, strict=True)
        ]
        draws.append((names, drawn))
    return draws


def dirichlet(n: int, parts: int) -> Tensor:
    """n draws of shares that sum to one, float32 [n, parts], on the CPU."""
    return torch.distributions.Dirichlet(torch.full((parts,), float(_POLICY.alpha))).sample((n,))
