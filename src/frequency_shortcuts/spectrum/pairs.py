"""Frequencies in the centred layout, their conjugate pairs, and cells of neighbouring pairs.

The spectrum of a real image is symmetric under conjugation: the value at (u, v) fixes the one at
(-u mod H, -v mod W). The unit that is kept or removed is therefore the *pair* of the two, so that a
filtered image is real. Masks and maps are *centred*: frequency (0, 0) stands at [H // 2, W // 2],
rows are the vertical frequency u, columns the horizontal frequency v, both in cycles per image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .arrays import FloatArray, IntArray

if TYPE_CHECKING:
    from torch import Tensor


def frequencies(height: int, width: int) -> tuple[IntArray, IntArray]:
    """Vertical and horizontal frequency of every centred position, in cycles per image.

    Returns two integer arrays that broadcast to [height, width]: u as [height, 1], v as [1, width].
    """
    if height < 1 or width < 1:
        raise ValueError(f"image size {height} x {width}: both sides must be at least 1 pixel")
    u = np.arange(height) - height // 2
    v = np.arange(width) - width // 2
    return u[:, None], v[None, :]


def radius(height: int, width: int) -> FloatArray:
    """Radial frequency sqrt(u^2 + v^2) of every centred position, [height, width], in cycles per image."""
    return np.hypot(*frequencies(height, width))


def mirror(plane: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same centred plane(s) [..., H, W] read at (-u mod H, -v mod W)."""
    height, width = plane.shape[-2:]
    rows = _mirrored(height)
    columns = _mirrored(width)
    return plane[..., rows[:, None], columns]


def _mirrored(side: int) -> IntArray:
    """Where the negative of each frequency along a side stands in the centred layout, [side]."""
    zero = side // 2
    return (2 * zero - np.arange(side)) % side


def from_half_plane(half: npt.NDArray[Any], width: int) -> npt.NDArray[Any]:
    """A symmetric half plane, as a real FFT orders it, as the whole centred plane.

    half [..., H, W // 2 + 1], equal at conjugate frequencies (amplitudes, say) -> [..., H, W].
    """
    highest = width // 2
    centred = np.fft.fftshift(half, axes=-2)
    partners = centred.take(_mirrored(half.shape[-2]), axis=-2)
    negative = partners[..., highest:0:-1]
    positive = centred[..., : width - highest]
    return np.concatenate([negative, positive], axis=-1)


class ConjugatePairs:
    """All conjugate pairs of a height x width spectrum, in the order of their first centred position.

    positions : int64 [pairs, 2, 2], (row, column) in the centred plane of both members; a frequency that is its own
        partner (DC, Nyquist corners) is listed twice
    frequencies : int64 [pairs, 2], (u, v) of the first member, in cycles per image
    radius : float64 [pairs], sqrt(u^2 + v^2), in cycles per image; the same for both members
    size : int64 [pairs], how many positions the pair holds: 2, or 1 where it is its own partner
    half_row, half_column : int64 [pairs], where the pair stands in the half plane that a real FFT returns
    half_plane : int64 [H, W // 2 + 1], the pair at every position of that half plane
    """

    def __init__(self, height: int, width: int) -> None:
        u, v = frequencies(height, width)
        self.height = height
        self.width = width
        here = np.arange(height * width).reshape(height, width)
        there = mirror(here)
        is_first = here <= there
        first = here[is_first]
        second = there[is_first]
        self._first = first
        # The pair at each position of the centred plane, [H, W].
        self._number = np.empty_like(here)
        numbers = np.arange(len(first))
        self._number.flat[first] = numbers
        self._number.flat[second] = numbers
        members = np.stack([first, second], axis=1)
        rows, columns = np.divmod(members, width)
        self.positions: IntArray = np.stack([rows, columns], axis=-1)
        self.size: IntArray = np.where(first == second, 1, 2)
        lowest = u[0, 0], v[0, 0]
        self.frequencies: IntArray = self.positions[:, 0] + lowest
        self.radius: FloatArray = np.hypot(*self.frequencies.T)
        # Where each pair stands in the half plane that a real FFT returns: the member with v >= 0.
        half_rows = (rows - height // 2) % height
        half_columns = (columns - width // 2) % width
        is_in_half = half_columns[:, 0] <= width // 2
        self.half_row: IntArray = np.where(is_in_half, *half_rows.T)
        self.half_column: IntArray = np.where(is_in_half, *half_columns.T)
        shifted = np.fft.ifftshift(self._number)
        self.half_plane: IntArray = shifted[:, : width // 2 + 1]

    def __len__(self) -> int:
        return len(self.positions)

    def scatter(self, values: npt.ArrayLike) -> npt.NDArray[Any]:
        """Lay one value a pair out on the centred plane: [..., pairs] -> [..., H, W], same dtype."""
        values = np.asarray(values)
        if values.shape[-1:] != (len(self),):
            raise ValueError(
                f"values of shape {values.shape}: the last axis must hold the {len(self)} pairs of a "
                f"{self.height} x {self.width} spectrum"
            )
        return values.take(self._number, axis=-1)

    def gather(self, plane: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The inverse of `scatter` for symmetric planes: [..., H, W] -> [..., pairs]."""
        if plane.shape[-2:] != (self.height, self.width):
            raise ValueError(
                f"plane of shape {plane.shape}: expected [..., {self.height}, {self.width}]"
            )
        flat = plane.reshape(*plane.shape[:-2], -1)
        return flat[..., self._first]

    def coefficients(self, images: Tensor) -> Tensor:
        """DFT coefficients at the pairs, as numbers of a real dtype.

        images [n, channels, H, W] -> [2, n, channels, pairs]: real and imaginary part, at the member
        whose horizontal frequency is not negative.
        """
        import torch

        check_tensor(images, self.height, self.width)
        half = torch.fft.rfft2(images)
        rows = torch.as_tensor(self.half_row)
        columns = torch.as_tensor(self.half_column)
        chosen = half[..., rows, columns]
        return torch.stack([chosen.real, chosen.imag])


def check_tensor(images: Tensor, height: int, width: int) -> None:
    """Raises ValueError for what is no float32 or float64 tensor [..., height, width]."""
    import torch

    if not isinstance(images, torch.Tensor):
        raise ValueError(
            f"images are a {type(images).__name__}: expected a torch.Tensor (torch.from_numpy makes one)"
        )
    if images.dtype not in (torch.float32, torch.float64):
        raise ValueError(f"images of dtype {images.dtype}: expected float32 or float64")
    if images.shape[-2:] != (height, width):
        raise ValueError(
            f"images of shape {tuple(images.shape)}: expected [..., {height}, {width}]"
        )


def cells(pairs: ConjugatePairs, height: float, width: float, *, shift: float = 0) -> IntArray:
    """The cell of every pair, int64 [pairs]: numbers from 0 without gaps.

    A cell holds the pairs whose member with v >= 0 lies in one rectangle of `height` x `width` positions. The
    rectangles tile the half plane from its corner; where a cell is wider than one position, the Nyquist column joins
    its neighbours. Every cell is symmetric by construction.

    height, width : of a cell, in cycles per image, at least 1
    shift : by which part of a cell the tiling is moved, from 0 to below 1

    >>> len(np.unique(cells(ConjugatePairs(32, 32), 8, 8)))
    8

    Raises ValueError for a cell below one position, and for a shift out of range.
    """
    if height < 1 or width < 1 or not 0 <= shift < 1:
        raise ValueError(
            f"cells of {height} x {width}, shift {shift}: expected at least 1 x 1, and 0 to below 1"
        )
    row = (pairs.half_row + pairs.height // 2) % pairs.height
    column = pairs.half_column
    if width > 1:
        last = (pairs.width - 1) // 2
        column = np.minimum(column, last)
    corners = np.floor(
        [
            row / height + shift,
            column / width + shift,
        ]
    )
    _, number = np.unique(corners, axis=1, return_inverse=True)
    return number.reshape(-1)
