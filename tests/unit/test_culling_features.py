"""Features of pairs against a slow loop, gradient by gradient."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from culled_images import LABELS, batch
from torch.nn import functional

from frequency_shortcuts.maps.methods import gradients
from frequency_shortcuts.maps.methods.culling.evaluator import ClassEvaluator
from frequency_shortcuts.maps.methods.culling.features import FeatureCollector
from frequency_shortcuts.maps.methods.engine import Limits
from frequency_shortcuts.maps.methods.workspace import Workspace
from frequency_shortcuts.spectrum.pairs import ConjugatePairs


@pytest.mark.parametrize("at_once", [1, 8, 24, 200])
@pytest.mark.usefixtures("small_blocks")
def test_features_equal_a_slow_loop_in_batches_of_any_size(small_network, at_once):
    """Gradient by gradient, image by image: within 1e-12 of the largest."""
    network, images, label = small_network(2, 3, dtype=torch.float64).eval(), batch((6, 6)), 1
    of_class = ClassEvaluator(Workspace(network, images, LABELS, 3, limits=Limits(batch=at_once)), label)
    found, pairs = FeatureCollector(of_class).collect(), ConjugatePairs(6, 6)
    share, bounds = pairs.size / 36, of_class.bounds
    slow = np.zeros((2, 5, len(bounds) - 1, len(pairs)))
    for i, image in enumerate(of_class.take(0, len(of_class))):
        changes = []
        for seen in gradients.with_noise(image[None], pairs, gradients.noisy_copies(len(pairs)), [i]):
            seen = seen[None].clone().requires_grad_()
            functional.cross_entropy(network(seen), torch.tensor([label])).backward()
            image_, slope = (
                pairs.gather(np.fft.fftshift(np.fft.fft2(x), axes=(-2, -1))) for x in (image, seen.grad[0])
            )
            changes.append(-(image_ * slope.conj()).real.sum(axis=0) * share)
            if len(changes) == 1:
                product = (np.abs(image_) * np.abs(slope)).sum(axis=0) * share
        energy = (np.abs(image_) ** 2).sum(axis=0) * share * of_class.influence[i]
        features = [changes[0], product, energy, np.mean(changes[1:], axis=0) - changes[0], np.std(changes[1:], axis=0)]
        group = np.searchsorted(bounds, i, side="right") - 1
        slow[:, :, group] += np.array(features) / len(of_class), np.array(features) ** 2 / len(of_class) ** 2
    for computed, expected in zip((found.mean, found.spread), slow, strict=True):
        np.testing.assert_allclose(computed, expected, rtol=0, atol=1e-12 * np.abs(expected).max())
    assert found.share.tolist() == [(last - first) / len(of_class) for first, last in pairwise(bounds)]
