"""The figure of the counterfactual test: the cross matrix of flips, and what the verdicts rest on."""

import numpy as np
import pandas as pd
import pytest
from drawn_tables import check_page
from matplotlib.colors import to_rgba

from frequency_shortcuts.evaluation.flip_rates import NUMBERS, Thresholds
from frequency_shortcuts.figures import cross_matrix, selection

pytestmark = pytest.mark.usefixtures("closed_figures")
CLASSES = ("neutral", "ant", "bee", "cow & calf")


def tables(classes=CLASSES[1:], seeds=(0, 1)):
    """The tables `flips` and `cross_flips` of one kind of network; bee follows in the last seed, by its part."""
    generator = np.random.default_rng(0)
    kind = {"dataset": "zoo", "network": "small", "augmentation": "none"}
    rows, cells = [], []
    for seed in seeds:
        for name in classes:
            row = {**kind, "seed": seed, "class": name, "verdict": "not shown"}
            for number in NUMBERS:
                value = 0.9 if (number, name, seed) == ("part", "bee", seeds[-1]) else generator.uniform(0, 0.05)
                row |= {number: value, f"{number}_low": value - 0.03, f"{number}_high": value + 0.03}
            rows.append(row | ({"verdict": "follows"} if row["part"] > 0.5 else {}))
            cells += [
                {**kind, "seed": seed, "class": name, "spectrum_of": other, "flip": generator.uniform(-0.02, 1)}
                for other in classes
            ]
    return pd.DataFrame(rows), pd.DataFrame(cells)


def test_cells_are_means_over_seeds_and_a_neutral_class_is_left_out():
    table, cross = tables()
    figure = cross_matrix.flips(table, cross, CLASSES, "the first of 2 kinds of networks")
    matrix, *strips = figure.axes
    shown = matrix.images[0].get_array()
    means = cross.groupby(["class", "spectrum_of"])["flip"].mean()
    for i, c in enumerate(CLASSES[1:]):
        for j, k in enumerate(CLASSES[1:]):
            assert shown[i, j] == pytest.approx(means[c, k])
    assert matrix.images[0].get_clim() == (0, 1) and len(matrix.texts) == 9
    assert [label.get_text() for label in matrix.get_yticklabels()] == list(CLASSES[1:])
    assert [strip.get_title() for strip in strips] == list(NUMBERS)
    assert {"the first of 2 kinds of networks", "share of other images,\nmean of 2 networks"} <= check_page(figure)


def test_a_dot_is_a_network_and_coloured_where_this_number_gives_the_verdict():
    table, cross = tables()
    _, *strips = cross_matrix.flips(table, cross, CLASSES).axes
    for number, strip in zip(NUMBERS, strips, strict=True):
        dots = [drawn for drawn in strip.collections if len(drawn.get_offsets()) == 2 and drawn.get_sizes().size]
        for name, drawn in zip(CLASSES[1:], dots, strict=True):
            values = table.loc[table["class"] == name, number]
            assert drawn.get_offsets()[:, 0].tolist() == pytest.approx(values.tolist())
            found = [tuple(colour) == to_rgba(cross_matrix.FOUND) for colour in drawn.get_facecolors()]
            assert found == [False, (number, name) == ("part", "bee")]
        assert strip.lines[0].get_xdata()[0] == getattr(Thresholds(), number)


def test_what_is_unknown_is_grey_and_without_a_dot():
    table, cross = tables(seeds=(3,))
    table[[f"{number}{end}" for number in NUMBERS for end in ("", "_low", "_high")]] = np.nan
    figure = cross_matrix.flips(table.assign(verdict="cannot tell"), cross.assign(flip=np.nan), CLASSES)
    assert figure.axes[0].images[0].get_array().mask.all()
    assert {"share of other images", "not measured"} <= check_page(figure)


def test_of_many_classes_the_clearest_are_drawn_and_a_bar_stands_in_for_numbers():
    names = [f"a class with a long name {c}" for c in range(20)] + ["bee"]
    table, cross = tables(names)
    shown = selection.clearest_flips(table, names, 13)
    assert "bee" in shown.names(names) and shown.note == "13 of 21 classes: those that are followed or needed most"
    figure = cross_matrix.flips(table, cross, shown.names(names), shown.note)
    assert not figure.axes[0].texts and figure.axes[-1].get_ylabel() == "share of other images"
    check_page(figure)
