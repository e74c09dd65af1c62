"""The metadata of a file of weights, read without building the network.

They hold `weights_sha256`, the identity of the weights (`fingerprint.weights_digest`), and `checksum`, of the metadata.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from frequency_shortcuts.storage.checksums import DamagedFile
from frequency_shortcuts.storage.kinds import kind_of

KEY = "frequency_shortcuts"  # of the metadata of a file


def as_metadata(about: Mapping[str, Any]) -> dict[str, str]:
    """The metadata of a file that state these facts of its weights, with their checksum."""
    # A single key: safetensors writes several keys in any order, and equal networks must give equal files.
    return {KEY: json.dumps({**about, "checksum": _checksum(about)})}


def _checksum(about: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()


def verified_metadata(path: str | os.PathLike[str], file: Any) -> dict[str, Any]:
    """The facts that an open file of `architectures.save` states; none for another file.

    Raises DamagedFile if they do not match their checksum.
    """
    stored = file.metadata() or {}
    if KEY not in stored:
        return {}
    try:
        about: dict[str, Any] = json.loads(stored[KEY])
        expected = about.pop("checksum", None)
    except (ValueError, AttributeError) as error:
        raise DamagedFile(path, "its metadata cannot be read, the file is damaged") from error
    if expected is None:
        raise DamagedFile(path, "its weights have no checksum, since an earlier version wrote them")
    if expected != _checksum(about):
        raise DamagedFile(path, "its metadata do not match their checksum, the file is damaged")
    return about


def read_metadata(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The metadata that `architectures.save` wrote with the weights. Raises ValueError if the file has none."""
    with open_weights(path) as file:
        written = verified_metadata(path, file)
    if "architecture" not in written:
        raise ValueError(f"{path} does not say which network it belongs to: build that network and use load_weights")
    return written


def read_weights_digest(path: str | os.PathLike[str]) -> str:
    """The identity of the weights in a file: `weights_digest` of their network."""
    return str(read_metadata(path)["weights_sha256"])


def normalisation(path: str | os.PathLike[str]) -> tuple[list[float], list[float]] | None:
    """Mean and std [channels] of the network of a file, for normalising its images; None if it has none of its own."""
    written = read_metadata(path)
    return (written["mean"], written["std"]) if written.get("mean") else None


def open_weights(path: str | os.PathLike[str], framework: str = "numpy") -> Any:
    """An open safetensors file, whose tensors are those of a framework. Raises DamagedFile for another file."""
    if kind := kind_of(path):
        raise ValueError(f"{path} is {kind}: expected a safetensors file")
    try:
        return safe_open(path, framework)
    except SafetensorError as error:
        problem = f"it is not a safetensors file ({error})" if Path(path).stat().st_size else "it is empty"
        raise DamagedFile(path, problem) from error
    except FileNotFoundError:
        raise FileNotFoundError(f"no weights at {path}") from None
