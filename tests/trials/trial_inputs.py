"""Images, networks and files for the trials: good ones, and the ways to break them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from PIL import Image
from torch import nn

import frequency_shortcuts as fs

SIZE, CLASSES = 16, ("cat", "dog")


class Network(nn.Module):
    """Two classes from the mean of the pixels and a weight."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(1, 2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(images.mean((1, 2, 3))[:, None])


def network() -> Network:
    """For the command line: trial_inputs:network."""
    torch.manual_seed(0)
    return Network()


class OfBatch(Network):
    """Subtracts the mean of the batch."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(images - images.mean(0) / 2)


class Words(Network):
    """Says for each class whether the image is of it."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(images) > 0


X, Y = np.random.default_rng(0).integers(0, 256, (80, 3, SIZE, SIZE), np.uint8), np.arange(80) % 2


def analyse(images: Any = X, labels: Any = Y, network: Any = Network, **options: Any) -> Any:
    """For calls: a quick analysis of 80 images, unless something else is said."""
    options = {"mean": [0.5] * 3, "std": [0.25] * 3} | options
    return fs.analyse(network() if network is Network else network, images, labels, **options)


def good(folder: Path) -> None:
    """What every trial finds in its folder: photographs, store.h5, maps.h5, weights.pt."""
    generator = np.random.default_rng(0)
    for name in CLASSES:
        (folder / "photographs" / name).mkdir(parents=True)
        for i in range(20):
            pixels = generator.integers(0, 256, (SIZE, SIZE, 3), np.uint8)
            Image.fromarray(pixels).save(folder / "photographs" / name / f"{i}.png")
    with h5py.File(folder / "store.h5", "w") as file:
        file.attrs["classes"] = CLASSES
        for split in ("train", "validation", "test"):
            file[f"{split}/images"] = generator.integers(0, 256, (8, 3, SIZE, SIZE), np.uint8)
            file[f"{split}/labels"] = np.arange(8) % 2
    with h5py.File(folder / "maps.h5", "w") as file:
        file.attrs["classes"] = CLASSES
        file["mask/top_5"] = np.ones((2, SIZE, SIZE), bool)
    torch.save(network().state_dict(), folder / "weights.pt")


def prepare(folder: Path, given: dict[str, Any]) -> None:
    """Change the good inputs as a trial says.

    Its keys: `write` (file: text), `torch` (file: tensors by name), `picture` (file: [height, width]), `latin` (folders
    and files whose names are not UTF-8), `link` (file: target), `cut` (file: bytes that are left), and `hdf5` (file:
    what changes). In an HDF5 file, an object or attribute (`@name`) is removed by null, and set by a value or array.
    {shape, dtype, value} is a data set of one value, {link: file} an external link.
    """
    for name, text in given.get("write", {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for name in given.get("latin", ()):
        path = Path(
            os.fsdecode(os.fsencode(folder / name).replace(name.encode(), name.encode("latin-1")))
        )
        path.touch() if path.suffix else path.mkdir()
    for name, target in given.get("link", {}).items():
        (folder / name).symlink_to(target)
    for name, (height, width) in given.get("picture", {}).items():
        Image.new("RGB", (width, height)).save(folder / name)
    for name, changes in given.get("hdf5", {}).items():
        with h5py.File(folder / name, "a") as file:
            for key, value in changes.items():
                _change(file, key, value)
    for name, tensors in given.get("torch", {}).items():
        torch.save({key: torch.tensor(value) for key, value in tensors.items()}, folder / name)
    for name, left in given.get("cut", {}).items():
        os.truncate(folder / name, left)


def _change(file: h5py.File, key: str, value: Any) -> None:
    owner, at, attribute = key.partition("@")
    if at:
        attributes = file[owner or "/"].attrs
        attributes.pop(attribute, None)
        if value is not None:
            attributes[attribute] = value
        return
    if key in file:
        del file[key]
    if not isinstance(value, dict):
        if value is not None:
            file[key] = value
    elif "link" in value:
        file[key] = h5py.ExternalLink(value["link"], key)
    else:  # full of one number
        file.create_dataset(
            key, value["shape"], value["dtype"], fillvalue=value.get("value", 0), chunks=True
        )
