"""What must not change, at every size: energy, order, scale, kept frequencies. Tolerance 1e-10, float64."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_invariants import noise, seeds
from torch import nn

from frequency_shortcuts import culling


def smooth_network(seed, inputs, classes):
    with torch.random.fork_rng():
        torch.manual_seed(seed % 1000)
        return nn.Sequential(nn.Flatten(), nn.Tanh(), nn.Linear(inputs, classes).double())


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.integers(1, 6), st.integers(1, 6), seeds)
def test_increments_do_not_depend_on_the_order_of_images_and_classes(height, width, seed):
    generator, labels = np.random.default_rng(seed), np.array([1, 0, 2, 1, 0, 1, 2, 1])
    images, network = noise(seed, 8, 2, height, width), smooth_network(seed, 2 * height * width, 3)
    expected = culling.cull(network, images, labels, 3, "exact")
    place, name = generator.permutation(8), generator.permutation(3)  # name: old class -> new class
    renamed = smooth_network(seed, 2 * height * width, 3)
    with torch.no_grad():
        for mine, theirs in zip(renamed[2].parameters(), network[2].parameters(), strict=True):
            mine[name] = theirs
    found = culling.cull(renamed, images[place], name[labels[place]], 3, "exact", batch=5)
    np.testing.assert_allclose(found.increment[name], expected.increment, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.baseline_loss[name], expected.baseline_loss, rtol=0, atol=1e-10)
    np.testing.assert_array_equal(found.images_per_class[name], expected.images_per_class)
