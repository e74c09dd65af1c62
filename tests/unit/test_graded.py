"""Graded sets: the rows of a set, its earliness, and a computation that resumes set by set."""

import numpy as np
import pandas as pd
import pytest

from conftest import StopAfter
from frequency_shortcuts import adcs
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.storage.journal import Stopped, Work
from study.images import planted
from study.measures import graded
from study.trainings.augmentation import Augmentation
from study.trainings.training import Protocol, Recipe

CONSTANTS = {"size": 16, "channels": 2, "pairs": 3, "rings": [[2, 4], [5, 7]], "gain_range": [3, 6]}
NETWORK = {"name": "resnet18", "width": 4, "stem": "small"}
RECIPE = Recipe(batch_size=8, learning_rate=0.05, schedule="one_cycle")
PROTOCOL = Protocol(NETWORK, RECIPE, Augmentation(shift=8, flip=False, wrap=True))
HOW = {"iterations": 5, "every": 2, "images": (7, 4)}


@pytest.fixture(scope="module")
def table():
    return graded.measure([300, 301], CONSTANTS, PROTOCOL, **HOW)


def test_the_distinctiveness_is_that_of_the_training_images(table):
    design = planted.Design("graded", cue_seed=300, **CONSTANTS)
    seed = int(np.random.SeedSequence(300).generate_state(2)[0])
    images, labels = planted.images(design, 7, seed)
    spectra = adcs.class_spectra(Split(images / 255, labels))
    expected = adcs.distinctiveness(spectra.mean_amplitude, spectra.standard_error)
    first = table[(table["seed"] == 300) & (table["iteration"] == 0)]
    # The network sees each channel divided by its own standard deviation, which are nearly the same.
    np.testing.assert_allclose(first["distinctiveness"], expected, rtol=0.01)


def test_earliness_is_the_mean_f1_after_the_first_iteration(table):
    found = graded.earliness(table)
    assert list(found) == ["seed", "class", "gain", "ring", "distinctiveness", "earliness", "recall", "images"]
    assert len(found) == 10
    for row in found.to_dict("records"):
        tests = table[(table["seed"] == row["seed"]) & (table["class"] == row["class"]) & (table["iteration"] > 0)]
        assert row["earliness"] == pytest.approx(sum(tests["f1"]) / len(tests))
        assert row["recall"] == tests["recall"].iloc[-1] and row["images"] == 4


def test_a_set_has_a_row_for_each_test_and_class(table):
    scores = ["distinctiveness", "precision", "recall", "f1", "images"]
    assert list(table) == ["seed", "iteration", "class", "gain", "ring", *scores]
    keys = [(seed, i, f"C{c}") for seed in (300, 301) for i in (0, 2, 4) for c in range(5)]
    assert list(zip(table["seed"], table["iteration"], table["class"], strict=True)) == keys
    assert (table["images"] == 4).all() and table[["precision", "recall", "f1"]].notna().all(axis=None)
    neutral = table["class"] == "C0"
    assert (table[["gain", "ring"]].isna().all(axis=1) == neutral).all()
    for seed, rows in table[~neutral].groupby("seed"):
        design = planted.Design("graded", cue_seed=seed, **CONSTANTS)
        for _, test in rows.groupby("iteration"):
            np.testing.assert_array_equal(test["gain"], design.gains[1:])
            assert tuple(test["ring"]) == design.ring_names[1:]


def test_a_stopped_computation_resumes_with_the_finished_sets(table, tmp_path, trained_iterations, caplog):
    state = tmp_path / "graded.csv.state"
    with pytest.raises(Stopped, match="stopped at set 301"):
        graded.measure([300, 301], CONSTANTS, PROTOCOL, **HOW, work=Work(state, stop=StopAfter(2)))
    of_one = len(trained_iterations)
    with caplog.at_level("INFO"):
        resumed = graded.measure([300, 301], CONSTANTS, PROTOCOL, **HOW, work=Work(state))
    last = table.query("seed == 301 and iteration == 4")["recall"].mean()
    assert f"set 301: mean recall {last:.3f} after 4 iterations" in caplog.text
    assert len(trained_iterations) == 2 * of_one
    pd.testing.assert_frame_equal(resumed, table)
    # Sets of other settings, or of other code, are not taken.
    graded.measure([300], CONSTANTS, PROTOCOL, **HOW, work=Work(state, version="another"))
    assert len(trained_iterations) == 3 * of_one
