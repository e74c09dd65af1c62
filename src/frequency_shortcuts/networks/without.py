"""Networks that see no image with some frequencies: neither in training nor in tests."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from frequency_shortcuts.spectrum.arrays import BoolArray
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
        logits: Tensor = self.network(hide(torch.fft.rfft2(images), self.kept, size=self._size))
        return logits
