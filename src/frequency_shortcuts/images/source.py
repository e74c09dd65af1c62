"""Images that are read batch by batch: as a network sees them, or in units in which pixels span 0 to 1."""

import math
from collections.abc import Iterator, Sequence

import h5py
import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray

from .normalisation import normalise
from .pictures import prefetched
from .splits import Split, is_raw
from .stored_images import take_rows

BATCH = 64  # images whose pixels are read at a time, at most


class Source:
    """The images of a split, read batch by batch, normalised, and moved to a device.

    dtype : of the result; by default their own, float32 for uint8
    """

    def __init__(
        self, split: Split, *, device: torch.device | str = "cpu", dtype: torch.dtype | None = None
    ) -> None:
        self.split, self.shape, self.device = split, tuple(split.images.shape), torch.device(device)
        kind = "float32" if is_raw(split.images) else str(split.images.dtype)
        self.dtype: torch.dtype = dtype or getattr(torch, kind.removeprefix("torch."))

    def __len__(self) -> int:
        return self.shape[0]

    def take(self, chosen: IntArray) -> Tensor:
        """The chosen images [k], in that order, on the device: [k, channels, H, W]."""
        images = self.split.images
        stored = isinstance(images, h5py.Dataset)
        rows = take_rows(images, chosen) if stored else images[chosen]
        taken = torch.as_tensor(rows).to(self.device)
        if taken.dtype == torch.uint8:
            return normalise(taken, self.split.mean, self.split.std, self.dtype)
        return taken.to(self.dtype)

    def batch_size(self) -> int:
        """Images in one forward pass; see `fitting_batch`."""
        return fitting_batch(self.shape[1:], self.device)


def fitting_batch(shape: Sequence[int], device: torch.device | str = "cpu", most: int = 512) -> int:
    """The number of images [channels, H, W] of this shape in one forward pass.

    A batch holds as many numbers as 512 images of 3 x 64 x 64 on a CPU, or of 3 x 128 x 128 on a GPU, rounded up to a
    power of two: 55 images of 3 x 224 x 224 on a CPU. It has at least one image, and at most `most`.
    """
    room = 2**23 if str(device).startswith("cpu") else 2**25
    return max(1, min(most, room // math.prod(shape)))


def index_batches(chosen: IntArray, size: int) -> Iterator[IntArray]:
    """The positions `chosen` [k] in batches of `size`, in order."""
    return (chosen[start : start + size] for start in range(0, len(chosen), size))


def tiling(n_images: int, batch: int) -> tuple[int, int]:
    """Images and pairs of one forward pass over `n_images`, so that all passes are as equal as possible."""
    at_once = math.ceil(n_images / math.ceil(n_images / batch))
    return at_once, max(1, batch // at_once)


class Pixels(Source):
    """Images of a `Split` in pixel units, and back to what a network sees.

    shift, scale : [channels], what a network sees is pixels * scale + shift
    """

    def __init__(
        self, split: Split, shift: FloatArray, scale: FloatArray, device: torch.device
    ) -> None:
        super().__init__(split, device=device, dtype=torch.float32)
        self.labels = split.labels
        self._shift = torch.as_tensor(shift, dtype=torch.float32, device=device)[:, None, None]
        self._scale = torch.as_tensor(scale, dtype=torch.float32, device=device)[:, None, None]

    def take(self, chosen: IntArray) -> Tensor:
        """The chosen images [k], float32 [k, channels, H, W] from 0 to 1, on the device."""
        return super().take(chosen).sub_(self._shift).div_(self._scale)

    def batches(self, words: str = "", progress: bool = False) -> Iterator[tuple[IntArray, Tensor]]:
        """All images in batches, read ahead: their positions, and `take` of them.

        words : beside the bar that progress shows
        """
        size = fitting_batch(self.shape[1:], most=BATCH)
        batches = list(index_batches(np.arange(len(self)), size))
        taken = prefetched(self.take, batches)
        disable = None if progress else True
        bar = tqdm(taken, words, len(batches), unit="batch", disable=disable)
        yield from zip(batches, bar, strict=True)

    def seen(self, pixels: Tensor) -> Tensor:
        """What the network sees of pixels [k, channels, H, W], which are overwritten: clipped to 0 to 1, normalised."""
        return pixels.clamp_(0, 1).mul_(self._scale).add_(self._shift)


def in_pixels(ranking: Split, test: Split, device: torch.device) -> tuple[Pixels, Pixels]:
    """Two parts of the same images in pixel units, those of the ranking images."""
    return Pixels(ranking, *ranking.pixel_units, device), Pixels(test, *ranking.pixel_units, device)
