"""Images from memory or a file, read batch by batch, as a network sees them."""

from __future__ import annotations

import hashlib
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import h5py
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from frequency_shortcuts.spectrum.arrays import IntArray

from .normalisation import check_one_per_channel, normalise
from .splits import Images, StoredImages, check_images
from .stored_images import take_rows

T = TypeVar("T")


class Source:
    """Images [n, channels, H, W] that are read, normalised and moved to a device in batches.

    images : see `splits.Images`. float32 and float64 are used unchanged, uint8 is normalised with `mean` and `std`
        [channels], which it needs
    dtype : dtype of the result; by default their own, float32 for uint8

    Raises ValueError for images of another dtype or shape, and for uint8 ones without a mean and std of each channel.
    """

    def __init__(
        self,
        images: Images,
        mean: npt.ArrayLike | None = None,
        std: npt.ArrayLike | None = None,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype | None = None,
    ) -> None:
        self.images, self.mean, self.std = images, mean, std
        check_images(images)
        dtype_of_images = self.read(np.arange(1)).dtype
        if dtype_of_images == torch.uint8:
            if mean is None or std is None:
                raise ValueError("uint8 images need the mean and std to normalise them with")
            check_one_per_channel(mean, std, images.shape[1])
        self.device = torch.device(device)
        self.dtype = dtype or (torch.float32 if dtype_of_images == torch.uint8 else dtype_of_images)

    def __len__(self) -> int:
        return self.images.shape[0]

    def take(self, chosen: IntArray) -> Tensor:
        """The chosen images [k], in that order, on the device: [k, channels, H, W]."""
        images = self.read(chosen).to(self.device)
        if images.dtype == torch.uint8:
            assert self.mean is not None and self.std is not None  # the constructor checks this
            return normalise(images, self.mean, self.std, self.dtype)
        return images.to(self.dtype)

    def digest(self) -> bytes:
        """SHA-256 of all images, mean and std; for images in files, of their origin instead of their pixels."""
        digest = hashlib.sha256(repr(tuple(self.images.shape)).encode())
        for value in (self.mean, self.std):
            digest.update(b"" if value is None else np.asarray(value, np.float64).tobytes())
        if isinstance(self.images, StoredImages):  # reading all images would take minutes in every part of a culling
            digest.update(repr(self.images.origin()).encode())
            return digest.digest()
        step = max(1, 2**26 // max(1, self.read(np.arange(1)).nbytes))
        for start in range(0, len(self), step):
            piece = self.read(np.arange(start, min(start + step, len(self))))
            digest.update(piece.detach().cpu().contiguous().numpy().data)
        return digest.digest()

    def read(self, chosen: IntArray) -> Tensor:
        """The chosen images [k] as they are, neither normalised nor moved: [k, channels, H, W]."""
        if isinstance(self.images, Tensor):
            return self.images[torch.as_tensor(chosen, device=self.images.device)]
        if isinstance(self.images, h5py.Dataset):
            return torch.from_numpy(take_rows(self.images, chosen))
        return torch.from_numpy(np.asarray(self.images[chosen]))

    def batch_size(self) -> int:
        """Images in one forward pass; see `fitting_batch`."""
        return fitting_batch(self.images.shape[1:], self.device)


def fitting_batch(shape: Sequence[int], device: torch.device | str = "cpu", most: int = 512) -> int:
    """The number of images [channels, H, W] of this shape in one forward pass.

    A batch holds as many numbers as 512 images of 3 x 64 x 64 on a CPU, or of 3 x 128 x 128 on a GPU, rounded up to a
    power of two: 55 images of 3 x 224 x 224 on a CPU. It has at least one image, and at most `most`.
    """
    room = 2**23 if str(device).startswith("cpu") else 2**25
    return max(1, min(most, room // math.prod(shape)))


def prefetched(read: Callable[[Any], T], batches: Iterable[Any], ahead: int = 3) -> Iterator[T]:
    """read(batch) of every batch in order; a thread reads up to `ahead` batches in advance."""
    with ThreadPoolExecutor(1) as pool:
        waiting: deque[Any] = deque()
        try:
            for batch in batches:
                waiting.append(pool.submit(read, batch))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for result in waiting:
                result.cancel()


def index_batches(chosen: IntArray, size: int) -> Iterator[IntArray]:
    """The positions `chosen` [k] in batches of `size`, in order."""
    return (chosen[start : start + size] for start in range(0, len(chosen), size))


def tiling(n_images: int, batch: int) -> tuple[int, int]:
    """Images and pairs of one forward pass over `n_images`, so that all passes are as equal as possible."""
    at_once = math.ceil(n_images / math.ceil(n_images / batch))
    return at_once, max(1, batch // at_once)
