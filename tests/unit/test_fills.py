"""The fill of the frequencies that are not kept."""

import numpy as np
import pytest

from frequency_shortcuts.spectrum import fills

LABELS = np.array([0, 1, 2, 2, 0, 2, 2, 1, 2, 0, 2, 1])


@pytest.mark.parametrize("seed", [3])
def test_donors_are_of_the_neutral_class_and_never_the_image_itself(seed):
    found = fills.donors(LABELS, neutral=2, seed=seed)
    assert (LABELS[found] == 2).all()
    assert (found != np.arange(len(LABELS))).all()
    assert sorted(found[LABELS == 2]) == sorted(np.flatnonzero(LABELS == 2))  # each gives to one of its own class


@pytest.mark.parametrize("seed", [3])
def test_donors_without_a_neutral_class_are_of_another_class(seed):
    found = fills.donors(LABELS, seed=seed)
    assert (LABELS[found] != LABELS).all()
    np.testing.assert_array_equal(found, fills.donors(LABELS, seed=seed))
    assert not np.array_equal(found, fills.donors(LABELS, seed=seed + 5))


def test_every_donor_of_a_class_is_used_about_equally_often():
    labels = np.repeat([0, 1], [7, 30])
    count = np.bincount(fills.donors(labels, neutral=0)[labels == 1], minlength=7)
    assert count[:7].min() >= 4 and count[:7].max() <= 5


def test_donors_say_where_there_is_none():
    with pytest.raises(ValueError, match="an image of class 0 needs another image of another class"):
        fills.donors([0, 0, 0])
    with pytest.raises(ValueError, match="an image of class 0 needs another image of the neutral class 0"):
        fills.donors([0, 1, 1], neutral=0)
    with pytest.raises(ValueError, match="class 0 needs another image of the neutral class 3"):
        fills.donors([0, 1, 1], neutral=3)


@pytest.mark.parametrize(
    ("names", "message"), [(("zeros", "noise"), "noise is gone"), (("white",), "unknown fill 'white'"), ((), "no fill")]
)
def test_a_fill_that_does_not_exist_is_named(names, message):
    with pytest.raises(ValueError, match=message):
        fills.check_fills(names)
