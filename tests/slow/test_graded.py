"""Graded sets: the rows of a set, its earliness, and a computation that resumes set by set."""

import numpy as np
import pandas as pd
import pytest
from stops import StopAfter
from test_graded import (
    CONSTANTS,
    PROTOCOL,
    table,  # noqa: F401 (fixtures)
)

from frequency_shortcuts.data import planted
from frequency_shortcuts.evaluation import graded
from frequency_shortcuts.storage.journal import Stopped

CLASSES = ["C0", "C1", "C2", "C3", "C4"]


def test_a_set_has_a_row_for_each_test_and_class(table):
    assert list(table.columns) == [
        "seed", "iteration", "class", "gain", "ring", "distinctiveness", "precision", "recall", "f1", "images"
    ]  # fmt: skip
    keys = [(seed, i, name) for seed in (300, 301) for i in (0, 2, 4) for name in CLASSES]
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
