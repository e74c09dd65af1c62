"""Graded sets: the rows of a set, its earliness, and a computation that resumes set by set."""

import numpy as np
import pytest

from frequency_shortcuts import adcs
from frequency_shortcuts.data import planted
from frequency_shortcuts.evaluation import graded
from frequency_shortcuts.networks.augmentation import Augmentation
from frequency_shortcuts.networks.recipe import Recipe

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
