"""Plane waves added to training images, with batch normalisation of their own: the augmentation AFA.

AFA (Vaish et al., CVPR 2024) trains a network on each image as it is and with a plane wave. The images with waves have
other statistics. They pass through a second set of batch normalisations, which is used in training only.
"""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

PUBLISHED_SIZE = 32  # pixels: the size of the images for which the strength is stated


def random_waves(images: Tensor, strength: float) -> Tensor:
    """A random plane wave for every image and channel, float32 [n, channels, H, W], in units of pixels from 0 to 1.

    images : float32 [n, channels, H, W], of which only shape and device count; at least 3 x 3 pixels
    strength : mean of the exponential distribution of the norm (root of the sum of squares) of a wave at 32 x 32
        pixels. At H x W pixels, norms are sqrt(H W) / 32 times larger, so that the amplitude of a pixel is the same

    A radius is drawn from 1, 2, ... up to the last one below the Nyquist frequency, and a direction. The frequency
    (u, v) is the nearest one of the DFT, so that a wave is a single conjugate pair. The phase is uniform. All draws are
    from torch's generator of the device. Raises ValueError for smaller images.
    """
    n, channels, height, width = images.shape
    furthest = (min(height, width) - 1) // 2
    if furthest < 1:
        raise ValueError(f"images of {height} x {width} pixels have no plane wave: expected at least 3 x 3")
    shape, device = (n, channels, 1, 1), images.device
    radius = torch.randint(1, furthest + 1, shape, device=device)
    direction, phase = (torch.rand(shape, device=device) * turn for turn in (math.pi, 2 * math.pi))
    u, v = (radius * direction.sin()).round(), (radius * direction.cos()).round()
    norm = torch.empty(shape, device=device).exponential_(1 / strength) * (math.sqrt(height * width) / PUBLISHED_SIZE)
    y = torch.arange(height, device=device)[:, None] / height
    x = torch.arange(width, device=device) / width
    # The squares of this wave sum to H W / 2 exactly, since it is below the Nyquist frequency.
    wave = torch.cos(2 * math.pi * (u * y + v * x) + phase)
    return wave * (norm * math.sqrt(2 / (height * width)))


def with_waves(pixels: Tensor, strength: float) -> Tensor:
    """Images float32 [n, channels, H, W], pixels from 0 to 1, with a wave of `random_waves` each, clipped to [0, 1]."""
    return (pixels + random_waves(pixels, strength)).clamp_(0, 1)


class AuxiliaryNorms(nn.ModuleList):
    """A second set of the batch normalisations of a network: parameters and running statistics.

    It starts as a copy of the first set. A network without batch normalisation has an empty set.

    >>> with norms.in_use(network):
    ...     logits = network(images_with_waves)
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__(copy.deepcopy(module) for module in network.modules() if isinstance(module, _BatchNorm))

    @contextlib.contextmanager
    def in_use(self, network: nn.Module) -> Iterator[None]:
        """Inside the block, the network from which this set was made uses it instead of its own."""
        self._exchange(network)
        try:
            yield
        finally:
            self._exchange(network)

    def _exchange(self, network: nn.Module) -> None:
        own = (module for module in network.modules() if isinstance(module, _BatchNorm))
        for first, second in zip(own, self, strict=True):
            first._parameters, second._parameters = second._parameters, first._parameters
            first._buffers, second._buffers = second._buffers, first._buffers
