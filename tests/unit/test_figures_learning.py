"""Drawings of learning, and which classes figures show."""

import numpy as np
import pandas as pd
import pytest
from drawn_tables import has_whole_ticks

from frequency_shortcuts.figures import learning, selection

pytestmark = pytest.mark.usefixtures("closed_figures")


def test_dynamics_draw_mean_and_standard_deviation_over_seeds():
    frame = pd.DataFrame(
        [("n", "none", seed, i, "full", "a", 0.1 * i + 0.2 * seed) for seed in (0, 1, 2) for i in (0, 1)],
        columns=["network", "augmentation", "seed", "iteration", "view", "class", "f1"],
    )
    axis = learning.dynamics(frame, ["a"]).axes[0]
    np.testing.assert_allclose(axis.lines[0].get_ydata(), [0.2, 0.3])
    assert has_whole_ticks(axis.xaxis)
    band = axis.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((0.0, 0.5))  # 0.2 on either side


def test_graded_sets_are_drawn_by_ring_without_the_neutral_class():
    rows = [(seed, name, gain, ring, 0.2 * gain) for seed, shift in ((7, 0), (8, 0.4)) for name, gain, ring in
            (("C0", np.nan, np.nan), ("C1", 3.1 + shift, "low"), ("C2", 1.6 + shift, "high"))]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["seed", "class", "gain", "ring", "earliness"])
    axis = learning.graded(frame).axes[0]
    *sets, low, high = axis.lines
    assert [line.get_label() for line in (low, high)] == ["low ring", "high ring"]
    np.testing.assert_allclose(sorted(low.get_xdata()), [3.1, 3.5])
    np.testing.assert_allclose(sorted(high.get_ydata()), [0.32, 0.4])
    assert len(sets) == 2 and all(len(line.get_xdata()) == 2 for line in sets)
    assert low.get_marker() != high.get_marker()


def test_selected_are_the_highest_scores_in_the_classes_own_order():
    shown = selection.select_classes([0.1, 0.9, np.nan, 0.5, 0.9, 0.2], 3, "that are high")
    assert shown.index.tolist() == [1, 3, 4] and shown.note == "3 of 6 classes: those that are high"
    assert shown.names("abcdef") == ["b", "d", "e"]
    both = selection.select_classes([0.1, 0.9, np.nan, 0.5, 0.9, 0.2], 3, "", both_ends=True)
    assert both.index.tolist() == [0, 1, 4]
    assert selection.select_classes(np.zeros(5), 2, "").index.tolist() == [0, 1]
    assert selection.select_classes(np.full(5, np.nan), 4, "", both_ends=True).index.tolist() == [0, 1, 2, 3]
    for both_ends in (False, True):  # few are all shown without a note
        few = selection.select_classes([3, 2, 1], 3, "that are high", both_ends=both_ends)
        assert few.index.tolist() == [0, 1, 2] and few.note == ""
    with pytest.raises(ValueError, match="most 0: expected at least 1 class"):
        selection.select_classes([1, 2], 0, "")


def test_the_clearest_shortcut_has_the_greatest_margin_of_the_headline_in_some_network():
    """ant: more under another fill; cow: more in one seed of two; dog: without a headline."""
    rows = [
        ("a", 0, "ant", 0.0, True), ("a", 0, "ant", 0.9, False), ("a", 0, "bee", 0.3, True), ("a", 0, "cow", 0.4, True),
        ("a", 1, "cow", -0.2, True), ("b", 0, "ant", 0.0, True), ("b", 0, "bee", -0.9, True),
        ("b", 0, "cow", 0.0, True), ("b", 0, "dog", 0.9, False),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["network", "seed", "class", "margin", "headline"]).assign(augmentation="none")
    names = ["ant", "bee", "cow", "dog"]
    assert selection.clearest_shortcuts(frame, names, 1).names(names) == ["bee"]
    assert selection.clearest_shortcuts(frame, names, 3).names(names) == ["ant", "bee", "cow"]
    others = frame.assign(headline=~frame["headline"])
    assert selection.clearest_shortcuts(others, names, 2).names(names) == ["ant", "dog"]


def test_the_strongest_swap_has_the_greatest_tpr_minus_fpr_of_a_network_on_average_over_seeds():
    rows = [("a", 0, "ant", 0.9, 0.8), ("a", 0, "bee", 0.7, np.nan), ("a", 1, "bee", 0.1, np.nan),
            ("a", 0, "cow", 0.2, 0.0), ("b", 0, "cow", 0.6, 0.1)]  # fmt: skip
    columns = ["network", "seed", "class", "tpr_both", "fpr_both"]
    frame, names = pd.DataFrame(rows, columns=columns).assign(augmentation="none"), ["none", "ant", "bee", "cow"]
    assert selection.strongest_swap(frame, names, 1).names(names) == ["cow"]
    assert selection.strongest_swap(frame, names, 2).names(names) == ["bee", "cow"]
    assert selection.strongest_swap(frame, names, 4).note == ""


def test_first_and_last_learned_are_found_on_the_images_as_they_are():
    frame = pd.DataFrame(
        [(v, i, c, f1 if v == "full" else 1 - f1) for v in ("full", "low-pass") for i in (0, 1)
         for c, f1 in zip("abcd", (0.5, 0.9, 0.4, 0.1), strict=True)],
        columns=["view", "iteration", "class", "f1"],
    )  # fmt: skip
    assert selection.first_and_last_learned(frame, list("abcd"), "f1", 2).index.tolist() == [1, 3]
    reverse = frame.assign(f1=1 - frame["f1"])
    assert selection.first_and_last_learned(reverse, list("abcd"), "f1", 3).index.tolist() == [1, 2, 3]


def test_evenly_spaced_classes_begin_and_end_the_list():
    shown = selection.evenly_spaced(1000, 4)
    assert shown.index.tolist() == [0, 333, 666, 999] and shown.note.startswith("4 of 1,000 classes: those ")
    assert selection.evenly_spaced(3, 4).index.tolist() == [0, 1, 2]


def test_the_largest_adcs_is_that_of_the_largest_absolute_value():
    values = np.zeros((4, 2, 2), np.int16)
    values[1], values[3, 0, 0] = -3, 3
    assert selection.largest_adcs(values, 1).index.tolist() == [1]
