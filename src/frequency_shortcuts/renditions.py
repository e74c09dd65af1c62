"""Synthetic renditions: out-of-distribution twins that are made from the test images themselves.

They stand in for collected renditions (such as ImageNet-SCT's), of which they are no equal: shape,
place and framing of the object stay those of the photograph.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage

from . import spectrum

Images = npt.NDArray[np.float64]
_REFERENCE = 32  # pixels: widths below are stated for this size and scale with the image


def names() -> list[str]:
    """The renditions that `render` knows."""
    return list(_RENDITIONS)


def render(
    name: str, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64], seed: int = 0
) -> npt.NDArray[np.uint8]:
    """Restyle images uint8 [n, channels, H, W]; same shape, seeded. Raises ValueError for an unknown rendition."""
    if name not in _RENDITIONS:
        raise ValueError(f"unknown rendition {name!r}: choose from {', '.join(names())}")
    drawn = _RENDITIONS[name](images / 255.0, np.asarray(labels), np.random.default_rng(seed))
    return np.rint(np.clip(drawn, 0, 1) * 255).astype(np.uint8)


def _scale(images: Images) -> float:
    return min(images.shape[-2:]) / _REFERENCE


def _grey(images: Images) -> Images:
    return images.mean(axis=1, keepdims=True)


def _sketch(images: Images, labels: npt.NDArray, generator: np.random.Generator) -> Images:
    """Dark lines on white paper where the photograph has edges."""
    smooth = ndimage.gaussian_filter(_grey(images), (0, 0, 0.5 * _scale(images), 0.5 * _scale(images)))
    # scipy's own sobel would also smooth over the axes of images and channels.
    slopes = [
        ndimage.correlate1d(ndimage.correlate1d(smooth, [-1, 0, 1], along), [1, 2, 1], across)
        for along, across in ((-1, -2), (-2, -1))
    ]
    edges = np.hypot(*slopes)
    strongest = np.quantile(edges, 0.98, axis=(1, 2, 3), keepdims=True)
    return np.broadcast_to(1 - np.clip(edges / np.maximum(strongest, 1e-6), 0, 1), images.shape)


def _cartoon(images: Images, labels: npt.NDArray, generator: np.random.Generator) -> Images:
    """Smoothed without blunting edges, then drawn in four tones."""
    side = 2 * max(1, round(_scale(images))) + 1
    smooth = ndimage.median_filter(images, size=(1, 1, side, side))
    return np.rint(smooth * 3) / 3


def _silhouette(images: Images, labels: npt.NDArray, generator: np.random.Generator) -> Images:
    """The object in white on black: whatever differs from the border, split by Otsu's threshold."""
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


def _inverted(images: Images, labels: npt.NDArray, generator: np.random.Generator) -> Images:
    return 1 - images


def _blurred(images: Images, labels: npt.NDArray, generator: np.random.Generator) -> Images:
    return ndimage.gaussian_filter(images, (0, 0, 1.2 * _scale(images), 1.2 * _scale(images)))


def _noisy(images: Images, labels: npt.NDArray, generator: np.random.Generator) -> Images:
    return images + generator.normal(0, 0.15, images.shape)


def _texture(images: Images, labels: npt.NDArray, generator: np.random.Generator) -> Images:
    """An image's low frequencies with the high frequencies of an image of another class."""
    height, width = images.shape[-2:]
    low = spectrum.low_pass(height, width, min(height, width) / 8)
    donor = np.arange(len(images))
    for c in np.unique(labels):
        others = np.flatnonzero(labels != c)
        if len(others):
            mine = labels == c
            donor[mine] = generator.choice(others, mine.sum())
    pixels = torch.from_numpy(images)
    return (spectrum.keep(pixels, low) + spectrum.remove(pixels[torch.from_numpy(donor)], low)).numpy()


_RENDITIONS: dict[str, Callable[[Images, npt.NDArray, np.random.Generator], Images]] = {
    "sketch": _sketch,
    "cartoon": _cartoon,
    "silhouette": _silhouette,
    "inverted": _inverted,
    "blurred": _blurred,
    "noisy": _noisy,
    "texture": _texture,
}
