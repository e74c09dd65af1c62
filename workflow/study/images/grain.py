"""Grainy images, as of X-rays: one smooth object on a background of grain, one channel, no flat area.

The class is the form of the object. Its place, size, direction and contrast, the brightness of the image, a slow tilt
of it and all of the grain are drawn for each image, whatever its class.
"""

import zlib
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from frequency_shortcuts.spectrum.arrays import FloatArray

# The height, 0 to 1, at points x, y from the centre, in units of the size of the object.
FORMS: Mapping[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "disc": lambda x, y: np.exp(-((x**2 + y**2) ** 2)),
    "oval": lambda x, y: np.exp(-(((x / 1.75) ** 2 + (y * 1.75) ** 2) ** 2)),
    "ring": lambda x, y: np.exp(-((4 * (np.hypot(x, y) - 0.8)) ** 2)),
    "pair": lambda x, y: np.exp(-((2 * (np.abs(x) - 0.75)) ** 2) - (1.5 * y) ** 2),
}
SIZE = (0.14, 0.2)  # of an object, share of the side
CONTRAST = (0.13, 0.32)  # of an object, pixels from 0 to 1
BRIGHTNESS, TILT = (0.35, 0.55), 0.08  # of an image, and of its slow change
# Deviations, and the pixels over which the coarse one is smoothed.
FINE_GRAIN, COARSE_GRAIN, COARSE = (
    0.06,
    0.06,
    2.5,
)


def images(
    classes: int, per_class: int, seed: int, *, size: int = 64
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], tuple[str, ...]]:
    """Draw images of the first so many `FORMS`, interleaved: uint8 [n, 1, size, size], labels [n], and their names.

    An image depends on the seed, its class and its number alone: a larger set begins with the smaller one.
    """
    names = tuple(FORMS)[:classes]
    made = np.empty((per_class, classes, 1, size, size), np.uint8)
    for number, c in np.ndindex(per_class, classes):
        generator = np.random.default_rng([seed, number, zlib.crc32(names[c].encode())])
        made[number, c, 0] = _image(FORMS[names[c]], size, generator)
    return made.reshape(-1, 1, size, size), np.tile(np.arange(classes), per_class), names


def _image(
    form: Callable[[FloatArray, FloatArray], FloatArray], size: int, generator: np.random.Generator
) -> npt.NDArray[np.uint8]:
    y, x = np.mgrid[:size, :size] / (size - 1) - 0.5
    left, up = generator.uniform(-0.15, 0.15, 2)
    angle, scale, contrast = (
        generator.uniform(0, np.pi),
        generator.uniform(*SIZE),
        generator.uniform(*CONTRAST),
    )
    turned = (x - left + 1j * (y - up)) * np.exp(1j * angle) / scale
    tilt = generator.uniform(-TILT, TILT, 2)
    image = (
        generator.uniform(*BRIGHTNESS)
        + tilt[0] * x
        + tilt[1] * y
        + contrast * form(turned.real, turned.imag)
    )
    coarse = gaussian_filter(generator.standard_normal((size, size)), COARSE, mode="wrap")
    image += COARSE_GRAIN * coarse / coarse.std() + FINE_GRAIN * generator.standard_normal(
        (size, size)
    )
    pixels: npt.NDArray[np.uint8] = np.rint(255 * image.clip(0, 1)).astype(np.uint8)
    return pixels
