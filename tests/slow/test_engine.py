"""Images, networks, batches and precisions that a culling computes with."""

import numpy as np
import pytest
import torch
from culled_images import LABELS, Counting, batch

from frequency_shortcuts import culling


@pytest.mark.parametrize("method", culling.METHODS)
def test_a_batch_that_does_not_fit_is_halved(small_network, method, caplog):
    class Small(Counting):
        def forward(self, images):
            if len(images) > 3:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return self.network(images)

    images, network = batch((6, 6)), small_network(2, 3, dtype=torch.float64).eval()
    found = culling.cull(Small(network), images, LABELS, 3, method, batch=32)
    expected = culling.cull(network, images, LABELS, 3, method, batch=2)
    assert np.array_equal(found.evaluated, expected.evaluated)
    exact = found.evaluated
    np.testing.assert_allclose(found.increment[exact], expected.increment[exact], rtol=0, atol=1e-9)
    assert "out of memory: going on with batches of 2" in caplog.text


@pytest.mark.parametrize("mib", [0.2, 1])
def test_no_batch_is_larger_than_the_budget_allows(small_network, mib):
    counting, largest = Counting(small_network(2, 3).eval()), []
    counting.register_forward_pre_hook(lambda _, images: largest.append(images[0].nbytes))
    culling.cull(
        counting, batch((8, 8), dtype=torch.float32).repeat(50, 1, 1, 1), np.tile(LABELS, 50), 3, memory_mib=mib
    )
    # Five feature planes in and out of a layer, twice, beside the two planes of the image.
    assert max(largest) * (2 * 10 + 2) / 2 <= mib * 2**20


def test_a_compiled_network_gives_the_same(small_network, monkeypatch):
    """The wiring alone, on the backend that needs no C++ compiler."""
    compile_, seen = torch.compile, []

    def eager(network, mode):
        seen.append(mode)
        return compile_(network, backend="eager")

    monkeypatch.setattr(torch, "compile", eager)
    images = batch((6, 6), dtype=torch.float32)
    for method in culling.METHODS:
        plain = culling.cull(small_network(2, 3), images, LABELS, 3, method)
        other = culling.cull(small_network(2, 3), images, LABELS, 3, method, compiled=True)
        both = plain.evaluated & other.evaluated
        np.testing.assert_allclose(other.increment[both], plain.increment[both], rtol=0, atol=2e-6)
    assert seen == [None, None]  # the mode is for CUDA
