"""Sources whose images are drawn: shaped noise, with the constants of a section of the configuration.

Every image is white Gaussian noise per channel, shaped by r^-alpha and by what its class has. All images of all classes
are multiplied by the same constant, so that outside of what was planted the classes do not differ.
"""

import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from frequency_shortcuts.spectrum import arrays, pairs

from .description import ArraySource, Content, Shape, shape_of

NEUTRAL = 0  # the class with nothing planted
CHUNK = 256  # images that are drawn at once


class Drawn(ArraySource):
    """A source whose images are drawn; `section` has their size, and their number and seed by split.

    designs : the class of the designs of its sets, from their other constants. It raises ValueError for impossible ones
    """

    section: str
    designs: Callable[..., Any]

    @property
    def has_truth(self) -> bool:
        return True

    @property
    def shape(self) -> Shape:
        return shape_of(self.config[self.section])

    def inspect(self) -> Content:
        return Content(self.design(self.settings()).classes, self.shape, self.kind)

    def content(self, given: Any) -> dict[str, Any]:
        design = self.design(self.keys)
        counts, seeds = self.keys["images_per_class"], self.keys["seeds"]
        return {
            "splits": {split: draw_images(design, counts[split], seeds[split]) for split in counts},
            "classes": design.classes,
            "source": f"{self.kind}, {design}",
            "planted": (design.planted(), design.about()),
        }

    def design(self, settings: Mapping[str, Any]) -> Any:
        """The design of a set with these settings."""
        constants = dict(settings)
        del constants["images_per_class"], constants["seeds"]
        return self.designs(**constants)


def background(size: int, alpha: float) -> arrays.FloatArray:
    """The amplitude r^-alpha of images without a cue, [H, W], centred; 0 at DC."""
    radius = pairs.radius(size, size)
    radius[size // 2, size // 2] = np.inf
    return radius**-alpha


def draw_images(
    design: Any, per_class: int, seed: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Draw `per_class` images of each class: uint8 [n, channels, H, W] and labels int64 [n], classes interleaved.

    An image depends on the set, the seed, its class and its number alone: a larger set begins with the smaller one.
    Each class has a generator seeded by seed, class and the name of the set, so that no two sets share images. Pixels
    are clipped to [0, 1] and rounded.

    design : of `synthetic` or `planted`
    """
    size, amplitude = design.size, design.amplitude()
    # The variance of unit white noise shaped by an amplitude is the mean of the squared amplitude over all positions.
    scale = design.deviation / float(np.sqrt(np.mean(amplitude[NEUTRAL] ** 2)))
    # As a real FFT orders it.
    half = np.fft.ifftshift(amplitude * scale, axes=(-2, -1))[..., : size // 2 + 1]
    of_class = []
    for c, factor in enumerate(half):
        generator, parts = np.random.default_rng([seed, c, zlib.crc32(design.name.encode())]), []
        for start in range(0, per_class, CHUNK):
            count = min(CHUNK, per_class - start)
            noise = np.fft.rfft2(generator.standard_normal((count, design.channels, size, size)))
            shaped = np.fft.irfft2(noise * factor, s=(size, size))
            parts.append(np.rint(np.clip(design.mean + shaped, 0, 1) * 255).astype(np.uint8))
        of_class.append(np.concatenate(parts))
    stacked = np.stack(of_class, axis=1)
    return stacked.reshape(-1, *stacked.shape[2:]), np.tile(np.arange(len(half)), per_class)
