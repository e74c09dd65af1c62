"""The drawing of the stability of maps: what it shows for one, few and many runs."""

import itertools

import pytest
from figure_checks import check_page, texts_of
from test_figures_stability import RUNS, overlaps

from frequency_shortcuts.figures import stability as stability_figure

pytestmark = pytest.mark.usefixtures("closed_figures")


def stability():
    return stability_figure.stability(overlaps(RUNS, RUNS[:1]), 5)


def stability_of_one_run():
    return stability_figure.stability(overlaps(RUNS[:1], RUNS[:1]), 5)


def stability_of_many_runs():
    runs = list(itertools.product(("a", "b", "c"), ("none", "sin"), (0, 1, 2)))
    return stability_figure.stability(overlaps(runs, runs[::3]), 5)


# Every drawing, and what must and must not be read on it.
DRAWINGS = {
    stability: (
        ["resnet18\nseed 0", "resnet18\naugmix\nseed 0", "two seeds", "two networks", "two augmentations",
         "two image halves", "chance, same radii", "chance, uniform", "overlap (IoU)",
         "diagonal: two halves of the images"],
        ["runs unlike in several ways"],
    ),
    stability_of_one_run: (["resnet18, seed 0", "two image halves"], ["two seeds", "two networks"]),
    stability_of_many_runs: (
        ["a", "c\nsin", "two seeds", "means over seeds; diagonal: two seeds of the network"], ["a\nseed 0"]
    ),
}  # fmt: skip


@pytest.mark.parametrize("draw", DRAWINGS, ids=lambda draw: draw.__name__)
def test_a_drawing_says_what_it_shows(draw):
    figure = draw()
    check_page(figure)
    shown = texts_of(figure)
    there, absent = DRAWINGS[draw]
    assert [text for text in there if text not in shown] == []
    assert not shown.intersection(absent)
