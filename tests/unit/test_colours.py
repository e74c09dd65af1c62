"""Opponent colours."""

import pytest
import torch

from frequency_shortcuts.spectrum.colours import opponent, rgb


@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
def test_the_transform_keeps_lengths_and_has_an_inverse(dtype):
    values = torch.randn(2, 3, 4, 5, dtype=dtype, generator=torch.Generator().manual_seed(0))
    changed = opponent(values)
    assert torch.allclose(changed.abs().square().sum(dim=1), values.abs().square().sum(dim=1))
    assert torch.allclose(rgb(changed), values)


def test_grey_has_no_colour_and_other_channels_stay():
    grey = torch.rand(1, 1, 3, 3, dtype=torch.float64)
    assert torch.allclose(opponent(grey.expand(1, 3, 3, 3))[:, 1:], torch.zeros(1, 2, 3, 3, dtype=torch.float64))
    assert torch.equal(opponent(grey), grey)
    assert torch.equal(rgb(grey), grey)
