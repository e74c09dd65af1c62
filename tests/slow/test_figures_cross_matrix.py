"""The drawing of the cross matrix: its cells are the means of the table, its titles the own-map advantage."""

import itertools

import numpy as np
import pytest
from drawn_tables import CLASSES, KINDS, cross_matrix, own_map_advantage
from figure_checks import check_page
from matplotlib.patches import Rectangle

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures import cross_matrix as matrices
from frequency_shortcuts.intervals import over_networks

pytestmark = pytest.mark.usefixtures("closed_figures")
MANY = [(f"resnet{n}", "none") for n in range(7)]


def drawn(table, classes, note=""):
    return matrices.cross_matrix(table, own_map_advantage(table), classes, note)


def planes(figure):
    return [axis.images[0].get_array() for axis in figure.axes if axis.images]


def test_a_cell_is_the_mean_over_seeds_of_a_class_with_a_map_under_the_primary_fill():
    names = ["a", "b", "c"]
    table = cross_matrix(names, seeds=(0, 1, 2), headline="swap")
    figure = drawn(table, ["neutral", *names])  # a neutral class has no row
    for (network, _), plane in zip(KINDS, planes(figure), strict=True):
        for (i, one), (j, other) in itertools.product(enumerate(names), repeat=2):
            rows = table[(table["network"] == network) & (table["class"] == one) & (table["map"] == other)]
            expected = rows.loc[rows["fill"] == "swap", "measure"]
            assert len(expected) == 3 and plane[i, j] == pytest.approx(expected.mean())
    first = figure.axes[0]
    assert (first.get_ylabel(), first.get_xlabel()) == ("images of", "map of")
    assert [text.get_text() for text in first.get_yticklabels()] == names
    assert [text.get_text() for text in first.get_xticklabels()] == names
    frames = [patch.get_xy() for patch in first.patches if isinstance(patch, Rectangle)]
    assert frames == [(c - 0.5, c - 0.5) for c in range(3)]
    assert first.images[0].get_clim() == (-1, 1)


@pytest.mark.parametrize(("seeds", "networks"), [(4, "these 4 networks"), (5, "5 networks")])
def test_the_advantage_stands_above_its_panel(seeds, networks):
    table = cross_matrix(seeds=range(seeds))
    advantage = own_map_advantage(table)
    figure = drawn(table, CLASSES)
    for (network, augmentation), axis in zip(KINDS, figure.axes, strict=False):
        values = advantage.query("network == @network and headline")["advantage"]
        value, low, high, _ = over_networks(values, [0.02] * seeds)
        label = network if augmentation == "none" else f"{network}, {augmentation}"
        expected = f"{label} own-map advantage {value:.2f} [{low:.2f}, {high:.2f}], {networks}"
        assert " ".join(axis.get_title().split()) == expected


def test_the_advantage_is_over_all_classes_where_only_some_are_drawn():
    names = [f"c{c}" for c in range(8)]
    table = cross_matrix(names)
    some = drawn(table, names[:3], "3 of 8 classes: those at the start")
    assert some.axes[0].get_title().split() == drawn(table, names).axes[0].get_title().split()
    assert planes(some)[0].shape == (3, 3) and some.get_suptitle() == "3 of 8 classes: those at the start"


def test_pairs_that_were_not_tested_are_grey_and_have_no_number():
    names = [f"c{c}" for c in range(5)]
    table = cross_matrix(names, near=2)
    axis = drawn(table, names).axes[0]
    missing = np.ma.getmaskarray(axis.images[0].get_array())
    assert missing.tolist() == [[(m - c) % 5 > 2 for m in range(5)] for c in range(5)]
    shown = {text.get_position(): text.get_text() for text in axis.texts}
    assert set(shown) == {(j, i) for i, j in np.argwhere(~missing)}
    assert shown[1, 0] == f"{axis.images[0].get_array()[0, 1]:.2f}"
    assert axis.get_facecolor()[:3] == (0.85,) * 3
    names.append("c5")
    assert not drawn(cross_matrix(names), names).axes[0].texts  # numbers in more cells would be too small


@pytest.mark.parametrize(("kinds", "n"), [(KINDS, 2), (MANY, 12)], ids=["few", "many"])
def test_panels_lie_on_the_page_and_their_titles_apart(kinds, n):
    names = [f"some long name of a class, such as {c}" for c in range(n)]
    figure = drawn(cross_matrix(names, kinds=kinds), names)
    check_page(figure)
    assert figure.get_figwidth() <= canvas.PAGE + 0.01 and figure.get_figheight() < 11
    titles = [axis.title.get_window_extent() for axis in figure.axes if axis.get_title()]
    assert len(titles) == len(kinds)
    for one, other in itertools.combinations(titles, 2):
        assert not one.overlaps(other)
    labels = [label for axis in figure.axes[: len(kinds)] for label in axis.get_yticklabels() if label.get_text()]
    for one, other in itertools.pairwise(label.get_window_extent() for label in labels[:n]):
        assert not one.overlaps(other)
