"""Batches of images that lack or exchange one plane wave each, written into one buffer.

A conjugate pair's part of an image is a plane wave, the sum of two products of a function of the row and one of
the column: with F the coefficient at (u, v), Re(F e^(2 pi i u y / H) e^(2 pi i v x / W)). Two fused
multiply-adds of short tables an image therefore add or remove it, instead of a Fourier transform there and back.
"""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor

from .pairs import ConjugatePairs


class PairRemover:
    """Images [m, channels, H, W], float32 or float64, and room for `capacity` copies of them, on their device.

    The buffer is in channels-last order, as convolutions like it, and is used again by every call.

    donors : like the images, one for each; then an image also gains its donor's part at the pair
    """

    def __init__(self, pairs: ConjugatePairs, images: Tensor, capacity: int, donors: Tensor | None = None) -> None:
        self.pairs, self.capacity = pairs, capacity
        m, channels, height, width = images.shape
        self.channels = channels
        self._rows = _waves(height, height, images.dtype, images.device) * images.new_tensor([1, -1])[:, None, None]
        self._columns = _waves(width // 2 + 1, width, images.dtype, images.device)
        self._row_of = torch.as_tensor(pairs.half_row, device=images.device)
        self._column_of = torch.as_tensor(pairs.half_column, device=images.device)
        self._images = images.permute(0, 2, 3, 1).reshape(m, height, width * channels)
        self._buffer = images.new_empty(capacity, m, height, width * channels)
        share = torch.as_tensor(pairs.size / (pairs.height * pairs.width)).to(images)
        lost = pairs.coefficients(images)
        if donors is not None:
            lost -= pairs.coefficients(donors)
        # [2, pairs, m, 1, channels], real and imaginary part: what a call selects lies together.
        self._change = (lost * -share).permute(0, 3, 1, 2).contiguous()[:, :, :, None]

    def remove(self, index: Tensor) -> Tensor:
        """The images without their own part at the pairs index [k], one after the other: [k * m, channels, H, W].

        It is the buffer, on the images' device: the next call overwrites it, and the caller may, too.
        """
        m = len(self._images)
        real, imaginary = self._change.index_select(1, index)
        cosine, sine = self._columns.index_select(1, self._column_of[index])[:, :, None, :, None]
        first = (real * cosine).sub_(imaginary * sine).view(len(index), m, 1, -1)
        second = (real * sine).add_(imaginary * cosine).view(len(index), m, 1, -1)
        left = self._rows.index_select(1, self._row_of[index])[:, :, None, :, None]
        filled = self._buffer[: len(index)]
        torch.addcmul(self._images, left[0], first, out=filled).addcmul_(left[1], second)
        return self.buffer[: len(index) * m]

    @property
    def buffer(self) -> Tensor:
        """All of it, [capacity * m, channels, H, W]; what lies behind the last call's images is older."""
        return self._buffer.view(-1, self.pairs.height, self.pairs.width, self.channels).permute(0, 3, 1, 2)


@functools.lru_cache(maxsize=8)
def _waves(count: int, side: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Cosine and sine of the frequencies 0 .. count - 1 at every pixel of a side, [2, count, side]."""
    # The phase is reduced in integers, so that it is exact at every frequency and size.
    phase = 2 * np.pi * (np.outer(np.arange(count), np.arange(side)) % side / side)
    return torch.as_tensor(np.stack([np.cos(phase), np.sin(phase)])).to(device, dtype)
