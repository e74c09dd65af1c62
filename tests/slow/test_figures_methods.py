"""Drawings of many methods side by side: their names are read, on the page, and five of them have colours."""

import itertools

import numpy as np
import pandas as pd
import pytest
from figure_checks import check_page
from matplotlib.transforms import Bbox

from frequency_shortcuts.evaluation.method_scores import CONTROL
from frequency_shortcuts.figures import methods

pytestmark = pytest.mark.usefixtures("closed_figures")
METHODS = (
    "culling", "culling_swap", "screened", "hfss", "greedy", "learned", "destroyed", "shapley", "rise", "rise_swap",
    "mixture", "ffc", "gradient", "adcs", "energy", "low_pass", "random",
)  # fmt: skip
RUN = {"network": "small", "augmentation": "none", "class": "C1"}


def scores():
    generator = np.random.default_rng(0)
    planted = itertools.product([f"set_{i}" for i in range(10)], (0, 1, 2), METHODS)
    rows = [{"dataset": name, "seed": seed, "method": method, "truth": "own"} for name, seed, method in planted]
    rows += [{"dataset": "photographs", "seed": 0, "method": method, "truth": None} for method in METHODS]
    passes = dict(zip(METHODS, [40_000] * 3 + [2, 300, 5_000, 1_000_000] * 2 + [4_000] * 2 + [0] * 4, strict=True))
    quality = dict(zip(METHODS, generator.uniform(size=len(METHODS)), strict=True))
    table = pd.DataFrame(rows).assign(**RUN, random=0.1, random_low=0.0, random_high=0.2)
    table["passes"] = table["method"].map(passes)
    return table.assign(average_precision=table["method"].map(quality).where(table["truth"].notna()))


def rates(count=1, tested=METHODS):
    names = ["photographs", *(f"set_{i}" for i in range(1, count))]
    rows = list(itertools.product(names, ("zeros",), (*tested, CONTROL), (1, 5, 20)))
    table = pd.DataFrame(rows, columns=["dataset", "fill", "method", "percent"]).assign(**RUN, seed=0, part="keep")
    values = np.random.default_rng(1).uniform(size=len(table))
    return table.assign(measure=values, tpr=values, fpr=0.0, margin=values - 0.5)


def test_every_mark_of_the_costs_has_its_name_beside_it_and_few_names_cover_another():
    figure = methods.cost(scores(), rates(), 5)
    check_page(figure)
    for axis in figure.axes:
        assert {text.get_text() for text in axis.texts} == set(METHODS)
        boxes = [text.get_window_extent() for text in axis.texts]
        assert all(axis.bbox.padded(2).contains(*corner) for box in boxes for corner in box.get_points())
        covered = [Bbox.intersection(*two) for two in itertools.combinations(boxes, 2)]
        assert sum(box is not None and box.width * box.height > 50 for box in covered) <= 1  # square pixels


def test_five_methods_stand_out_the_same_in_every_figure():
    figure = methods.rates(rates(count=10), "keep")
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    first = ["mixture", "culling", "rise_swap", "destroyed", "gradient"]
    assert names == [*first, "other methods", "low-pass", "random masks"]
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0 and box.x1 <= figure.bbox.width
    colours = {line.get_label(): line.get_color() for line in figure.axes[0].lines if line.get_label() in first}
    named = {text.get_text(): text.get_color() for text in methods.cost(scores(), rates(), 5).axes[0].texts}
    assert colours == {name: named[name] for name in first}
    assert len({*colours.values(), *(named[name] for name in METHODS if name not in first)}) == 6
