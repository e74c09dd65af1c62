"""The ground floor: conjugate pairs, the centred layout, bands, keeping and removing frequencies.

The spectrum of a real image is symmetric under conjugation: the value at (u, v) fixes the one at
(-u mod H, -v mod W). The unit that is kept or removed is therefore the *pair* of the two, so that a
filtered image is real by construction. Masks and maps are *centred*: frequency (0, 0) stands at
[H // 2, W // 2], rows are the vertical frequency u, columns the horizontal frequency v, both in
cycles per image.

PyTorch is imported by those functions that take images: what only lays out, draws or scores maps need not wait for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def frequencies(height: int, width: int) -> tuple[IntArray, IntArray]:
    """Vertical and horizontal frequency of every centred position, in cycles per image.

    Returns two integer arrays that broadcast to [height, width]: u as [height, 1], v as [1, width].
    """
    if height < 1 or width < 1:
        raise ValueError(f"image size {height} x {width}: both sides must be at least 1 pixel")
    return np.arange(height)[:, None] - height // 2, np.arange(width)[None, :] - width // 2


def radius(height: int, width: int) -> FloatArray:
    """Radial frequency sqrt(u^2 + v^2) of every centred position, [height, width], in cycles per image."""
    u, v = frequencies(height, width)
    return np.hypot(u, v)


def mirror(plane: npt.NDArray) -> npt.NDArray:
    """The same centred plane(s) [..., H, W] read at (-u mod H, -v mod W)."""
    height, width = plane.shape[-2:]
    rows = (2 * (height // 2) - np.arange(height)) % height
    columns = (2 * (width // 2) - np.arange(width)) % width
    return plane[..., rows[:, None], columns[None, :]]


def from_half_plane(half: npt.NDArray, width: int) -> npt.NDArray:
    """A symmetric half plane, as a real FFT orders it, as the whole centred plane.

    half [..., H, W // 2 + 1], equal at conjugate frequencies (amplitudes, say) -> [..., H, W].
    """
    height = half.shape[-2]
    h, w = height // 2, width // 2
    whole = np.empty((*half.shape[:-1], width), half.dtype)
    whole[..., h:, w:] = half[..., : height - h, : width - w]
    whole[..., :h, w:] = half[..., height - h :, : width - w]
    whole[..., : h + 1, :w] = half[..., h::-1, w:0:-1]
    whole[..., h + 1 :, :w] = half[..., :h:-1, w:0:-1]
    return whole


class ConjugatePairs:
    """All conjugate pairs of a height x width spectrum, in the order of their first centred position.

    Attributes
    ----------
    positions : int64 [pairs, 2, 2]
        (row, column) in the centred plane of both members; a frequency that is its own partner
        (DC, Nyquist corners) is listed twice.
    frequencies : int64 [pairs, 2]
        (u, v) of the first member, in cycles per image.
    radius : float64 [pairs]
        sqrt(u^2 + v^2), in cycles per image; the same for both members.
    size : int64 [pairs]
        How many positions the pair holds: 2, or 1 where it is its own partner.
    half_row, half_column : int64 [pairs]
        Where the pair stands in the half plane that a real FFT returns.
    """

    def __init__(self, height: int, width: int) -> None:
        u, v = frequencies(height, width)
        self.height, self.width = height, width
        here = np.arange(height * width).reshape(height, width)
        there = mirror(here)
        first = here.ravel()[(here <= there).ravel()]
        second = there.ravel()[first]
        self._flat = np.stack([first, second], axis=1)
        self.positions: IntArray = np.stack([self._flat // width, self._flat % width], axis=-1)
        self.frequencies: IntArray = np.stack([u.ravel()[first // width], v.ravel()[first % width]], axis=1)
        self.radius: FloatArray = np.hypot(self.frequencies[:, 0], self.frequencies[:, 1])
        self.size: IntArray = np.where(first == second, 1, 2)
        # Where each pair stands in the half plane that a real FFT returns: the member with v >= 0.
        columns = (self.positions[:, :, 1] - width // 2) % width
        rows = (self.positions[:, :, 0] - height // 2) % height
        member = (columns[:, 0] > width // 2).astype(int)
        pick = np.arange(len(first))
        self.half_row, self.half_column = rows[pick, member], columns[pick, member]

    def __len__(self) -> int:
        return len(self._flat)

    def __repr__(self) -> str:
        return f"ConjugatePairs({self.height}, {self.width})  # {len(self)} pairs"

    def scatter(self, values: npt.ArrayLike) -> npt.NDArray:
        """Lay one value a pair out on the centred plane: [..., pairs] -> [..., H, W], same dtype."""
        values = np.asarray(values)
        if values.shape[-1:] != (len(self),):
            raise ValueError(
                f"values of shape {values.shape}: the last axis must hold the {len(self)} pairs of a "
                f"{self.height} x {self.width} spectrum"
            )
        plane = np.empty((*values.shape[:-1], self.height * self.width), values.dtype)
        plane[..., self._flat[:, 0]] = values
        plane[..., self._flat[:, 1]] = values
        return plane.reshape(*values.shape[:-1], self.height, self.width)

    def gather(self, plane: npt.NDArray) -> npt.NDArray:
        """The inverse of `scatter` for symmetric planes: [..., H, W] -> [..., pairs]."""
        if plane.shape[-2:] != (self.height, self.width):
            raise ValueError(f"plane of shape {plane.shape}: expected [..., {self.height}, {self.width}]")
        return plane.reshape(*plane.shape[:-2], -1)[..., self._flat[:, 0]]

    def coefficients(self, images: Tensor) -> Tensor:
        """DFT coefficients at the pairs, as numbers of a real dtype.

        images [n, channels, H, W] -> [2, n, channels, pairs]: real and imaginary part, at the member
        whose horizontal frequency is not negative.
        """
        import torch

        _check_images(images, self.height, self.width)
        row = torch.as_tensor(self.half_row, device=images.device)
        column = torch.as_tensor(self.half_column, device=images.device)
        chosen = torch.fft.rfft2(images)[..., row, column]
        return torch.stack([chosen.real, chosen.imag])


def keep(images: Tensor, mask: npt.ArrayLike | Tensor) -> Tensor:
    """Keep only the frequencies where the mask is true.

    Parameters
    ----------
    images : float32 or float64 tensor [..., H, W], on any device
    mask : bool [H, W], centred, symmetric under conjugation

    Returns a tensor of the same shape, dtype and device. Raises ValueError for a mask of another
    size or one that would leave a complex image.
    """
    import torch

    height, width = images.shape[-2:]
    _check_images(images, height, width)
    half = half_plane(mask, height, width).to(images.device)
    return torch.fft.irfft2(torch.fft.rfft2(images).mul_(half), s=(height, width))


def remove(images: Tensor, mask: npt.ArrayLike | Tensor) -> Tensor:
    """Remove the frequencies where the mask is true; see `keep`."""
    return keep(images, ~_as_mask(mask))


class Kept:
    """Images of which different frequencies are kept, one mask after the other, with a single FFT there.

    images : float32 or float64 tensor [..., H, W], on any device
    """

    def __init__(self, images: Tensor) -> None:
        import torch

        self._size = images.shape[-2:]
        _check_images(images, *self._size)
        self._coefficients = torch.fft.rfft2(images)
        self._chosen = torch.empty_like(self._coefficients)

    def keep(self, half: Tensor) -> Tensor:
        """What `keep` gives for the mask whose `half_plane`, on the images' device, this is."""
        import torch

        return torch.fft.irfft2(torch.mul(self._coefficients, half, out=self._chosen), s=self._size)


def half_plane(mask: npt.ArrayLike | Tensor, height: int, width: int) -> Tensor:
    """A centred mask [H, W] as the multiplier of a real FFT, bool [H, W // 2 + 1].

    Raises ValueError for a mask of another size or one that would leave a complex image.
    """
    import torch

    array = _as_mask(mask)
    if array.shape != (height, width):
        raise ValueError(f"mask of shape {array.shape}: the images need [{height}, {width}]")
    if not symmetric(array):
        raise ValueError("mask is not symmetric: (u, v) and (-u mod H, -v mod W) must both be in it or out of it")
    return torch.from_numpy(np.ascontiguousarray(np.fft.ifftshift(array)[:, : width // 2 + 1]))


def bands(height: int, width: int, edges: Sequence[float]) -> BoolArray:
    """Masks of the radial bands r < edges[0], edges[0] <= r < edges[1], ..., r >= edges[-1].

    Returns bool [len(edges) + 1, height, width]. DC belongs to none of them. Edges are in cycles
    per image, positive and increasing.
    """
    if not edges or any(b <= a for a, b in zip((0, *edges[:-1]), edges, strict=True)):
        raise ValueError(f"band edges {list(edges)}: expected increasing radii above 0, in cycles per image")
    band = np.digitize(radius(height, width), edges)
    masks = band == np.arange(len(edges) + 1)[:, None, None]
    masks[:, height // 2, width // 2] = False
    return masks


def low_pass(height: int, width: int, cutoff: float) -> BoolArray:
    """Mask of the frequencies below `cutoff` cycles per image, DC among them; its complement is the high-pass."""
    if cutoff <= 0:
        raise ValueError(f"cutoff {cutoff}: expected a radius above 0, in cycles per image")
    return radius(height, width) < cutoff


def positions(height: int, width: int, percent: float) -> int:
    """How many positions of a height x width spectrum the top `percent` % must fill, at least one.

    The floor of percent / 100 * height * width, without rounding errors: `percent` counts as the decimal number that
    is written, so that 29 % of 100 x 100 are 2,900. Raises ValueError for a percentage that is not in (0, 100].
    """
    if not 0 < percent <= 100:
        raise ValueError(f"percent {percent}: expected above 0 and at most 100")
    return max(1, Fraction(str(percent)) * height * width // 100)


def symmetric(mask: npt.ArrayLike) -> bool:
    """Whether every frequency of the mask(s) [..., H, W] has its conjugate partner in it."""
    mask = np.asarray(mask)
    return bool(np.array_equal(mask, mirror(mask)))


def _as_mask(mask: npt.ArrayLike | Tensor) -> BoolArray:
    array = mask.detach().cpu().numpy() if hasattr(mask, "detach") else np.asarray(mask)
    if array.dtype != bool:
        raise ValueError(f"mask of dtype {array.dtype}: expected bool")
    return array


def _check_images(images: Tensor, height: int, width: int) -> None:
    import torch

    if not isinstance(images, torch.Tensor):
        raise ValueError(f"images are a {type(images).__name__}: expected a torch.Tensor (torch.from_numpy makes one)")
    if images.dtype not in (torch.float32, torch.float64):
        raise ValueError(f"images of dtype {images.dtype}: expected float32 or float64")
    if images.shape[-2:] != (height, width):
        raise ValueError(f"images of shape {tuple(images.shape)}: expected [..., {height}, {width}]")
