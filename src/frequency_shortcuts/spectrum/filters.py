"""Keep or remove frequencies of images, and put those of a fill in their place; opponent colours.

`hide` is the only place that does so for any mask: filters, tests, mixtures and trainings call it.
`PairRemover` does it for single pairs, and many of them.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from .masks import check_mask
from .pairs import ConjugatePairs, check_tensor

_OPPONENT = torch.tensor(
    [
        [1, 1, 1],
        [1, -1, 0],
        [1, 1, -2],
    ],
    dtype=torch.double,
)
# Rows of length 1: its inverse is its mirror.
_OPPONENT /= torch.tensor([[3], [2], [6]]).double() ** 0.5


def keep(images: Tensor, mask: npt.ArrayLike | Tensor) -> Tensor:
    """Keep only the frequencies where the mask is true.

    images : float32 or float64 tensor [..., H, W], on any device
    mask : bool [H, W], centred, symmetric under conjugation

    Returns a tensor of the same shape, dtype and device. Raises ValueError for a mask of another size or one that would
    leave a complex image.
    """
    height, width = images.shape[-2:]
    check_tensor(images, height, width)
    half = half_plane(mask, height, width).to(images.device)
    return hide(torch.fft.rfft2(images), half, size=(height, width))


def remove(images: Tensor, mask: npt.ArrayLike | Tensor) -> Tensor:
    """Remove the frequencies where the mask is true; see `keep`."""
    return keep(images, ~check_mask(mask))


def hide(own: Tensor, kept: Tensor, fill: Tensor | None = None, *, size: Sequence[int]) -> Tensor:
    """Images with their own frequencies where `kept` is 1, and those of the fill where it is 0.

    own : complex [..., H, W // 2 + 1], the coefficients of a real FFT
    kept : bool, or real numbers from 0 to 1 that mix both; of a shape that broadcasts with `own`, see `half_plane`
    fill : complex, of a shape that broadcasts with `own`; None for zeros (see `fills`)
    size : (H, W)

    Returns real [..., H, W].

    >>> hide(torch.fft.rfft2(images), half_plane(mask, 32, 32), torch.fft.rfft2(donors), size=(32, 32))
    """
    if kept.dtype == torch.bool:
        elsewhere = 0 if fill is None else fill
        mixed = torch.where(kept, own, elsewhere)
    elif fill is None:
        mixed = kept * own
    else:
        mixed = kept * (own - fill) + fill
    return torch.fft.irfft2(mixed, s=tuple(size))


def half_plane(mask: npt.ArrayLike | Tensor, height: int, width: int) -> Tensor:
    """A centred mask [H, W] as the multiplier of a real FFT, bool [H, W // 2 + 1].

    Raises ValueError for a mask of another size or one that would leave a complex image.
    """
    array = check_mask(mask)
    if array.shape != (height, width):
        raise ValueError(f"mask of shape {array.shape}: the images need [{height}, {width}]")
    shifted = np.fft.ifftshift(array)
    half = shifted[:, : width // 2 + 1]
    return torch.from_numpy(half.copy())


def opponent(values: Tensor) -> Tensor:
    """Real or complex values [..., 3, H, W] of red, green and blue in opponent colours; of other channels as they are.

    These are lightness, red against green, and yellow against blue. JPEG saves on colour, and the noise of a sensor is
    independent in red, green and blue, while photographs hardly differ between them: in opponent colours such traces
    stand out. The transform keeps lengths. `rgb` is its inverse.
    """
    return _mixed(values, _OPPONENT)


def rgb(values: Tensor) -> Tensor:
    """The inverse of `opponent`."""
    return _mixed(values, _OPPONENT.T)


def _mixed(values: Tensor, weights: Tensor) -> Tensor:
    if values.shape[-3] != 3:
        return values
    return torch.einsum("dc,...chw->...dhw", weights.to(values), values)


class PairRemover:
    """Images [m, channels, H, W], float32 or float64, and room for `capacity` copies of them, on their device.

    A conjugate pair's part of an image is a plane wave, the sum of two products of a function of the row and one of the
    column: with F the coefficient at (u, v), Re(F e^(2 pi i u y / H) e^(2 pi i v x / W)). Two fused multiply-adds of
    short tables an image therefore add or remove it, instead of a Fourier transform there and back.

    The buffer is in channels-last order, as convolutions like it, and is used again by every call.

    donors : like the images, one for each; then an image also gains its donor's part at the pair
    """

    def __init__(
        self, pairs: ConjugatePairs, images: Tensor, capacity: int, donors: Tensor | None = None
    ) -> None:
        self.pairs = pairs
        m, self.channels, height, width = images.shape
        device = images.device
        cosine, sine = _sines(height, height, images.dtype, device)
        self._rows = torch.stack([cosine, -sine])
        self._columns = _sines(width // 2 + 1, width, images.dtype, device)
        self._row_of = torch.as_tensor(pairs.half_row, device=device)
        self._column_of = torch.as_tensor(pairs.half_column, device=device)
        lines = width * self.channels
        channels_last = images.permute(0, 2, 3, 1)
        self._images = channels_last.reshape(m, height, lines)
        self._buffer = images.new_empty(capacity, m, height, lines)
        lost = pairs.coefficients(images)
        if donors is not None:
            lost -= pairs.coefficients(donors)
        share = pairs.size / (height * width)
        change = lost * -torch.as_tensor(share).to(images)
        by_pair = change.permute(0, 3, 1, 2).contiguous()
        # [2, pairs, m, 1, channels], real and imaginary part: what a call selects lies together.
        self._change = by_pair.unsqueeze(3)

    def remove(self, index: Tensor) -> Tensor:
        """The images without their own part at the pairs index [k], one after the other: [k * m, channels, H, W].

        It is the buffer, on the images' device: the next call overwrites it, and the caller may, too.
        """
        k = len(index)
        m = len(self._images)
        real, imaginary = self._change.index_select(1, index)
        columns = self._columns.index_select(1, self._column_of[index])
        cosine, sine = columns.view(2, k, 1, -1, 1)
        with_cosine = (real * cosine).sub_(imaginary * sine)
        with_sine = (real * sine).add_(imaginary * cosine)
        rows = self._rows.index_select(1, self._row_of[index])
        row_cosine, minus_row_sine = rows.view(2, k, 1, -1, 1)
        filled = self._buffer[:k]
        torch.addcmul(
            self._images,
            row_cosine,
            with_cosine.view(k, m, 1, -1),
            out=filled,
        )
        filled.addcmul_(minus_row_sine, with_sine.view(k, m, 1, -1))
        return self.buffer[: k * m]

    @property
    def buffer(self) -> Tensor:
        """All of it, [capacity * m, channels, H, W]; what lies behind the last call's images is older."""
        pixels = self._buffer.view(-1, self.pairs.height, self.pairs.width, self.channels)
        return pixels.permute(0, 3, 1, 2)


@functools.lru_cache(maxsize=8)
def _sines(count: int, side: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Cosine and sine of the frequencies 0 .. count - 1 at every pixel of a side, [2, count, side]."""
    frequency = np.arange(count)
    pixel = np.arange(side)
    # The phase is reduced in integers, so that it is exact at every frequency and size.
    steps = np.outer(frequency, pixel) % side
    phase = 2 * np.pi * (steps / side)
    both = np.stack([np.cos(phase), np.sin(phase)])
    return torch.as_tensor(both).to(device, dtype)
