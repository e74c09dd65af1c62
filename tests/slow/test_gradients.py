"""Gradients against central differences and the full FFT, and the noise of the noisy copies."""

import numpy as np
import torch
from culled_images import batch, remove_slowly

from frequency_shortcuts.maps.methods import gradients
from frequency_shortcuts.spectrum.pairs import ConjugatePairs


def test_noise_has_the_strength_of_the_median_pair_and_is_drawn_per_image(small_network):
    """Root mean square over 2 x 16 x 16 pixels: within 15 %. The unchanged image is the first."""
    images, pairs = batch((16, 16)), ConjugatePairs(16, 16)
    seen = gradients.with_noise(images, pairs, 3, range(len(images))).unflatten(0, (len(images), 4))
    assert torch.equal(seen[:, 0], images)
    noise = seen[:, 1:] - images[:, None]
    for one, drawn in zip(images, noise, strict=True):
        removed = [((one - remove_slowly(one[None], pairs, p)) ** 2).sum().item() for p in range(len(pairs))]
        np.testing.assert_allclose(drawn.square().sum(dim=(1, 2, 3)).sqrt(), np.sqrt(np.median(removed)), rtol=0.15)
    flat = noise.flatten(end_dim=1).flatten(start_dim=1)
    assert np.abs(np.corrcoef(flat) - np.eye(len(flat))).max() < 0.3
    alone = gradients.with_noise(images[2:3], pairs, 3, [2])
    np.testing.assert_allclose(alone, seen[2], rtol=0, atol=1e-12)
    assert torch.equal(
        gradients.with_noise(torch.zeros(1, 2, 4, 4), ConjugatePairs(4, 4), 2, [0]), torch.zeros(3, 2, 4, 4)
    )
