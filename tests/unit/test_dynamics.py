"""The learning dynamics, by hand and batch by batch."""

import copy
import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from full_spectra import exchanged
from training_runs import CLASSES, DYNAMICS, TEST, run, tiny

from frequency_shortcuts.data.normalisation import normalise
from frequency_shortcuts.networks import dynamics


@pytest.fixture(scope="module")
def reference():
    return run()


def views_by_hand(data, cutoff):
    """A slow loop over the positions of the centred spectrum."""
    images = (data.images / 255 - data.mean[:, None, None]) / data.std[:, None, None]
    low = np.array([[(u - 4) ** 2 + (v - 4) ** 2 < cutoff**2 for v in range(8)] for u in range(8)])
    return {"full": images, "low-pass": exchanged(images, low), "high-pass": exchanged(images, ~low)}


def scores_by_hand(labels, called, c):
    hit = sum(t == c and p == c for t, p in zip(labels, called, strict=True))
    precision = hit / max(1, sum(p == c for p in called))
    recall = hit / sum(t == c for t in labels)
    return precision, recall, 2 * precision * recall / (precision + recall) if hit else 0.0


@pytest.mark.usefixtures("small_batches")
def test_dynamics_at_the_start_against_a_computation_by_hand(monkeypatch):
    """Never more than a batch of images is held as numbers: three copies of ImageNet's would take 90 GB."""
    sizes = []
    monkeypatch.setattr(
        dynamics, "normalise", lambda images, *given: (sizes.append(len(images)), normalise(images, *given))[1]
    )
    network = tiny(seed=5)
    with torch.inference_mode():
        untrained = copy.deepcopy(network).eval()
        called = {
            view: untrained(torch.from_numpy(images).float()).argmax(dim=1).tolist()
            for view, images in views_by_hand(TEST, 2.0).items()
        }
    expected = pd.DataFrame(
        [
            (
                *(0, view, name),
                *scores_by_hand(TEST.labels, called[view], c),
                *(list(TEST.labels).count(c), called[view].count(c)),
            )
            for view in ("full", "low-pass", "high-pass")
            for c, name in enumerate(CLASSES)
        ],
        columns=["iteration", "view", "class", "precision", "recall", "f1", "images", "called"],
    )
    rows = run(network=network).dynamics
    pd.testing.assert_frame_equal(rows[rows["iteration"] == 0], expected, rtol=1e-12)
    assert max(sizes) == 4
    assert 0 < expected["f1"].mean() < 1
    assert rows["iteration"].unique().tolist() == [0, 2, 4, 6] and len(rows) == 4 * len(expected)


def test_dynamics_of_one_view_are_the_rows_of_that_view(reference):
    one = run(dynamics=dataclasses.replace(DYNAMICS, cutoff=np.nan, views=("full",))).dynamics
    full = reference.dynamics[reference.dynamics["view"] == "full"].reset_index(drop=True)
    assert one.equals(full)
    with pytest.raises(ValueError, match="cutoff: the low-pass and the high-pass view need one"):
        dataclasses.replace(DYNAMICS, cutoff=np.nan)


def test_testing_the_dynamics_does_not_change_the_training(reference):
    without = run(dynamics=None)
    assert len(without.dynamics) == 0
    assert without.history.equals(reference.history)
    assert all(torch.equal(without.weights[name], tensor) for name, tensor in reference.weights.items())
