"""Synthetic renditions: out-of-distribution twins that are made from the test images themselves.

They replace collected renditions (such as those of ImageNet-SCT) and are not as good: shape, place and framing of the
object stay the same as in the photograph. They are drawn in batches when they are read, so that memory does not grow
with the number of images.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage

from frequency_shortcuts.images.splits import Images
from frequency_shortcuts.spectrum import filters, masks
from frequency_shortcuts.spectrum.arrays import IntArray

Pixels = npt.NDArray[np.float64]  # [n, channels, H, W], from 0 to 1
IN_BATCH = 2**20  # numbers of the images that are drawn at once: 8 MiB as float64, and a few copies of it
_REFERENCE = 32  # pixels: widths below are stated for this size and scale with the image


def names() -> list[str]:
    """The names of the renditions."""
    return list(_RENDITIONS)


class Rendition:
    """One rendition of images, uint8 [n, channels, H, W], drawn when it is sliced; `stores.write` stores it.

    name: one of `names()`. images: uint8 [n, channels, H, W], an array, or `Stored` or `ImageFiles`, read when
    they are needed. labels: int64 [n]. seed: of all random draws. The result for an image does not depend on the slice.
    Raises ValueError for an unknown rendition.

    >>> drawn = Rendition("inverted", np.zeros((2, 1, 8, 8), np.uint8), np.array([0, 1]))
    >>> drawn[0:1].max(), drawn.shape
    (255, (2, 1, 8, 8))
    """

    def __init__(self, name: str, images: Images, labels: npt.NDArray[np.int64], seed: int = 0) -> None:
        if name not in _RENDITIONS:
            raise ValueError(f"unknown rendition {name!r}: choose from {', '.join(names())}")
        self._draw, self._images, self.seed = _RENDITIONS[name], images, seed
        self.donors = _donors(np.asarray(labels), seed)
        self.shape, self.dtype = tuple(images.shape), np.dtype(np.uint8)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> npt.NDArray[np.uint8]:
        chosen = np.arange(len(self))[rows]
        drawn = np.empty((len(chosen), *self.shape[1:]), np.uint8)
        size = max(1, IN_BATCH // math.prod(self.shape[1:]))
        for start in range(0, len(chosen), size):
            batch = chosen[start : start + size]
            pixels = np.clip(self._draw(self, batch), 0, 1)
            drawn[start : start + size] = np.rint(pixels * 255)
        return drawn

    def photographs(self, chosen: IntArray) -> Pixels:
        """The chosen images [k] before they are restyled, float64 [k, channels, H, W] from 0 to 1."""
        return self._images[chosen] / 255.0


def _donors(labels: IntArray, seed: int) -> IntArray:
    """For each image [n], the position of one of another class (its own where there is no other class)."""
    generator = np.random.default_rng(seed)
    donors = np.arange(len(labels))
    for c in np.unique(labels):
        others = np.flatnonzero(labels != c)
        if len(others):
            of_class = labels == c
            donors[of_class] = generator.choice(others, of_class.sum())
    return donors


def _scale(images: Pixels) -> float:
    side: int = min(images.shape[-2:])
    return side / _REFERENCE


def _smoothed(images: Pixels, width: float) -> Pixels:
    return ndimage.gaussian_filter(images, (0, 0, width * _scale(images), width * _scale(images)))


def _grey(images: Pixels) -> Pixels:
    return images.mean(axis=1, keepdims=True)


def _sketch(images: Pixels) -> Pixels:
    """Dark lines on white paper where the photograph has edges."""
    smooth = _smoothed(_grey(images), 0.5)
    # scipy's own sobel would also smooth over the axes of images and channels.
    slopes = [
        ndimage.correlate1d(ndimage.correlate1d(smooth, [-1, 0, 1], along), [1, 2, 1], across)
        for along, across in ((-1, -2), (-2, -1))
    ]
    edges = np.hypot(*slopes)
    strongest = np.quantile(edges, 0.98, axis=(1, 2, 3), keepdims=True)
    return np.broadcast_to(1 - np.clip(edges / np.maximum(strongest, 1e-6), 0, 1), images.shape)


def _cartoon(images: Pixels) -> Pixels:
    """Smoothed without blunting edges, then drawn in four tones."""
    side = 2 * max(1, round(_scale(images))) + 1
    smooth: Pixels = ndimage.median_filter(images, size=(1, 1, side, side))
    return np.rint(smooth * 3) / 3


def _silhouette(images: Pixels) -> Pixels:
    """The object in white on black: the pixels that differ from the border, by Otsu's threshold."""
    grey = _grey(images)
    border = np.concatenate([grey[..., 0, :], grey[..., -1, :], grey[..., :, 0], grey[..., :, -1]], axis=-1)
    distance = np.abs(grey - np.median(border, axis=-1)[..., None, None])
    threshold = np.array([_otsu(plane) for plane in distance[:, 0]])
    filled = distance[:, 0] > threshold[:, None, None]
    filled = np.stack([ndimage.binary_fill_holes(plane) for plane in filled])
    return np.broadcast_to(filled[:, None], images.shape).astype(float)


def _otsu(plane: npt.NDArray[np.float64]) -> float:
    """The threshold with the greatest variance between the two sides (Otsu 1979)."""
    count, edges = np.histogram(plane, bins=64, range=(0, max(float(plane.max()), 1e-6)))
    middle = (edges[:-1] + edges[1:]) / 2
    below, above = np.cumsum(count), count.sum() - np.cumsum(count)
    sums = np.cumsum(count * middle)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(edges[1:][np.argmax(np.nan_to_num(between))])


def _noisy(of: Rendition, chosen: IntArray) -> Pixels:
    noise = [np.random.default_rng([of.seed, i]).normal(0, 0.15, of.shape[1:]) for i in chosen.tolist()]
    return of.photographs(chosen) + np.stack(noise)


def _texture(of: Rendition, chosen: IntArray) -> Pixels:
    """An image's low frequencies with the high frequencies of an image of another class."""
    height, width = of.shape[-2:]
    low = masks.low_pass(height, width, min(height, width) / 8)
    pixels, others = (torch.from_numpy(of.photographs(which)) for which in (chosen, of.donors[chosen]))
    return (filters.keep(pixels, low) + filters.remove(others, low)).numpy()


def _one_by_one(restyle: Callable[[Pixels], Pixels]) -> Callable[[Rendition, IntArray], Pixels]:
    """A rendition for which each image alone is enough."""
    return lambda of, chosen: restyle(of.photographs(chosen))


_RENDITIONS: dict[str, Callable[[Rendition, IntArray], Pixels]] = {
    "sketch": _one_by_one(_sketch),
    "cartoon": _one_by_one(_cartoon),
    "silhouette": _one_by_one(_silhouette),
    "inverted": _one_by_one(lambda images: 1 - images),
    "blurred": _one_by_one(lambda images: _smoothed(images, 1.2)),
    "noisy": _noisy,
    "texture": _texture,
}
