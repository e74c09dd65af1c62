"""The figures of the exchange test, and of the methods that find maps."""

import itertools

import numpy as np
import pandas as pd
import pytest
from drawn_tables import check_drawing, check_page

from benchmarks import drawing

pytestmark = pytest.mark.usefixtures("closed_figures")


def test_artefacts_stand_in_the_panel_of_their_share_and_are_filled_where_the_test_warns():
    generator = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "part": ["fine", "field", "patch", np.nan],
            "verdict": ["follows", "nothing found", "follows", "follows"],
            "share": [1, 0.5, 0.5, np.nan],
            "lost": generator.random(4),
            "border": generator.random(4),
        }
    )
    figure = drawing.draw_leaks(table.assign(suite="scenes", harm="between"))
    check_drawing(figure, "fine", "field", "patch", "the test warns", "in half")
    for share, panel in zip(drawing.SHARES, figure.axes, strict=True):
        marks = [line for line in panel.lines if len(line.get_xdata()) == 1]
        own = table[table["share"] == share]
        assert sorted(line.get_ydata()[0] for line in marks) == sorted(own["border"])
        filled = [line for line in marks if line.get_markerfacecolor() != "none"]
        assert len(filled) == (own["verdict"] == "follows").sum()


def test_methods_stand_by_their_passes_and_those_without_at_the_left_with_the_classes_that_have_scores():
    about = {"network": "small", "augmentation": "none", "seed": 0}
    rows = [(f"set_{i}", "own", name, passes, c, value) for i, (name, passes) in itertools.product(
                range(4), {"mixture": 300, "culling": 40_000, "energy": 0, "random": 0}.items())
            for c, value in (("C1", 0.5 + i / 10), ("C2", 0.7 + i / 10), ("C3", np.nan))]  # fmt: skip
    rows += [("set_0", "better_half", "mixture", 300, "C1", 0.0)]
    columns = ["dataset", "truth", "method", "passes", "class", "average_precision"]
    figure = drawing.draw_methods(pd.DataFrame(rows, columns=columns).assign(**about, seconds=1))
    check_page(figure)
    assert [axis.get_title() for axis in figure.axes[:4]] == [f"set_{i}, n = 2" for i in range(4)]
    assert {text.get_text() for text in figure.legends[0].get_texts()} == {
        "mixture",
        "culling",
        "energy",
        "random",
    }
    for i, axis in enumerate(figure.axes[:4]):
        marks = {
            line.get_label(): line.get_xydata()[0]
            for line in axis.lines
            if not line.get_label().startswith("_")
        }
        assert all(mark[1] == pytest.approx(0.6 + i / 10) for mark in marks.values())
        assert (
            marks["energy"][0]
            < marks["random"][0]
            < marks["mixture"][0]
            == 300
            < marks["culling"][0]
            == 40_000
        )
