"""The values in drawings of phase; no module of figures reads a file, and none changes the style of a user."""

import ast
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from drawn_tables import CLASSES
from matplotlib import pyplot as plt

from frequency_shortcuts.evaluation.phase_verdicts import KEPT
from frequency_shortcuts.figures import canvas, shortcuts, spectra

pytestmark = pytest.mark.usefixtures("closed_figures")


def adcs():
    return spectra.adcs(np.sign(np.random.default_rng(0).normal(size=(2, 8, 9))).astype(np.int16), CLASSES, (2,))


def test_drawing_leaves_the_users_style_alone():
    before = dict(plt.rcParams)
    adcs()
    assert dict(plt.rcParams) == before


READERS = {"h5py", "torch", "stores", "read_table", "read_hdf5", "read_mask"}


@pytest.mark.parametrize("path", sorted(Path(canvas.__file__).parent.glob("*.py")), ids=lambda path: path.stem)
def test_no_module_of_figures_reads_files_or_filters_images(path):
    """Figures take arrays and tables. What they import for types alone, or where they draw, does not count."""
    imports = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {name for node in imports for alias in node.names for name in alias.name.split(".")}
    assert not READERS & (names | {part for node in imports for part in (getattr(node, "module", "") or "").split(".")})


JUDGED = ("C1", "C2", "shirt")
VERDICTS = {"C1": ["amplitude", "amplitude", "phase"], "C2": ["undecided", None, None], "shirt": [None] * 3}


def of_phase(seeds=3, networks=("resnet18", "vgg16")):
    generator, rows = np.random.default_rng(0), []
    for network, seed, name in itertools.product(networks, range(seeds), JUDGED):
        rates = {
            f"{rate}_{kept}{region}": generator.uniform()
            for rate in ("tpr", "fpr")
            for kept in KEPT
            for region in ("", "_spectrum")
        }
        run = {"network": network, "augmentation": "none", "seed": seed}
        rows.append({**run, "class": name, **rates, "verdict": VERDICTS[name][seed]})
    return pd.DataFrame(rows)


def test_values_of_phase_are_means_over_seeds():
    rows = of_phase()
    axes = np.reshape(shortcuts.phase(rows, JUDGED).axes, (2, 2))
    mine = rows[rows["network"] == "vgg16"]
    for axis, end in zip(axes[1], ("", "_spectrum"), strict=True):
        for kept, label in shortcuts.KEPT.items():
            expected = (mine[f"tpr_{kept}{end}"] - mine[f"fpr_{kept}{end}"]).groupby(mine["class"]).mean()
            (dots,) = [drawn for drawn in axis.collections if drawn.get_label() == label]
            np.testing.assert_allclose(np.asarray(dots.get_offsets())[:, 0], expected.loc[[*JUDGED]])


def test_without_false_positive_rates_phase_shows_the_recall():
    rows = of_phase(1, ["resnet18"])
    rows[[name for name in rows if name.startswith("fpr")]] = np.nan
    axis = shortcuts.phase(rows, JUDGED).axes[0]
    (dots,) = [drawn for drawn in axis.collections if drawn.get_label() == "both"]
    np.testing.assert_allclose(np.asarray(dots.get_offsets())[:, 0], rows["tpr_both"])
