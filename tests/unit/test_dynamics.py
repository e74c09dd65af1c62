"""The learning dynamics, by hand and batch by batch; and graded sets, whose measure they are."""

import copy
import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from stops import StopAfter
from training_runs import CLASSES, DYNAMICS, TEST, run, tiny

from frequency_shortcuts import adcs
from frequency_shortcuts.data import planted
from frequency_shortcuts.data.normalisation import normalise
from frequency_shortcuts.evaluation import graded
from frequency_shortcuts.networks import dynamics
from frequency_shortcuts.networks.augmentation import Augmentation
from frequency_shortcuts.networks.recipe import Recipe
from frequency_shortcuts.storage.journal import Stopped


@pytest.fixture(scope="module")
def reference():
    return run()


def views_by_hand(data, cutoff):
    """A slow loop over the positions of the centred spectrum."""
    images = (data.images / 255 - data.mean[:, None, None]) / data.std[:, None, None]
    spectrum = np.fft.fftshift(np.fft.fft2(images), axes=(-2, -1))
    low = np.array([[(u - 4) ** 2 + (v - 4) ** 2 < cutoff**2 for v in range(8)] for u in range(8)])

    def back(mask):
        return np.fft.ifft2(np.fft.ifftshift(spectrum * mask, axes=(-2, -1))).real

    return {"full": images, "low-pass": back(low), "high-pass": back(~low)}


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


# Graded sets

CONSTANTS = {"size": 16, "channels": 2, "pairs": 3, "rings": [[2, 4], [5, 7]], "gain_range": [3, 6]}
NETWORK = {"name": "resnet18", "width": 4, "stem": "small"}
RECIPE = Recipe(batch_size=8, learning_rate=0.05, schedule="one_cycle")
PROTOCOL = graded.Protocol(NETWORK, RECIPE, Augmentation(shift=8, flip=False, wrap=True), 5, 2, 7, 4)


@pytest.fixture(scope="module")
def table():
    return graded.measure([300, 301], CONSTANTS, PROTOCOL)


def test_the_distinctiveness_is_that_of_the_training_images(table):
    design = planted.design("graded", cue_seed=300, **CONSTANTS)
    seed = int(np.random.SeedSequence(300).generate_state(2)[0])
    images, labels = planted.images(design, 7, seed)
    spectra = adcs.class_spectra(images / 255, labels, 5)
    expected = adcs.distinctiveness(spectra.mean_amplitude, spectra.standard_error)
    first = table[(table["seed"] == 300) & (table["iteration"] == 0)]
    # The network sees each channel divided by its own standard deviation, which are nearly the same.
    np.testing.assert_allclose(first["distinctiveness"], expected, rtol=0.01)


def test_earliness_is_the_mean_f1_after_the_first_iteration(table):
    found = graded.earliness(table)
    assert list(found.columns) == [
        "seed", "class", "gain", "ring", "distinctiveness", "earliness", "recall", "images"
    ]  # fmt: skip
    assert len(found) == 10
    for row in found.to_dict("records"):
        tests = [
            test for test in table.to_dict("records")
            if test["seed"] == row["seed"] and test["class"] == row["class"] and test["iteration"] > 0
        ]  # fmt: skip
        assert row["earliness"] == pytest.approx(sum(test["f1"] for test in tests) / len(tests))
        assert row["recall"] == tests[-1]["recall"] and row["images"] == 4


def test_a_set_has_a_row_for_each_test_and_class(table):
    assert list(table.columns) == [
        "seed", "iteration", "class", "gain", "ring", "distinctiveness", "precision", "recall", "f1", "images"
    ]  # fmt: skip
    keys = [(seed, i, name) for seed in (300, 301) for i in (0, 2, 4) for name in ("C0", "C1", "C2", "C3", "C4")]
    assert list(zip(table["seed"], table["iteration"], table["class"], strict=True)) == keys
    assert (table["images"] == 4).all() and table[["precision", "recall", "f1"]].notna().all(axis=None)
    neutral = table["class"] == "C0"
    assert (table[["gain", "ring"]].isna().all(axis=1) == neutral).all()
    for seed, rows in table[~neutral].groupby("seed"):
        design = planted.design("graded", cue_seed=seed, **CONSTANTS)
        for _, test in rows.groupby("iteration"):
            np.testing.assert_array_equal(test["gain"], design.gains[1:])
            assert tuple(test["ring"]) == design.ring_names[1:]


def test_a_stopped_computation_resumes_with_the_finished_sets(table, tmp_path, trained_iterations):
    state = tmp_path / "graded.csv.state"
    with pytest.raises(Stopped, match="stopped at set 301"):
        graded.measure([300, 301], CONSTANTS, PROTOCOL, state=state, stop=StopAfter(2))
    of_one = len(trained_iterations)
    resumed = graded.measure([300, 301], CONSTANTS, PROTOCOL, state=state)
    assert len(trained_iterations) == 2 * of_one
    pd.testing.assert_frame_equal(resumed, table)
    # Sets of other settings, or of other code, are not taken.
    graded.measure([300], CONSTANTS, PROTOCOL, state=state, version="another")
    assert len(trained_iterations) == 3 * of_one
