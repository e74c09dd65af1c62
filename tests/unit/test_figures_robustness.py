"""Drawings of learning, and of tests on filtered, perturbed and corrupted images: their labels and means."""

import itertools

import numpy as np
import pandas as pd
import pytest
from drawn_tables import table

from frequency_shortcuts.figures import learning, robustness, selection

pytestmark = pytest.mark.usefixtures("closed_figures")

CLASSES = ("ant", "bee")
KINDS = (("resnet18", "none"), ("vgg16", "augmix"))
VIEWS = [("unfiltered", np.nan, np.nan), ("low-pass", 0, 2), ("low-pass", 0, 4), ("high-pass", 2, np.nan)]
VIEWS += [("high-pass", 4, np.nan), ("band-stop", 0, 2), ("band-stop", 2, 4)]


def of_filters(classes=CLASSES, seeds=(0, 1)):
    rows = [(*kind, seed, *view, name) for kind, seed, view, name in itertools.product(KINDS, seeds, VIEWS, classes)]
    frame = pd.DataFrame(rows, columns=["network", "augmentation", "seed", "filter", "low", "high", "class"])
    frame["tpr"] = np.random.default_rng(0).uniform(size=len(frame))
    keys = ["network", "augmentation", "seed", "filter", "low", "high"]
    return frame.assign(accuracy=frame.groupby(keys, dropna=False)["tpr"].transform("mean"))


def of_corruptions(strong, seeds=(0, 1)):
    tests = [("none", 0), *itertools.product(("noise", "blur"), range(1, 6))]
    rows = [(*kind, seed, *test, name) for kind, seed, test, name in itertools.product(KINDS, seeds, tests, CLASSES)]
    frame = pd.DataFrame(rows, columns=["network", "augmentation", "seed", "corruption", "strength", "class"])
    frame["tpr"] = np.random.default_rng(0).uniform(size=len(frame))
    return frame.assign(strong_shortcut=frame["class"].isin(strong))


def sensitivity():
    error = np.random.default_rng(0).uniform(size=(8, 9))
    inner = np.where(np.hypot(*np.ogrid[-4:4, -4:5]) < 2.5, error, np.nan)
    return robustness.sensitivity({"resnet18": (error, 0.2), "vgg16, augmix": (inner, 0.31)}, (2,))


def test_curves_are_means_over_seeds_at_the_radii_of_the_filters():
    frame = of_filters()
    figure = robustness.curves(frame, CLASSES)
    for axis, (name, column) in zip(figure.axes[:2], (("low-pass", "high"), ("high-pass", "low")), strict=True):
        selected = frame[(frame["network"] == "resnet18") & (frame["filter"] == name)]
        lines = {line.get_label(): line for line in axis.lines}
        for label in CLASSES:
            expected = selected[selected["class"] == label].groupby(column)["tpr"].mean()
            assert list(lines[label].get_xdata()) == [2, 4]
            np.testing.assert_allclose(lines[label].get_ydata(), expected)
        np.testing.assert_allclose(
            lines["all classes (accuracy)"].get_ydata(), selected.groupby(column)["accuracy"].mean()
        )
    middle = {line.get_label(): line for line in figure.axes[2].lines}["ant"]
    assert list(middle.get_xdata()) == [1, 3]


def test_a_heat_map_has_one_scale_and_shows_what_was_evaluated():
    figure = sensitivity()
    one, two = figure.axes[:2]
    assert one.images[0].get_clim() == two.images[0].get_clim()
    assert two.get_xlim() == (-2.5, 2.5) and two.get_ylim() == (-2.5, 2.5)


@pytest.mark.parametrize(("strong", "note"), [([], "none strong"), (CLASSES, "all strong")])
def test_a_group_without_classes_is_labelled_and_has_no_line(strong, note):
    figure = robustness.corruptions(of_corruptions(strong))
    assert figure.axes[0].get_ylabel() == f"resnet18\n{note}\nrecall"
    assert sorted(len(line.get_xdata()) for line in figure.axes[0].lines) == [0, 6]


def test_corruptions_are_means_over_classes_and_seeds_from_the_images_as_they_are_on():
    frame = of_corruptions(["bee"])
    figure = robustness.corruptions(frame)
    selected = frame[(frame["network"] == "resnet18") & frame["corruption"].isin(["none", "noise"])]
    for line, strong in zip(figure.axes[0].lines, (True, False), strict=True):
        expected = selected[selected["strong_shortcut"] == strong].groupby("strength")["tpr"].mean()
        assert list(line.get_xdata()) == [0, 1, 2, 3, 4, 5]
        np.testing.assert_allclose(line.get_ydata(), expected)


def test_of_many_classes_those_are_chosen_that_fall_most():
    names = [f"class {c}" for c in range(40)]
    frame = of_filters(names)
    chosen = names[3:36:3]
    frame["tpr"] = np.where(frame["class"].isin(chosen) & (frame["filter"] == "unfiltered"), 1.0, 0.1)
    shown = selection.most_affected_by_filters(frame, names, len(chosen))
    assert shown.names(names) == chosen
    assert shown.note == "11 of 40 classes: those whose recall falls most under filters"


# Learning


def test_dynamics_draw_mean_and_standard_deviation_over_seeds():
    frame = pd.DataFrame(
        [("n", "none", seed, i, "full", "a", 0.1 * i + 0.2 * seed) for seed in (0, 1, 2) for i in (0, 1)],
        columns=["network", "augmentation", "seed", "iteration", "view", "class", "f1"],
    )
    axis = learning.dynamics(frame, ["a"]).axes[0]
    np.testing.assert_allclose(axis.lines[0].get_ydata(), [0.2, 0.3])
    band = axis.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((0.0, 0.5))  # 0.2 on either side


def test_a_band_stop_figure_of_many_classes_shows_six():
    names = [f"class {c}" for c in range(40)]
    frame, generator = table(removed=("B1+B2", "B1+B3"), true_class=names, called_class=names)
    frame["delta_percent"] = generator.uniform(-1, 1, len(frame))
    chosen = ["class 3", "class 17", "class 18", "class 20", "class 30", "class 39"]
    own = (frame["true_class"] == frame["called_class"]) & frame["true_class"].isin(chosen)
    frame.loc[own, "delta_percent"] = -50
    shown = selection.most_changed_by_bands(frame, names, 12)
    assert shown.names(names) == chosen
    figure = learning.band_stop(frame, chosen, shown.note)
    assert figure.get_suptitle() == "6 of 40 classes: those whose recognition changes most"
    assert figure.axes[0].images[0].get_array().shape == (6, 6)
    assert selection.most_changed_by_bands(frame[frame["true_class"].isin(names[:10])], names[:10], 12).note == ""


def test_graded_sets_are_drawn_by_ring_without_the_neutral_class():
    rows = [(seed, name, gain, ring, 0.2 * gain) for seed, shift in ((7, 0), (8, 0.4)) for name, gain, ring in
            (("C0", np.nan, np.nan), ("C1", 3.1 + shift, "low"), ("C2", 1.6 + shift, "high"))]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["seed", "class", "gain", "ring", "earliness"])
    axis = learning.graded(frame).axes[0]
    *sets, low, high = axis.lines
    assert [line.get_label() for line in (low, high)] == ["low ring", "high ring"]
    np.testing.assert_allclose(sorted(low.get_xdata()), [3.1, 3.5])
    np.testing.assert_allclose(sorted(high.get_ydata()), [0.32, 0.4])
    assert len(sets) == 2 and all(len(line.get_xdata()) == 2 for line in sets)
    assert low.get_marker() != high.get_marker()
