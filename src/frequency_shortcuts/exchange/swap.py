"""A remedy: in training, images get parts of other images of the batch that are not the object; labels stay.

It is the mirror of the exchange test, with the same parts: what comes from any image says nothing of the class.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from .field import Field
from .fine import Fine
from .part import Part
from .patch import Patch

PARTS: Mapping[str, type[Part]] = {"fine": Fine, "field": Field, "patch": Patch}


class Swap(nn.Module):
    """A transform of batches that gives each image parts of other ones, which are drawn from the batch for each part.

    It is called as `torchvision.transforms.v2.MixUp` is, in a training loop or in a collate function: images
    [n, channels, H, W], uint8 or float, before or after normalisation, and labels, which come back as they are. Float
    images may leave their range; uint8 images are clipped.

    Swap to the end of the training, since the last images say what is learned. Networks with batch normalisation then
    need the statistics of images as they are: the third line below, with batches of unchanged training images.

    parts : names of what is exchanged: fine, field, patch
    generator : of the draws, on the images' device; by default PyTorch's own

    Raises ValueError for other parts, and for images of another shape or type. A batch of one image comes back as it
    is, with a warning.

    >>> swap = fs.Swap()
    >>> images, labels = swap(images, labels)
    >>> torch.optim.swa_utils.update_bn(batches, network)
    """

    def __init__(
        self, parts: Sequence[str] = tuple(PARTS), *, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        self.parts = (parts,) if isinstance(parts, str) else tuple(parts)
        self.generator = generator
        if not self.parts or not set(self.parts) <= set(PARTS):
            raise ValueError(
                f"parts {', '.join(map(str, self.parts)) or 'none'}: choose from {', '.join(PARTS)}"
            )

    def forward(self, *inputs: Any) -> Any:
        """Images and labels, or images alone: the same, with parts of other images."""
        if len(inputs) == 1 and isinstance(inputs[0], tuple | list):
            inputs = tuple(inputs[0])
        images, *labels = inputs
        swapped = self._swap(images)
        return (swapped, *labels) if labels else swapped

    def extra_repr(self) -> str:
        """The settings, as PyTorch shows them."""
        return f"parts={self.parts}"

    @torch.no_grad()
    def _swap(self, images: Tensor) -> Tensor:
        check(images)
        n = len(images)
        if n < 2:
            warnings.warn(
                "Swap: a batch of one image has no other to swap with, and stays as it is",
                stacklevel=6,
            )
            return images
        swapped = images.float()
        # A spectrum is too large for float16.
        with torch.autocast(images.device.type, enabled=False):
            for part in self.parts:
                # By 1 to n - 1 places: never the image itself.
                step = torch.randint(1, n, (n,), generator=self.generator, device=images.device)
                partner = (torch.arange(n, device=images.device) + step) % n
                swapped = PARTS[part].swap(swapped, partner)
        if not images.is_floating_point():
            swapped = swapped.round().clamp(0, 255)
        return swapped.to(images.dtype)


def check(images: Any) -> None:
    """Raises ValueError for what is no batch of images, uint8 or float."""
    shape = list(images.shape) if isinstance(images, Tensor) else type(images).__name__
    if len(shape) != 4 or isinstance(shape, str):
        raise ValueError(f"Swap: images are {shape}, expected a batch [n, channels, H, W]")
    if images.dtype != torch.uint8 and not images.is_floating_point():
        raise ValueError(f"Swap: images are {images.dtype}, expected uint8 or float")
