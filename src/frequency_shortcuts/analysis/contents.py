"""What a file holds, and what made it, in words."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from frequency_shortcuts.networks.weights import KEY, open_weights, stated
from frequency_shortcuts.storage.hdf5 import read_hdf5

LONG = 100  # letters of a value that are shown


def describe(path: str | os.PathLike[str]) -> str:
    """The data sets or tensors of an HDF5 or safetensors file, and everything it says of its origin.

    Raises ValueError for another file.

    >>> print(describe("maps.h5"))
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    if h5py.is_hdf5(path):
        lines = [*_of_hdf5(path)]
    elif path.suffix == ".safetensors":
        lines = [*_of_weights(path)]
    else:
        raise ValueError(f"{path} is neither HDF5 nor safetensors: expected a file of this study or command")
    return "\n".join([f"{path}, {path.stat().st_size:,} bytes", *lines])


def _of_hdf5(path: Path) -> Iterator[str]:
    with read_hdf5(path) as file:
        yield "holds"
        contents: list[tuple[str, str]] = []

        def visit(name: str, entry: Any) -> None:
            if isinstance(entry, h5py.Dataset):
                # The shape of a virtual data set may depend on other files.
                shape = "virtual" if entry.is_virtual else f"{entry.dtype} {list(entry.shape or ())}"
                contents.append((name, shape))

        file.visititems(visit)
        width = max((len(name) for name, _ in contents), default=0)
        yield from (f"  {name.ljust(width)}  {about}" for name, about in contents)
        yield from _facts({name: file.attrs[name] for name in sorted(file.attrs)})


def _of_weights(path: Path) -> Iterator[str]:
    with open_weights(path) as file:
        names = sorted(file.keys())
        shapes = {name: file.get_slice(name).get_shape() for name in names}
        written, others = stated(path, file), file.metadata() or {}
    numbers = sum(int(np.prod(shape)) for shape in shapes.values())
    yield (
        f"holds {len(names)} tensors with {numbers:,} numbers, from {names[0]} to {names[-1]}" if names else "is empty"
    )
    others.pop(KEY, None)
    yield from _facts({**others, **written})


def _facts(facts: Mapping[str, Any]) -> Iterator[str]:
    """One line for each fact that a file states of itself."""
    if not facts:
        yield "does not say what made it"
        return
    yield "says of itself"
    width = max(map(len, facts))
    for name, value in facts.items():
        text = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
        shown = text.decode() if isinstance(text, bytes) else str(text)
        yield f"  {name.ljust(width)}  {shown if len(shown) <= LONG else shown[: LONG - 1] + '…'}"
