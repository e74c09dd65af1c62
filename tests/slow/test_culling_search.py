"""Whole cullings, exact and screened: their settings, their errors, and the networks that they accept."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from frequency_shortcuts import culling


class Sleeping(nn.Module):
    """No unit is active for an image, with or without a pair; some are active for some noisy copies."""

    def __init__(self, threshold):
        super().__init__()
        generator, self.threshold = torch.Generator().manual_seed(0), threshold
        self.weight = nn.Parameter(torch.randn(768, 100, generator=generator) / 768**0.5)

    def forward(self, images):
        return torch.relu(images.flatten(1) @ self.weight - self.threshold)[:, :3] * 100


@pytest.mark.parametrize(("threshold", "per_class"), [(3.5, 20), (1000.0, 1)])
def test_a_network_with_constant_logits_is_screened(threshold, per_class):
    """All increments are 0, some features are not."""
    images = torch.from_numpy(np.random.default_rng(1).standard_normal((2 * per_class, 3, 16, 16))).float()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = culling.cull(Sleeping(threshold), images, np.arange(2 * per_class) % 2, 2)
    assert (found.increment[found.evaluated] == 0).all()
    assert np.isfinite(found.increment).all()
