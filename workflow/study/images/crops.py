"""Crops of photographs in a folder: small images in colour, in which no crop of a test photograph is trained on."""

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from frequency_shortcuts.spectrum.arrays import IntArray

LEAST_DEVIATION = 12.0  # of the pixels of a crop, 0 to 255: less is background
TRIES = 50  # for a crop that is no background


def read_photographs(folder: str | os.PathLike[str]) -> tuple[npt.NDArray[np.uint8], IntArray, tuple[str, ...]]:
    """The photographs in the folders of a folder, all of one size: uint8 [n, 3, H, W], their groups [n], and the names.

    Raises ValueError for photographs of several sizes.
    """
    groups = sorted(path for path in Path(folder).iterdir() if path.is_dir())
    files = [(file, number) for number, group in enumerate(groups) for file in sorted(group.glob("*.png"))]
    pictures = [np.asarray(Image.open(file).convert("RGB")).transpose(2, 0, 1) for file, _ in files]
    if len({picture.shape for picture in pictures}) != 1:
        raise ValueError(f"{folder} holds photographs of several sizes: expected one")
    return np.stack(pictures), np.array([number for _, number in files]), tuple(group.name for group in groups)


def every_other(groups: IntArray, first: int) -> IntArray:
    """The positions of the photographs with even numbers in their group, for `first` 0, or odd ones, for 1."""
    return np.concatenate([np.flatnonzero(groups == group)[first::2] for group in np.unique(groups)])


def split_photographs(groups: IntArray, seed: int) -> dict[str, IntArray]:
    """The positions of photographs for training, ranking and test, drawn within each group: 50, 20 and 30 %."""
    generator = np.random.default_rng([seed, 48])
    parts: dict[str, list[IntArray]] = {"train": [], "ranking": [], "test": []}
    for group in np.unique(groups):
        members = generator.permutation(np.flatnonzero(groups == group))
        ends = np.rint(np.array([0.5, 0.7]) * len(members)).astype(int)
        for part, positions in zip(parts.values(), np.split(members, ends), strict=True):
            part.append(positions)
    return {name: np.concatenate(part) for name, part in parts.items()}


def crops(photographs: npt.NDArray[np.uint8], size: int, each: int, seed: int) -> npt.NDArray[np.uint8]:
    """Square crops at random places that are no plain background: uint8 [photographs * each, 3, size, size].

    The crops of a photograph lie together. Each photograph draws its own places, by the seed and its number.
    """
    height, width = photographs.shape[2:]
    made = np.empty((len(photographs) * each, 3, size, size), np.uint8)
    for number, photograph in enumerate(photographs):
        generator = np.random.default_rng([seed, number])
        for place in range(each):
            for _ in range(TRIES):
                top, left = generator.integers(height - size + 1), generator.integers(width - size + 1)
                crop = photograph[:, top : top + size, left : left + size]
                if crop.std(axis=(1, 2)).mean() >= LEAST_DEVIATION:
                    break
            made[number * each + place] = crop
    return made
