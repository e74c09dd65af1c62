"""The benchmark, on small networks: the accuracy is stated in each test."""

import numpy as np
import pandas as pd
import pytest
import torch

from bench import measure_screening, published
from frequency_shortcuts import culling
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

LABELS = np.array([0, 1, 2, 0, 1, 2, 1])


def test_the_published_procedure_finds_the_same_increments(small_network):
    """Tolerance 5e-6: float32, and pixels that passed through a picture file."""
    channels = 3
    pixels = np.random.default_rng(0).integers(0, 256, (7, channels, 8, 6), dtype=np.uint8)
    mean, std = np.full(channels, 0.45), np.full(channels, 0.3)
    network, pairs, device = small_network(channels, 3).eval(), ConjugatePairs(8, 6), torch.device("cpu")
    culled = culling.cull(network, Split(pixels, LABELS, mean=mean, std=std), "exact")
    files = published.encoded(pixels)

    def loss(c, mask):
        return published.class_loss(network, files, LABELS, c, mean, std, device, mask)

    for c in range(3):
        assert loss(c, None) == pytest.approx(culled.about["baseline_loss"][c], abs=5e-6)
        for p in range(len(pairs)):
            slow = loss(c, published.mask_without(pairs, p, device)) - loss(c, None)
            assert slow == pytest.approx(culled.score[c, p], abs=5e-6)


def test_the_figure_of_screening_shows_the_mean_of_the_networks_by_size_of_the_images():
    curve = pd.DataFrame(
        [
            {"network": name, "side": side, "percent": percent, "target_recall": target, "share_of_passes": target / 4,
             "overlap": target + more}
            for side in (32, 64) for name, more in (("a", 0.0), ("b", 0.1)) for percent in (1, 5)
            for target in (0.8, 0.9)
        ]
    )  # fmt: skip
    _, *lines = measure_screening.overlap_figure(curve).axes[0].lines
    assert [line.get_label() for line in lines] == ["32 x 32 pixels", "64 x 64 pixels"]
    for line in lines:
        np.testing.assert_allclose(line.get_xydata(), [[20, 0.85], [22.5, 0.95]])
