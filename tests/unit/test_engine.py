"""Images, networks, batches and precisions that a culling computes with."""

import numpy as np
import pytest
import torch
from culled_images import LABELS, batch
from torch import nn

from frequency_shortcuts import culling
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.maps.methods.engine import Engine, Limits


class Tuple(nn.Module):
    def forward(self, images):
        return images, images


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch": 0}, "batch 0: expected at least 1"),
        ({"network": Tuple()}, "the network gives tuple for 2 images: expected logits"),
        ({"network": nn.Identity()}, r"the network gives \(2, 2, 6, 6\) for 2 images: expected logits"),
    ],
)
def test_batches_and_networks_of_another_kind_are_an_error(small_network, change, message):
    with pytest.raises(ValueError, match=message):
        culling.cull(**{"network": small_network(2, 3), "split": Split(batch((6, 6)), LABELS)} | change)


@pytest.mark.parametrize(("dtype", "given"), [(torch.float32, torch.float64), (torch.float64, torch.float32)])
def test_images_are_taken_in_the_networks_dtype(small_network, dtype, given):
    network, images = small_network(2, 3, dtype=dtype), batch((6, 6), dtype=given)
    found, expected = (culling.cull(network, Split(x, LABELS), "exact").score for x in (images, images.to(dtype)))
    np.testing.assert_array_equal(found, expected)


def test_backward_passes_get_smaller_too(small_network):
    """Otherwise, where only these do not fit, forward passes would stay at less than a backward pass holds."""
    engine = Engine.build(small_network(2, 3), Split(batch((6, 6)), LABELS), Limits(batch=32))
    sizes = []

    def compute():
        sizes.append((engine.batch, engine.backward_batch))
        if len(sizes) < 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return np.zeros(1)

    engine.within_memory(compute)
    assert sizes == [(32, 4), (16, 2), (8, 1), (4, 1)]

    def never():
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):  # at a single image
        engine.within_memory(never)


@pytest.mark.parametrize("precision", ["tf32", "bfloat16"])
def test_reduced_precision_stays_near(small_network, precision):
    images = batch((6, 6), dtype=torch.float32)
    full, reduced = (
        culling.cull(small_network(2, 3), Split(images, LABELS), "exact", precision=p) for p in ("float32", precision)
    )
    assert reduced.about["precision"] == precision
    np.testing.assert_allclose(reduced.score, full.score, rtol=0, atol=0.05)
