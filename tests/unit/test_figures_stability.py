"""The drawing of the stability of maps: what it shows for one, few and many runs."""

import itertools

import numpy as np
import pandas as pd
import pytest

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
