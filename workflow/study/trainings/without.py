"""Networks that see no image with some frequencies, and images of which these are those of other images."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from frequency_shortcuts.images.source import Source
from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray
from frequency_shortcuts.spectrum.filters import half_plane, hide
from frequency_shortcuts.spectrum.masks import check_mask


class Without(nn.Module):
    """A network in front of which some frequencies of its images are removed, in training as in tests.

    network : normalised images [n, channels, H, W] -> logits [n, classes]
    removed : bool [H, W], centred and symmetric

    Raises ValueError for a mask that would leave a complex image.

    >>> Without(network, low_pass_mask(mask))(images).shape
    torch.Size([8, 10])
    """

    kept: Tensor

    def __init__(self, network: nn.Module, removed: BoolArray) -> None:
        super().__init__()
        self.network, self._size = network, removed.shape
        self.register_buffer("kept", half_plane(~check_mask(removed), *removed.shape))

    def forward(self, images: Tensor) -> Tensor:
        return self.network(hide(torch.fft.rfft2(images), self.kept, size=self._size))


class Exchanged(Source):
    """Images of a source, in which the frequencies of a mask are those of their donors; read in batches as a `Source`.

    mask : bool [H, W], centred and symmetric; donor : int64 [n], for each image the position of another one, see
    `fills.donors`

    Raises ValueError for a mask of another size or one that would leave a complex image.
    """

    def __init__(self, source: Source, mask: BoolArray, donor: IntArray) -> None:
        super().__init__(source.split, device=source.device, dtype=source.dtype)
        self._kept = half_plane(~check_mask(mask), *self.shape[-2:]).to(self.device)
        self._source, self._donor = source, donor

    def take(self, chosen: IntArray) -> Tensor:
        """The chosen images [k], in that order, on the device: [k, channels, H, W]."""
        own, others = (
            torch.fft.rfft2(self._source.take(of)) for of in (chosen, self._donor[chosen])
        )
        return hide(own, self._kept, others, size=self.shape[-2:])
