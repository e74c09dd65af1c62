"""Stylised images (Geirhos et al., arXiv 1811.12231) in the place of some training images."""

import numpy as np
import numpy.typing as npt

from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.spectrum.arrays import IntArray

from .minibatches import Read


def reader(data: Split, share: float, seed: int) -> Read:
    """What reads training images, a share of them as their stylised twins. Raises ValueError if there are no twins."""
    twins = data.stylised
    if twins is None:
        raise ValueError("the augmentation sin needs training images with stylised twins")

    def read(iteration: int, chosen: IntArray) -> npt.NDArray[np.uint8]:
        stylised = np.random.default_rng([seed, iteration, 2]).random(len(chosen)) < share
        pixels = np.empty((len(chosen), *data.images.shape[1:]), np.uint8)
        for images, places in ((data.images, ~stylised), (twins, stylised)):
            if places.any():
                pixels[places] = images[chosen[places]]
        return pixels

    return read
