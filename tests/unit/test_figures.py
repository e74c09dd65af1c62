"""The values in drawings of spectra, methods and phase; no module of figures reads a file."""

import ast
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from drawn_tables import CLASSES
from matplotlib import pyplot as plt

from frequency_shortcuts.evaluation.phase_verdicts import KEPT
from frequency_shortcuts.figures import canvas, methods, spectra
from frequency_shortcuts.figures import phase as phase_figure

pytestmark = pytest.mark.usefixtures("closed_figures")


def adcs():
    return spectra.adcs(np.sign(np.random.default_rng(0).normal(size=(2, 8, 9))).astype(np.int16), CLASSES, (2,))


def test_drawing_leaves_the_users_style_alone():
    before = dict(plt.rcParams)
    adcs()
    assert dict(plt.rcParams) == before


def test_planes_are_drawn_in_cycles_per_image():
    """For odd and even sides, frequency (0, 0) is at the origin and a pixel is one cycle wide."""
    for height, width in ((7, 9), (6, 5)):
        figure = spectra.adcs(np.zeros((1, height, width), np.int16), ("a",))
        (image,) = figure.axes[0].images
        left, right, bottom, top = image.get_extent()
        assert (left, bottom) == (-(width // 2) - 0.5, -(height // 2) - 0.5)
        assert (right - left, top - bottom) == (width, height)
        assert image.origin == "lower" and figure.axes[-1].get_ylabel() == "ADCS"


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
    axes = np.reshape(phase_figure.phase(rows, JUDGED).axes, (2, 2))
    mine = rows[rows["network"] == "vgg16"]
    for axis, end in zip(axes[1], ("", "_spectrum"), strict=True):
        for kept, label in phase_figure.KEPT.items():
            expected = (mine[f"tpr_{kept}{end}"] - mine[f"fpr_{kept}{end}"]).groupby(mine["class"]).mean()
            (dots,) = [drawn for drawn in axis.collections if drawn.get_label() == label]
            np.testing.assert_allclose(np.asarray(dots.get_offsets())[:, 0], expected.loc[[*JUDGED]])


def test_without_false_positive_rates_phase_shows_the_recall():
    rows = of_phase(1, ["resnet18"])
    rows[[name for name in rows if name.startswith("fpr")]] = np.nan
    axis = phase_figure.phase(rows, JUDGED).axes[0]
    (dots,) = [drawn for drawn in axis.collections if drawn.get_label() == "both"]
    np.testing.assert_allclose(np.asarray(dots.get_offsets())[:, 0], rows["tpr_both"])


def test_the_truth_of_few_methods_has_the_unused_cue_last_and_in_a_colour_of_its_own():
    quality = {"culling": 0.5, "hfss": 0.2, "energy": 1.0, "random": 0.1}
    cells = [("first", "own"), ("second", "own"), ("first", "decoy"), ("first", "any")]
    rows = [(*cell, name, value, 0.1, 0.0, 0.2) for cell in cells for name, value in quality.items()]
    columns = ["dataset", "truth", "method", "average_precision", "random", "random_low", "random_high"]
    table = pd.DataFrame(rows, columns=columns)
    for few, names in ((True, ["culling", "energy"]), (False, ["culling", "hfss", "energy"])):
        axis, _ = methods.truth(table, {"second": "b", "first": "a"}, 0.95, few).axes
        assert [label.get_text() for label in axis.get_yticklabels()] == [*names, "random rankings"]
        labels = [label.get_text() for label in axis.get_xticklabels()]
        assert labels == ["b, n = 1", "a, n = 1", "a: unused cue,\nlow is good, n = 1"]
        used, unused = (np.ma.filled(image.get_array(), np.nan) for image in axis.images)
        expected = np.tile([[*(quality[name] for name in names), 0.1]], (3, 1)).T
        np.testing.assert_allclose(used[:, :2], expected[:, :2])
        np.testing.assert_allclose(unused[:, 2], expected[:, 2])
        assert np.isnan(used[:, 2]).all() and np.isnan(unused[:, :2]).all()
        assert axis.images[0].get_cmap().name != axis.images[1].get_cmap().name
        found = {text.get_position() for text in axis.texts if text.get_fontweight() == "bold"}
        assert found == {(column, names.index("energy")) for column in (0, 1)}
    axis, _ = methods.truth(table[table["method"] == "hfss"], {"first": "a"}, 0.95, few=True).axes
    assert [label.get_text() for label in axis.get_yticklabels()] == ["hfss", "random rankings"]
