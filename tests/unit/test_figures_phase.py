"""The drawing of phase or amplitude: its values and its verdicts."""

import itertools

import numpy as np
import pandas as pd
import pytest

from frequency_shortcuts.evaluation.phase_verdicts import KEPT
from frequency_shortcuts.figures import phase as phase_figure

pytestmark = pytest.mark.usefixtures("closed_figures")
CLASSES = ("C1", "C2", "shirt")
VERDICTS = {"C1": ["amplitude", "amplitude", "phase"], "C2": ["undecided", None, None], "shirt": [None] * 3}


def table(seeds=3, networks=("resnet18", "vgg16")):
    generator, rows = np.random.default_rng(0), []
    for network, seed, name in itertools.product(networks, range(seeds), CLASSES):
        rates = {
            f"{rate}_{kept}{region}": generator.uniform()
            for rate in ("tpr", "fpr")
            for kept in KEPT
            for region in ("", "_spectrum")
        }
        run = {"network": network, "augmentation": "none", "seed": seed}
        rows.append({**run, "class": name, **rates, "verdict": VERDICTS[name][seed]})
    return pd.DataFrame(rows)


def test_values_are_means_over_seeds():
    rows = table()
    axes = np.reshape(phase_figure.phase(rows, CLASSES).axes, (2, 2))
    mine = rows[rows["network"] == "vgg16"]
    for axis, end in zip(axes[1], ("", "_spectrum"), strict=True):
        for kept, label in phase_figure.KEPT.items():
            expected = (mine[f"tpr_{kept}{end}"] - mine[f"fpr_{kept}{end}"]).groupby(mine["class"]).mean()
            (dots,) = [drawn for drawn in axis.collections if drawn.get_label() == label]
            np.testing.assert_allclose(np.asarray(dots.get_offsets())[:, 0], expected.loc[[*CLASSES]])


def test_without_false_positive_rates_it_is_the_recall():
    rows = table(1, ["resnet18"])
    rows[[name for name in rows if name.startswith("fpr")]] = np.nan
    axis = phase_figure.phase(rows, CLASSES).axes[0]
    (dots,) = [drawn for drawn in axis.collections if drawn.get_label() == "both"]
    np.testing.assert_allclose(np.asarray(dots.get_offsets())[:, 0], rows["tpr_both"])
