"""What all figures share: saved files, colours of classes, reduced pictures, and broken lines."""

import numpy as np
import pandas as pd
import pytest
from test_canvas import whole

from frequency_shortcuts.figures import learning, robustness

pytestmark = pytest.mark.usefixtures("closed_figures")


def of_curves():
    rows = [("n", "none", 0, "unfiltered", np.nan, np.nan)]
    rows += [("n", "none", 0, "low-pass", np.nan, high) for high in (2, 3, 4)]
    rows += [("n", "none", 0, "high-pass", low, np.nan) for low in (2, 3, 4)]
    rows += [("n", "none", 0, "band-stop", low, low + 1) for low in (1, 2, 3)]
    table = pd.DataFrame(rows, columns=["network", "augmentation", "seed", "filter", "low", "high"])
    return robustness.curves(table.assign(tpr=0.5, accuracy=0.5, **{"class": "ant"}), ["ant"])


def of_dynamics():
    rows = [("n", "none", 0, iteration, "full", "ant", 0.5) for iteration in (0, 1, 2)]
    names = ["network", "augmentation", "seed", "iteration", "view", "class", "f1"]
    return learning.dynamics(pd.DataFrame(rows, columns=names), ["ant"])


@pytest.mark.parametrize("draw", [of_curves, of_dynamics], ids=["curves", "dynamics"])
def test_what_is_counted_has_whole_ticks(draw):
    """Without their locator, these axes have ticks such as 0.5."""
    figure = draw()
    figure.canvas.draw()
    axes = [axis for axis in figure.axes if axis.get_xlabel() and axis.get_visible()]
    assert axes and all(whole(axis.xaxis) for axis in axes)
