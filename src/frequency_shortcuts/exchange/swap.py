"""A remedy: in training, images get parts of other images of the batch that are not the object; labels stay.

It is the mirror of the exchange test, with the same parts: what comes from any image says nothing of the class.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from .field import Field, beside, coefficients, surface
from .fine import Fine, fine_part
from .part import Part
from .patch import PLACE_NUMBERS, Patch, exchanged_pixels

PARTS: Mapping[str, type[Part]] = {"fine": Fine, "field": Field, "patch": Patch}
# Names of parts, or names with the places that were found: see `Swap`.
NamedParts = str | Sequence[str] | Mapping[str, Iterable[int]]


class Swap(nn.Module):
    """A transform of batches that gives each image parts of other ones, which are drawn from the batch for each part.

    It is called as `torchvision.transforms.v2.MixUp` is, in a training loop or in a collate function: images
    [n, channels, H, W], uint8 or float, before or after normalisation, and labels, which come back as they are. Float
    images may leave their range; uint8 images are clipped.

    Swap to the end of the training, since the last images say what is learned. Networks with batch normalisation then
    need the statistics of images as they are: the third line below, with batches of unchanged training images.

    parts : names of what is exchanged: fine, field, patch. Or a mapping of these names to places, which are empty for
        fine and field, and for patch numbers of its windows: 0 to 35, row by row, and 36 for the frame. A place is
        exchanged with a margin of a tenth of the side, at least 2 pixels. Without any, patch is the corners and the
        frame
    generator : of the draws, on the images' device; by default PyTorch's own

    Raises ValueError for other parts and places, and for images of another shape or type. A batch of one image comes
    back as it is, with a warning.

    >>> swap = fs.Swap(parts={"fine": (), "patch": (5, 36)})
    >>> images, labels = swap(images, labels)
    >>> torch.optim.swa_utils.update_bn(batches, network)
    """

    def __init__(
        self, parts: NamedParts = tuple(PARTS), *, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        self.parts = places_of_parts(parts)
        self.generator = generator

    def forward(self, *inputs: Any) -> Any:
        """Images and labels, or images alone: the same, with parts of other images."""
        if len(inputs) == 1 and isinstance(inputs[0], tuple | list):
            inputs = tuple(inputs[0])
        images, *labels = inputs
        swapped = self._swap(images)
        return (swapped, *labels) if labels else swapped

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"fs.Swap(parts={self.parts})"

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
        partners = {part: self._partners(n, images.device) for part in self.parts}
        # A spectrum is too large for float16.
        with torch.autocast(images.device.type, enabled=False):
            swapped = exchanged(images.float(), partners, self.parts.get("patch", ()))
        if not images.is_floating_point():
            swapped = swapped.round().clamp(0, 255)
        return swapped.to(images.dtype)

    def _partners(self, n: int, device: torch.device) -> Tensor:
        """For each of n images another one: int64 [n]."""
        # By 1 to n - 1 places: never the image itself.
        step = torch.randint(1, n, (n,), generator=self.generator, device=device)
        return (torch.arange(n, device=device) + step) % n


def exchanged(images: Tensor, partners: Mapping[str, Tensor], places: Sequence[int] = ()) -> Tensor:
    """Images float [n, channels, H, W] with parts of other ones among them.

    The field is taken off all images first, and that of the partner is put on last: a frame or a tag then comes without
    the light of its image. It is that of the pixels beside the patch, since a frame says nothing of the light.

    partners : part -> int64 [n], whose part each image gets; other parts stay
    places : of patch, see `exchanged_pixels`
    """
    size = images.shape[-2:]
    made = images
    pixels = exchanged_pixels(size, places)
    if "field" in partners:
        fields = coefficients(images, beside(pixels) if "patch" in partners else None)
        made = made - surface(fields, size)
    if "patch" in partners:
        made = torch.where(pixels.to(images.device), made[partners["patch"]], made)
    if "fine" in partners:
        fine = fine_part(made)
        made = made + fine[partners["fine"]] - fine
    if "field" in partners:
        made = made + surface(fields[partners["field"]], size)
    return made


def places_of_parts(parts: NamedParts) -> dict[str, tuple[int, ...]]:
    """The names of parts with their places, in any form that `Swap` takes. Raises ValueError for others."""
    if isinstance(parts, str):
        parts = (parts,)
    if not isinstance(parts, Mapping):
        parts = dict.fromkeys(parts, ())
    if not parts or not set(parts) <= set(PARTS):
        raise ValueError(
            f"parts {', '.join(map(str, parts)) or 'none'}: choose from {', '.join(PARTS)}"
        )
    named = {part: tuple(places) for part, places in parts.items()}
    for part, places in named.items():
        if places and part != "patch":
            raise ValueError(f"places {places} of {part}: expected none, only patch has places")
        if not set(places) <= set(PLACE_NUMBERS):
            raise ValueError(
                f"places {places} of patch: expected numbers from 0 to {PLACE_NUMBERS[-1]}"
            )
    return {part: tuple(map(int, places)) for part, places in named.items()}


def check(images: Any) -> None:
    """Raises ValueError for what is no batch of images, uint8 or float."""
    shape = list(images.shape) if isinstance(images, Tensor) else type(images).__name__
    if len(shape) != 4 or isinstance(shape, str):
        raise ValueError(f"Swap: images are {shape}, expected a batch [n, channels, H, W]")
    if images.dtype != torch.uint8 and not images.is_floating_point():
        raise ValueError(f"Swap: images are {images.dtype}, expected uint8 or float")
