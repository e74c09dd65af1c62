"""Drawings: each kind draws small inputs and inputs of many classes and labels them; none of them reads a file."""

import ast
from pathlib import Path

import numpy as np
import pytest
from drawn_tables import CLASSES
from matplotlib import pyplot as plt

from frequency_shortcuts.figures import canvas, spectra
from frequency_shortcuts.figures import rule_graph as rule_graphs

pytestmark = pytest.mark.usefixtures("closed_figures")


def adcs():
    return spectra.adcs(np.sign(np.random.default_rng(0).normal(size=(2, 8, 9))).astype(np.int16), CLASSES, (2,))


def rule_graph():
    return rule_graphs.rule_graph(
        {"all": ["draw", "train_one"], "draw": ["train_one"], "train_one": ["data"], "data": []}
    )


def test_drawing_leaves_the_users_style_alone():
    before = dict(plt.rcParams)
    adcs()
    assert dict(plt.rcParams) == before


def test_rules_stand_below_what_they_need():
    figure = rule_graph()
    place = {text.get_text(): text.get_position()[1] for text in figure.axes[0].texts if text.get_text()}
    assert place["data"] > place["train one"] > place["draw"] > place["all"]


def test_class_titles_use_the_width_of_their_panels_and_are_all_on_the_page():
    classes = ["name with spaces & <b>", "two words", "one two three four five six seven eight nine ten eleven twelve"]
    figure = spectra.dominant_frequencies({("n", "none"): np.zeros((3, 33, 40))}, classes)
    figure.canvas.draw()
    first, *_, longest = [axis.title for axis in figure.axes[:3]]
    assert first.get_text() == "name with spaces &\n<b>" and longest.get_text().count("\n") >= 3
    assert longest.get_window_extent().y1 <= figure.bbox.y1


def test_the_colour_bar_of_adcs_says_which_variant_it_is():
    values = np.zeros((3, 8, 8), np.int16)
    figure = spectra.adcs(values, ["a", "b", "c"], label="ADCS, significant")
    assert figure.axes[-1].get_ylabel() == "ADCS, significant"


# Many classes


READERS = {"h5py", "torch", "stores", "read_table", "read_hdf5", "read_mask"}


@pytest.mark.parametrize("path", sorted(Path(canvas.__file__).parent.glob("*.py")), ids=lambda path: path.stem)
def test_no_module_of_figures_reads_files_or_filters_images(path):
    """Figures take arrays and tables. What they import for types alone, or where they draw, does not count."""
    imports = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {name for node in imports for alias in node.names for name in alias.name.split(".")}
    assert not READERS & (names | {part for node in imports for part in (getattr(node, "module", "") or "").split(".")})
