"""The drawings of the learning dynamics and of the band-stop tests."""

import numpy as np
import pandas as pd
import pytest
from drawn_tables import table

from frequency_shortcuts.figures import learning, selection

pytestmark = pytest.mark.usefixtures("closed_figures")


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
