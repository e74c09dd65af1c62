"""Recall under corruptions, against loops over corruptions and images."""

import numpy as np
import pytest
import torch
from torch import nn

from frequency_shortcuts.data.corruptions import corrupt
from frequency_shortcuts.data.normalisation import normalise
from frequency_shortcuts.evaluation.corrupted import corrupted_recall


def pixels(n, channels, height, width):
    generator = np.random.default_rng(0)
    return torch.from_numpy(generator.integers(0, 256, (n, channels, height, width), dtype=np.uint8))


LABELS = np.array([0, 1, 2, 2, 0, 2, 1])
HOW = {"mean": [0.5], "std": [0.3]}


@pytest.mark.parametrize("batch_size", [2, 5, None])
def test_measure_equals_loops_over_corruptions_and_images(batch_size):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(99, 3)).double()
    images = pixels(len(LABELS), 1, 9, 11)
    table = corrupted_recall(network, images, LABELS, 3, seed=2, batch_size=batch_size, **HOW)
    assert len(table) == 3 * (1 + 5 * 5)
    for (name, strength), rows in table.groupby(["corruption", "strength"], sort=False):
        if strength == 0:
            assert name == "none"
        seen = images if strength == 0 else corrupt(name, images, strength, 2)
        with torch.no_grad():
            called = network(normalise(seen, **HOW, dtype=torch.float64)).argmax(dim=1).numpy()
        assert list(rows["tpr"]) == [np.mean(called[c == LABELS] == c) for c in range(3)]
        assert (rows["accuracy"] == np.mean(called == LABELS)).all()


def test_images_without_corruption_are_always_tested():
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    table = corrupted_recall(network, pixels(7, 1, 8, 8).numpy(), LABELS, 3, names=(), **HOW)
    assert list(table["corruption"]) == ["none"] * 3 and list(table["images"]) == [2, 2, 3]
    with pytest.raises(ValueError, match="expected uint8"):
        corrupted_recall(network, torch.rand(7, 1, 8, 8), LABELS, 3, **HOW)
