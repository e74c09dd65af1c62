"""Images from memory or a file, read piece by piece, as a network sees them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from frequency_shortcuts.spectrum.arrays import IntArray

from .chunks import take_rows
from .stores import fitting_batch, normalise


class Source:
    """Images [n, channels, H, W] of which some at a time are read, normalised and put on a device.

    images : a tensor, an array, an open HDF5 dataset, or whatever has `shape` and `dtype` and gives an array
        for an array of integers in brackets. float32 and float64 are taken as they are, uint8 is normalised
        with `mean` and `std` [channels], which it needs
    dtype : what they are turned into; by default their own, float32 for uint8

    Raises ValueError for images of another dtype, and for uint8 ones without mean and std.
    """

    def __init__(
        self,
        images: Any,
        mean: npt.ArrayLike | None = None,
        std: npt.ArrayLike | None = None,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype | None = None,
    ) -> None:
        self.images, self.mean, self.std = images, mean, std
        found = self.read(np.arange(1)).dtype
        if found == torch.uint8 and (mean is None or std is None):
            raise ValueError("uint8 images need the mean and std to normalise them with")
        if found not in (torch.uint8, torch.float32, torch.float64):
            raise ValueError(f"images of dtype {found}: expected float32, float64 or uint8")
        self.device = torch.device(device)
        self.dtype = dtype or (torch.float32 if found == torch.uint8 else found)

    def __len__(self) -> int:
        return self.images.shape[0]

    def take(self, chosen: IntArray) -> Tensor:
        """The chosen images [k], in that order, on the device: [k, channels, H, W]."""
        images = self.read(chosen).to(self.device)
        if images.dtype == torch.uint8:
            assert self.mean is not None and self.std is not None  # the constructor saw to it
            return normalise(images, self.mean, self.std, self.dtype)
        return images.to(self.dtype)

    def digest(self) -> bytes:
        """SHA-256 of all images and of what they are normalised with."""
        found = hashlib.sha256(repr(tuple(self.images.shape)).encode())
        for value in (self.mean, self.std):
            found.update(b"" if value is None else np.asarray(value, np.float64).tobytes())
        step = max(1, 2**26 // max(1, self.read(np.arange(1)).nbytes))
        for start in range(0, len(self), step):
            piece = self.read(np.arange(start, min(start + step, len(self))))
            found.update(piece.detach().cpu().contiguous().numpy().data)
        return found.digest()

    def read(self, chosen: IntArray) -> Tensor:
        """The chosen images [k] as they are, neither normalised nor moved: [k, channels, H, W]."""
        if isinstance(self.images, Tensor):
            return self.images[torch.as_tensor(chosen, device=self.images.device)]
        if isinstance(self.images, h5py.Dataset):
            return torch.from_numpy(take_rows(self.images, chosen))
        return torch.from_numpy(np.asarray(self.images[chosen]))

    def batch_size(self) -> int:
        """Images in one forward pass; see `images.fitting_batch`."""
        return fitting_batch(self.images.shape[1:], self.device)


def index_batches(chosen: IntArray, size: int) -> Iterator[IntArray]:
    """What was chosen [k], `size` at a time, in order."""
    return (chosen[start : start + size] for start in range(0, len(chosen), size))
