"""The metadata of a file of weights, read without building the network."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from safetensors import SafetensorError, safe_open

from frequency_shortcuts.storage.files import kind_of

KEY = "frequency_shortcuts"  # of the metadata of a file


def as_metadata(about: Mapping[str, Any]) -> dict[str, str]:
    """The metadata of a file that state these facts of its weights."""
    # A single key: safetensors writes several keys in any order, and equal networks must give equal files.
    return {KEY: json.dumps(about)}


def read_metadata(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The metadata that `architectures.save` wrote with the weights. Raises ValueError if the file has none."""
    with open_weights(path) as file:
        try:
            written: dict[str, Any] = json.loads((file.metadata() or {}).get(KEY, "{}"))
        except ValueError as error:
            raise ValueError(f"{path} is damaged, its metadata cannot be read") from error
    if "architecture" not in written:
        raise ValueError(f"{path} does not say which network it belongs to: build that network and use load_weights")
    return written


def normalisation(path: str | os.PathLike[str]) -> tuple[list[float], list[float]] | None:
    """Mean and std [channels] of the network of a file, for normalising its images; None if it has none of its own."""
    written = read_metadata(path)
    return (written["mean"], written["std"]) if written.get("mean") else None


def open_weights(path: str | os.PathLike[str], framework: str = "numpy") -> Any:
    """An open safetensors file, whose tensors are those of a framework. Raises ValueError for another file."""
    if kind := kind_of(path):
        raise ValueError(f"{path} is {kind}: expected a safetensors file")
    try:
        return safe_open(path, framework)
    except SafetensorError as error:
        raise ValueError(f"{path} is not a safetensors file, or not a whole one ({error})") from error
    except FileNotFoundError:
        raise FileNotFoundError(f"no weights at {path}") from None
