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
# Numbers of the images that are drawn at once: 8 MiB as float64, and a few copies of it.
IN_BATCH = 2**20
_REFERENCE = 32  # pixels: widths below are stated for this size and scale with the image


def names() -> list[str]:
    """The names of the renditions."""
    return [*_STYLES, "noisy", "texture"]


class Rendition:
    """One rendition of images, uint8 [n, channels, H, W], drawn when it is sliced; `stores.write` stores it.

    name: one of `names()`. images: uint8 [n, channels, H, W], an array, or `Stored` or `ImageFiles`, read when
    they are needed. labels: int64 [n]. seed: of all random draws. The result for an image does not depend on the slice.

    >>> drawn = Rendition("inverted", np.zeros((2, 1, 8, 8), np.uint8), np.array([0, 1]))
    >>> drawn[0:1].max(), drawn.shape
    (255, (2, 1, 8, 8))
    """

    def __init__(
        self, name: str, images: Images, labels: npt.NDArray[np.int64], seed: int = 0
    ) -> None:
        self._name, self._images, self._seed = name, images, seed
        self._donors = _donors(np.asarray(labels), seed)
        self.shape, self.dtype = tuple(images.shape), np.dtype(np.uint8)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> npt.NDArray[np.uint8]:
        chosen = np.arange(len(self))[rows]
        drawn = np.empty((len(chosen), *self.shape[1:]), np.uint8)
        size = max(1, IN_BATCH // math.prod(self.shape[1:]))
        for start in range(0, len(chosen), size):
            batch = chosen[start : start + size]
            drawn[start : start + size] = np.rint(np.clip(self._draw(batch), 0, 1) * 255)
        return drawn

    def _draw(self, chosen: IntArray) -> Pixels:
        """The chosen images [k]."""
        pixels = self._images[chosen] / 255.0
        if self._name == "noisy":
            generators = (np.random.default_rng([self._seed, i]) for i in chosen.tolist())
            return pixels + np.stack(
                [generator.normal(0, 0.15, self.shape[1:]) for generator in generators]
            )
        if self._name == "texture":
            # An image's low frequencies with the high frequencies of an image of another class
            height, width = self.shape[-2:]
            low = masks.low_pass(height, width, min(height, width) / 8)
            others = torch.from_numpy(self._images[self._donors[chosen]] / 255.0)
            return (
                filters.keep(torch.from_numpy(pixels), low) + filters.remove(others, low)
            ).numpy()
        return _STYLES[self._name](pixels)


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


def _sketch(images: Pixels) -> Pixels:
    """Dark lines on white paper where the photograph has edges."""
    smooth = _smoothed(images.mean(axis=1, keepdims=True), 0.5)
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
    grey = images.mean(axis=1, keepdims=True)
    border = np.concatenate(
        [grey[..., 0, :], grey[..., -1, :], grey[..., :, 0], grey[..., :, -1]], axis=-1
    )
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


# Those for which each image alone is enough
_STYLES: dict[str, Callable[[Pixels], Pixels]] = {
    "sketch": _sketch,
    "cartoon": _cartoon,
    "silhouette": _silhouette,
    "inverted": lambda images: 1 - images,
    "blurred": lambda images: _smoothed(images, 1.2),
}
