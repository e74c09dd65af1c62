"""The metadata of a file of weights, read without building the network, and the identity of weights.

It imports PyTorch only for the latter.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

if TYPE_CHECKING:
    from torch import Tensor, nn

# Of the metadata of a file. A single key: safetensors writes several in any order, and equal networks must give equal
# files.
KEY = "frequency_shortcuts"


def read_metadata(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The metadata that `architectures.save` wrote with the weights. Raises ValueError if the file has none."""
    with open_weights(path) as file:
        metadata = file.metadata() or {}
    written: dict[str, Any] = json.loads(metadata.get(KEY, "{}"))
    if "architecture" not in written:
        raise ValueError(
            f"{path} does not say which network it belongs to: build that network and use load_weights"
        )
    return written


def normalisation(path: str | os.PathLike[str]) -> tuple[list[float], list[float]] | None:
    """Mean and std [channels] of the network of a file, for normalising its images; None if it has none of its own."""
    written = read_metadata(path)
    return (written["mean"], written["std"]) if written.get("mean") else None


def open_weights(path: str | os.PathLike[str], framework: str = "numpy") -> Any:
    """An open safetensors file, whose tensors are those of a framework. Raises ValueError for another file."""
    try:
        return safe_open(path, framework)
    except FileNotFoundError:
        raise FileNotFoundError(f"no weights at {path}") from None
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"{path} is not a safetensors file, or not a whole one ({error})"
        ) from error


def weights_digest(weights: Mapping[str, Tensor]) -> str:
    """The identity of weights, SHA-256: of names, dtypes, shapes and values, in the order of the names.

    weights : the `state_dict` of a network. What is no tensor does not count.
    """
    import torch

    digest = hashlib.sha256()
    for name, tensor in sorted(weights.items()):
        if isinstance(tensor, torch.Tensor):
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            values = tensor.detach().to_dense().cpu().contiguous()
            digest.update(values.view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def state_digest(network: nn.Module) -> bytes:
    """SHA-256 of the parameters and of all buffers of a network, with their names, and of nothing else.

    Unlike `weights_digest` of its `state_dict`, it covers buffers that are not stored. Networks that differ only in an
    activation, an attribute or a hook have the same digest, but other logits.
    """
    state = dict(network.named_parameters()) | dict(network.named_buffers())
    return bytes.fromhex(weights_digest(state))
