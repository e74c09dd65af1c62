"""Whether two networks are the same: by their parameters and buffers, and by their logits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor, nn


def weights_digest(weights: Mapping[str, Tensor]) -> str:
    """The identity of weights, SHA-256: of names, dtypes, shapes and values, in the order of the names.

    weights : the `state_dict` of a network. What is no tensor does not count.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(weights.items()):
        if isinstance(tensor, Tensor):
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().to_dense().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def state_digest(network: nn.Module) -> bytes:
    """SHA-256 of the parameters and of all buffers of a network, with their names, and of nothing else.

    Unlike `weights_digest` of its `state_dict`, it covers buffers that are not stored. Networks that differ only in an
    activation, an attribute or a hook have the same digest, but other logits.
    """
    return bytes.fromhex(weights_digest(dict((*network.named_parameters(), *network.named_buffers()))))


def same_logits(logits: Tensor, expected: Tensor, tolerance: float) -> bool:
    """Whether logits [n, classes] are as expected, up to `tolerance` times the greatest of these.

    Another GPU rounds differently; the difference of another network is larger.
    """
    if logits.shape != expected.shape:
        return False
    greatest = float(expected.abs().nan_to_num(0, 0).max())  # logits can be of any size
    return torch.allclose(logits, expected, rtol=tolerance, atol=tolerance * greatest, equal_nan=True)
