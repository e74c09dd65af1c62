"""Which of many classes a figure shows."""

import numpy as np
import pandas as pd
import pytest

from frequency_shortcuts.figures import selection


def test_selected_are_the_highest_scores_in_the_classes_own_order():
    shown = selection.select_classes([0.1, 0.9, np.nan, 0.5, 0.9, 0.2], 3, "that are high")
    assert shown.index.tolist() == [1, 3, 4] and shown.note == "3 of 6 classes: those that are high"
    assert shown.names("abcdef") == ["b", "d", "e"]
    both = selection.select_classes([0.1, 0.9, np.nan, 0.5, 0.9, 0.2], 3, "", both_ends=True)
    assert both.index.tolist() == [0, 1, 4]
    assert selection.select_classes(np.zeros(5), 2, "").index.tolist() == [0, 1]
    assert selection.select_classes(np.full(5, np.nan), 4, "", both_ends=True).index.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("both_ends", [False, True])
def test_few_classes_are_all_shown_without_a_note(both_ends):
    n = 12
    shown = selection.select_classes(np.arange(n)[::-1], 12, "that are high", both_ends=both_ends)
    assert shown.index.tolist() == list(range(n)) and shown.note == ""


def test_no_class_at_all_is_refused():
    with pytest.raises(ValueError, match="most 0: expected at least 1 class"):
        selection.select_classes([1, 2], 0, "")


def test_the_clearest_shortcut_has_the_greatest_margin_of_the_headline_in_some_network():
    rows = [  # network, seed, class, margin, headline
        ("a", 0, "ant", 0.0, True),
        ("a", 0, "ant", 0.9, False),  # under another fill
        ("a", 0, "bee", 0.3, True),
        ("a", 0, "cow", 0.4, True),  # in one seed, and below in the other
        ("a", 1, "cow", -0.2, True),
        ("b", 0, "ant", 0.0, True),
        ("b", 0, "bee", -0.9, True),
        ("b", 0, "cow", 0.0, True),
        ("b", 0, "dog", 0.9, False),  # a class without a headline
    ]
    frame = pd.DataFrame(rows, columns=["network", "seed", "class", "margin", "headline"]).assign(augmentation="none")
    names = ["ant", "bee", "cow", "dog"]
    assert selection.clearest_shortcuts(frame, names, 1).names(names) == ["bee"]
    assert selection.clearest_shortcuts(frame, names, 3).names(names) == ["ant", "bee", "cow"]
    assert selection.clearest_shortcuts(frame.assign(headline=~frame["headline"]), names, 2).names(names) == [
        "ant",
        "dog",
    ]


def test_the_strongest_swap_has_the_greatest_tpr_minus_fpr_of_a_network_on_average_over_seeds():
    rows = [  # network, seed, class, tpr, fpr
        ("a", 0, "ant", 0.9, 0.8),
        ("a", 0, "bee", 0.7, np.nan),
        ("a", 1, "bee", 0.1, np.nan),
        ("a", 0, "cow", 0.2, 0.0),
        ("b", 0, "cow", 0.6, 0.1),
    ]
    columns = ["network", "seed", "class", "tpr_both", "fpr_both"]
    frame, names = pd.DataFrame(rows, columns=columns).assign(augmentation="none"), ["none", "ant", "bee", "cow"]
    assert selection.strongest_swap(frame, names, 1).names(names) == ["cow"]
    assert selection.strongest_swap(frame, names, 2).names(names) == ["bee", "cow"]
    assert selection.strongest_swap(frame, names, 4).note == ""


def test_the_largest_adcs_is_that_of_the_largest_absolute_value():
    values = np.zeros((4, 2, 2), np.int16)
    values[1], values[3, 0, 0] = -3, 3
    assert selection.largest_adcs(values, 1).index.tolist() == [1]


def test_first_and_last_learned_are_found_on_the_images_as_they_are():
    frame = pd.DataFrame(
        [(v, i, c, f1 if v == "full" else 1 - f1) for v in ("full", "low-pass") for i in (0, 1)
         for c, f1 in zip("abcd", (0.5, 0.9, 0.4, 0.1), strict=True)],
        columns=["view", "iteration", "class", "f1"],
    )  # fmt: skip
    assert selection.first_and_last_learned(frame, list("abcd"), "f1", 2).index.tolist() == [1, 3]
    assert selection.first_and_last_learned(frame.assign(f1=1 - frame["f1"]), list("abcd"), "f1", 3).index.tolist() == [
        1,
        2,
        3,
    ]


def test_evenly_spaced_classes_begin_and_end_the_list():
    shown = selection.evenly_spaced(1000, 4)
    assert shown.index.tolist() == [0, 333, 666, 999] and shown.note.startswith("4 of 1,000 classes: those ")
    assert selection.evenly_spaced(3, 4).index.tolist() == [0, 1, 2]
