"""Images in units in which pixels span 0 to 1, whatever normalisation a network needs."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray

from .source import Source, index_batches, prefetched
from .splits import Split


class Pixels:
    """Images of a `Split` in pixel units, and back to what a network sees.

    shift, scale : [channels], what a network sees is pixels * scale + shift
    """

    def __init__(self, split: Split, shift: FloatArray, scale: FloatArray, device: torch.device) -> None:
        self.shift, self.scale, self.labels = shift, scale, split.labels
        self._source = Source(split, device=device, dtype=torch.float32)
        self.shape = tuple(split.images.shape)
        self._shift, self._scale = (
            torch.as_tensor(value, dtype=torch.float32, device=device)[:, None, None] for value in (shift, scale)
        )

    def __len__(self) -> int:
        return len(self._source)

    def take(self, chosen: IntArray) -> Tensor:
        """The chosen images [k], float32 [k, channels, H, W] from 0 to 1, on the device."""
        return self._source.take(chosen).sub_(self._shift).div_(self._scale)

    def batches(self, most: int, words: str = "", progress: bool = False) -> Iterator[tuple[IntArray, Tensor]]:
        """All images in batches of at most `most`, read ahead: their positions, and `take` of them.

        words : beside the bar that progress shows
        """
        parts = list(index_batches(np.arange(len(self)), most))
        bar = tqdm(prefetched(self.take, parts), words, len(parts), unit="batch", disable=None if progress else True)
        yield from zip(parts, bar, strict=True)

    def seen(self, pixels: Tensor) -> Tensor:
        """What the network sees of pixels [k, channels, H, W], which are overwritten: clipped to 0 to 1, normalised."""
        return pixels.clamp_(0, 1).mul_(self._scale).add_(self._shift)


def in_pixels(ranking: Split, test: Split, device: torch.device) -> tuple[Pixels, Pixels]:
    """Two parts of the same images in pixel units.

    uint8 and float images with a mean and std span 0 to 1. Other float images have no known range: then it is that of
    the ranking images, for each channel.
    """
    mean, std = np.asarray(ranking.mean, float), np.asarray(ranking.std, float)
    shift, scale = -mean / std, 1 / std
    if "uint8" not in str(ranking.images.dtype):
        low, high = _range(ranking, len(mean))
        unknown = (mean == 0).all() and (std == 1).all()
        if unknown or (low < shift - 0.01 * scale).any() or (high > shift + 1.01 * scale).any():
            shift, scale = low, np.where(high > low, high - low, 1)
    return Pixels(ranking, shift, scale, device), Pixels(test, shift, scale, device)


def _range(split: Split, channels: int) -> tuple[FloatArray, FloatArray]:
    """The least and the greatest value of each channel, of float images."""
    source = Source(split)
    low, high = np.full(channels, np.inf), np.full(channels, -np.inf)
    for batch in index_batches(np.arange(len(source)), source.batch_size()):
        values = source.read(batch)
        low = np.minimum(low, values.amin(dim=(0, 2, 3)).cpu().numpy())
        high = np.maximum(high, values.amax(dim=(0, 2, 3)).cpu().numpy())
    return low, high
