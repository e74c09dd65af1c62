"""Image stores in HDF5, folders of images, and normalisation.

A store holds the groups `train`, `validation` and `test` (or some of them), each with `images` uint8
[n, channels, H, W] and `labels` int64 [n]; its attributes are `classes`, `mean`, `std` (per channel,
of the training images, in units of [0, 1]), `source` and `checksum`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import h5py
import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageOps
from torch import Tensor

from .storage import replacing_hdf5

SUFFIXES = (".jpg", ".jpeg", ".png")
RUN = 64  # images to read at once: HDF5 is slower at thousands in one call, and far slower at lists of indices
Labelled = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]


@dataclass(frozen=True)
class Split:
    """Labelled images of one split, with what is needed to show them to a network.

    images: uint8 [n, channels, H, W]; labels: int64 [n]; mean, std: float64 [channels].
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    mean: npt.NDArray[np.float64]
    std: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.labels)

    def tensors(self, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
        """Normalised images [n, channels, H, W] and labels [n] on a device: what a network sees."""
        images = torch.from_numpy(self.images).to(device)
        return normalise(images, self.mean, self.std, dtype), torch.from_numpy(self.labels).to(device)


def normalise(images: Tensor, mean: npt.ArrayLike, std: npt.ArrayLike, dtype: torch.dtype = torch.float32) -> Tensor:
    """uint8 [n, channels, H, W] -> (images / 255 - mean) / std, of a floating dtype, on the images' device."""
    shift = torch.as_tensor(np.asarray(mean), dtype=dtype, device=images.device)[:, None, None]
    scale = torch.as_tensor(np.asarray(std), dtype=dtype, device=images.device)[:, None, None]
    return images.to(dtype).div_(255).sub_(shift).div_(scale)


def pixel_statistics(images: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean and standard deviation per channel of uint8 [n, channels, H, W], in units of [0, 1]."""
    # A histogram is exact; it is filled in blocks, since bincount makes a wide copy of what it counts.
    histogram = np.zeros((images.shape[1], 256))
    for start in range(0, len(images), 1024):
        for c, channel in enumerate(images[start : start + 1024].swapaxes(0, 1)):
            histogram[c] += np.bincount(channel.ravel(), minlength=256)
    levels = np.arange(256) / 255
    weight = histogram / histogram.sum(axis=1, keepdims=True)
    mean = weight @ levels
    return mean, np.sqrt(np.maximum(weight @ levels**2 - mean**2, 0))


def write(
    path: str | os.PathLike[str],
    splits: Mapping[str, Labelled],
    *,
    classes: Sequence[str],
    source: str,
    created_by: str,
    statistics: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    planted: Mapping[str, npt.NDArray[np.bool_]] | None = None,
) -> None:
    """Write a store, whole or not at all.

    `statistics` are the mean and std to normalise with; by default those of the `train` split.
    `planted` (synthetic sets) goes to the group of that name. Raises ValueError, naming split and
    class, where a class has no image or an image holds no contrast at all to normalise with.
    """
    digest = hashlib.sha256()
    for split, (images, labels) in splits.items():
        check_classes(labels, classes, f"{source}, split {split}", len(images))
        digest.update(np.ascontiguousarray(images).data)
        digest.update(np.ascontiguousarray(labels).data)
    if statistics is None and "train" not in splits:
        raise ValueError(f"{source}: without a train split, the mean and std to normalise with must be given")
    mean, std = statistics or pixel_statistics(splits["train"][0])
    if np.any(np.asarray(std) <= 0):
        raise ValueError(f"{source}: all training images are of one tone, there is nothing to learn from")
    with replacing_hdf5(path) as file:
        for split, (images, labels) in splits.items():
            group = file.create_group(split)
            group.create_dataset(
                "images", data=images, chunks=(1, *images.shape[1:]), compression="gzip", compression_opts=1
            )
            group.create_dataset("labels", data=labels)
        for name, mask in (planted or {}).items():
            file.create_dataset(f"planted/{name}", data=mask)
        if planted:
            file.attrs["layout"] = "centred"
        file.attrs["classes"] = list(classes)
        file.attrs["mean"], file.attrs["std"] = mean, std
        file.attrs["source"], file.attrs["checksum"] = source, digest.hexdigest()
        file.attrs["created_by"] = created_by


def read(path: str | os.PathLike[str], split: str, per_class: int | None = None) -> Split:
    """Read one split of a store, or the first `per_class` images of each class in it.

    Raises ValueError where the store has no such split or no image of a class.
    """
    with h5py.File(path, "r") as file:
        if split not in file:
            there = sorted(set(file) - {"planted"})
            raise ValueError(f"{path} has no split {split!r}: it holds {', '.join(there)}")
        classes = tuple(str(name) for name in file.attrs["classes"])
        labels = file[split]["labels"][:]
        check_classes(labels, classes, f"{path}, split {split}")
        chosen = first_of_each_class(labels, per_class)
        stored = file[split]["images"]
        images = np.empty((len(chosen), *stored.shape[1:]), np.uint8)
        for start in range(0, chosen[-1] + 1, RUN):
            first, last = np.searchsorted(chosen, (start, start + RUN))
            if first < last:
                part = chosen[first:last]
                images[first:last] = stored[part[0] : part[-1] + 1][part - part[0]]
        return Split(images, labels[chosen], classes, file.attrs["mean"][:], file.attrs["std"][:])


def first_of_each_class(labels: npt.NDArray[np.int64], per_class: int | None) -> npt.NDArray[np.int64]:
    """Positions, in order, of the first `per_class` images of each class; of all images for None."""
    if per_class is None:
        return np.arange(len(labels))
    chosen = [np.flatnonzero(labels == c)[:per_class] for c in np.unique(labels)]
    return np.sort(np.concatenate(chosen))


def check_classes(
    labels: npt.NDArray[np.int64], classes: Sequence[object], where: str = "labels", n_images: int | None = None
) -> None:
    """Raise ValueError, naming them, where classes have no image, labels no class, or images no label."""
    if n_images is not None and len(labels) != n_images:
        raise ValueError(f"{where}: {len(labels)} labels for {n_images} images")
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(classes):
        raise ValueError(
            f"{where}: labels {labels.min()} to {labels.max()}, but the classes are 0 to {len(classes) - 1}"
        )
    count = np.bincount(np.asarray(labels, np.int64), minlength=len(classes))
    missing = [str(name) for name, images in zip(classes, count, strict=True) if not images]
    if missing:
        raise ValueError(f"{where}: no image of class {', '.join(missing)}; every class needs at least one")


def stratified(
    labels: npt.NDArray[np.int64], shares: Mapping[str, float], seed: int
) -> dict[str, npt.NDArray[np.int64]]:
    """Split the positions 0..n-1 class by class, at random but seeded: name -> sorted positions.

    `shares` sum to 1; the last split takes what rounding leaves. Raises ValueError where a class has
    too few images for every split to get one.
    """
    if abs(sum(shares.values()) - 1) > 1e-6 or min(shares.values()) <= 0:
        raise ValueError(f"shares {dict(shares)}: expected positive numbers that sum to 1")
    generator = np.random.default_rng(seed)
    parts: dict[str, list[npt.NDArray[np.int64]]] = {name: [] for name in shares}
    bounds = np.cumsum(list(shares.values()))[:-1]
    for c in np.unique(labels):
        mine = generator.permutation(np.flatnonzero(labels == c))
        pieces = np.split(mine, np.rint(bounds * len(mine)).astype(int))
        if not all(len(piece) for piece in pieces):
            raise ValueError(f"class {c} has {len(mine)} images, too few for the splits {dict(shares)}")
        for name, piece in zip(parts, pieces, strict=True):
            parts[name].append(piece)
    return {name: np.sort(np.concatenate(pieces)) for name, pieces in parts.items()}


def read_folder(
    root: str | os.PathLike[str],
    size: int,
    *,
    channels: Literal[1, 3] = 3,
    on_error: Literal["stop", "skip"] = "stop",
    progress: bool = False,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], tuple[str, ...], list[str]]:
    """Read root/class/*.jpg|png: resize the short side to `size`, crop the centre.

    Returns images uint8 [n, channels, size, size], labels int64 [n], the class names (sorted) and
    the files that were skipped because they do not decode (always empty with on_error="stop").
    Raises FileNotFoundError for a missing folder and ValueError for a folder or class without
    images, or an image that does not decode, naming it.
    """
    from tqdm import tqdm

    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(f"no folder {root}: expected class folders with {', '.join(SUFFIXES)} files in it")
    classes = tuple(sorted(entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith(".")))
    files = [(path, c) for c, name in enumerate(classes) for path in _pictures(root / name)]
    if not files:
        raise ValueError(f"folder {root} holds no images: expected {root}/<class>/*.jpg or *.png")
    images, labels, skipped = [], [], []
    for path, c in tqdm(files, desc=f"reading {root.name}", unit="image", disable=None if progress else True):
        try:
            images.append(_decode(path, size, channels))
            labels.append(c)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            if on_error == "stop":
                raise ValueError(
                    f"{path} does not decode as an image ({error}): mend or delete it, or set on_error to skip"
                ) from error
            skipped.append(str(path))
    labelled = np.array(labels, np.int64)
    check_classes(labelled, classes, f"folder {root}")
    return np.stack(images), labelled, classes, skipped


def _pictures(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def _decode(path: Path, size: int, channels: int) -> npt.NDArray[np.uint8]:
    with Image.open(path) as picture:
        upright = ImageOps.exif_transpose(picture)
        if upright.mode.startswith("I"):  # 16 bit, which Pillow would clip at 255
            upright = Image.fromarray((np.asarray(upright) // 257).astype(np.uint8))
        upright = upright.convert("L" if channels == 1 else "RGB")
    fitted = ImageOps.fit(upright, (size, size), Image.Resampling.BILINEAR)
    pixels = np.asarray(fitted, np.uint8)
    return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))
