"""Verdicts of the counterfactual test from hits that are written by hand: four classes of 40 images."""

from dataclasses import replace

import numpy as np
import pytest

from frequency_shortcuts.evaluation.counterfactual import Flips
from frequency_shortcuts.evaluation.flip_rates import NUMBERS, Thresholds, rates

CLASSES, EACH = 4, 40
LABELS = np.repeat(np.arange(CLASSES), EACH)


@pytest.fixture
def nothing():
    """A network that recognises all images, whatever happens to them."""
    columns = np.stack([np.flatnonzero(k != LABELS) for k in range(CLASSES)])
    own = np.stack([np.flatnonzero(k == LABELS) for k in range(CLASSES)])
    stay, mine = LABELS[columns].astype(np.int16)[None], LABELS[own].astype(np.int16)[None]
    return Flips(
        LABELS, LABELS.copy(), columns, {kind: stay.copy() for kind in ("flip", "sham", "part", "own_part", "coarse")},
        own, {kind: mine.copy() for kind in ("away", "away_sham")}, ~np.eye(CLASSES, dtype=bool),
        np.ones((CLASSES, 8, 8)), None, {},
    )  # fmt: skip


def verdicts(flips):
    return rates(flips).set_index("class")["verdict"].tolist()


def test_nothing_is_shown_with_its_bound(nothing):
    table = rates(nothing)
    assert (table["verdict"] == "not shown").all()
    highs = table[[f"{number}_high" for number in ("flip", "sham", "part")]]
    assert (highs < Thresholds().bound).all(axis=None)
    assert (table[[*NUMBERS]] == 0).all(axis=None)


@pytest.mark.parametrize("kind", ["flip", "sham", "part", "own_part"])
def test_a_class_follows_by_any_of_the_changes(nothing, kind):
    nothing.called[kind][0, 2] = 2
    assert verdicts(nothing) == ["not shown", "not shown", "follows", "not shown"]
    row = rates(nothing).loc[2]
    assert row["by"] == {"own_part": "sham"}.get(kind, kind)
    assert row[row["by"]] == 1
    assert row["part"] == (-1 if kind == "own_part" else float(kind == "part"))


def test_flips_of_the_images_of_one_class_alone_are_not_followed(nothing):
    """Any other spectrum takes the images of class 1, which needs its own: they are called 0."""
    column = nothing.columns[0]
    nothing.called["flip"][0, 0, LABELS[column] == 1] = 0
    table = rates(nothing)
    assert table.loc[0, "flip"] == pytest.approx(1 / 3)
    assert table.loc[0, "verdict"] == "cannot tell"


def test_a_class_whose_images_are_all_called_one_other_class_needs_its_spectrum(nothing):
    nothing.own_called["away"][0, 1] = 0
    assert verdicts(nothing) == ["not shown", "needs", "not shown", "not shown"]
    assert rates(nothing).loc[1, ["need", "by"]].tolist() == [1, "need"]


def test_images_that_a_sink_takes_do_not_count_in_needs(nothing):
    """Class 3 takes the images of all classes: no image is left for a need."""
    nothing.own_called["away_sham"][0, :3] = 3
    nothing.own_called["away"][0, :3] = 3
    table = rates(nothing)
    assert table["need"].isna().tolist() == [True, True, True, False]
    assert table["verdict"].tolist() == ["cannot tell"] * 3 + ["not shown"]


def test_a_class_that_is_not_recognised_has_no_other_verdict(nothing):
    nothing.called["flip"][0, 2] = 2
    everything = replace(nothing, unfiltered=np.full_like(LABELS, 2))
    assert verdicts(everything) == ["not recognised"] * CLASSES
