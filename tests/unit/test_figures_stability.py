"""The drawing of the stability of maps: what it shows for one, few and many runs."""

import itertools

import numpy as np
import pandas as pd
import pytest
from figure_checks import check_page, texts_of

from frequency_shortcuts.figures import stability as stability_figure

pytestmark = pytest.mark.usefixtures("closed_figures")

CLASSES = ("C0", "C1", "C3")


def overlaps(runs, halved=()):
    """A table of comparisons of these runs, (network, augmentation, seed), with the class means that are expected."""
    generator, rows = np.random.default_rng(0), []
    pairs = [*itertools.combinations(runs, 2), *((run, run) for run in halved)]
    for one, other in pairs:
        differ = [name for name, a, b in zip(("networks", "augmentations", "seeds"), one, other, strict=True) if a != b]
        kind = {0: "images", 1: "".join(differ)}.get(len(differ), "several")
        ends = [f"{network}/{augmentation}/seed{seed}" for network, augmentation, seed in (one, other)]
        ends = [f"{end}/half{half}" for half, end in enumerate(ends)] if kind == "images" else ends
        for percent, name in itertools.product((1, 5), CLASSES):
            rows.append((kind, *ends, percent, name, *generator.uniform(size=3)))
    columns = ["comparison", "left", "right", "percent", "class", "iou", "random", "radial"]
    return pd.DataFrame(rows, columns=columns)


RUNS = [("resnet18", "none", 0), ("resnet18", "none", 1), ("resnet18", "augmix", 0), ("vgg16", "none", 0)]


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


@pytest.mark.slow
@pytest.mark.parametrize("draw", DRAWINGS, ids=lambda draw: draw.__name__)
def test_a_drawing_says_what_it_shows(draw):
    figure = draw()
    check_page(figure)
    shown = texts_of(figure)
    there, absent = DRAWINGS[draw]
    assert [text for text in there if text not in shown] == []
    assert not shown.intersection(absent)


def test_the_heat_map_holds_the_means_over_classes():
    table = overlaps(RUNS, RUNS[:1])
    figure = stability_figure.stability(table, 5)
    shown = figure.axes[0].images[0].get_array()
    of = table[table["percent"] == 5].groupby(["left", "right"])["iou"].mean()
    assert shown[0, 3] == shown[3, 0] == pytest.approx(of["resnet18/none/seed0", "vgg16/none/seed0"])
    assert shown[0, 0] == pytest.approx(of["resnet18/none/seed0/half0", "resnet18/none/seed0/half1"])
    assert np.ma.getmaskarray(np.ma.masked_invalid(shown))[1, 1]


def test_many_runs_of_a_network_are_averaged():
    runs = list(itertools.product(("a", "b", "c"), ("none", "sin"), (0, 1, 2)))
    table = overlaps(runs, runs[::3])
    figure = stability_figure.stability(table, 5)
    shown = figure.axes[0].images[0].get_array()
    assert shown.shape == (6, 6)
    at = table[(table["percent"] == 5) & (table["comparison"] != "images")]
    selected = at[at["left"].str.startswith("a/none") & at["right"].str.startswith("a/none")]
    assert len(selected) == 3 * len(CLASSES) and shown[0, 0] == pytest.approx(selected["iou"].mean())
    across = at[at["left"].str.startswith("a/none") & at["right"].str.startswith("b/sin")]
    assert len(across) == 9 * len(CLASSES) and shown[0, 3] == pytest.approx(across["iou"].mean())


def test_curves_are_means_over_classes_and_pairs():
    table = overlaps(RUNS, RUNS[:1])
    figure = stability_figure.stability(table, 5)
    axis = next(axis for axis in figure.axes if axis.get_title() == "two augmentations")
    selected = table[table["comparison"] == "augmentations"].groupby("percent")[["iou", "radial", "random"]].mean()
    for line, column in zip(axis.lines, selected, strict=True):
        assert np.allclose(line.get_ydata(), selected[column])
