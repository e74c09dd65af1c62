"""Drawings: each kind draws small inputs and inputs of many classes and labels them; none of them reads a file."""

import itertools
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from drawn_tables import CLASSES, over_seeds, own_map_advantage, table, verdicts
from drawn_tables import cross_matrix as matrix_table
from figure_checks import texts_of
from matplotlib.figure import Figure
from test_figures import adcs, rule_graph

from frequency_shortcuts.figures import canvas, images, learning, selection, spectra
from frequency_shortcuts.figures import cross_matrix as matrices
from frequency_shortcuts.figures import shortcuts as shortcut_figures

pytestmark = pytest.mark.usefixtures("closed_figures")


def pictures(channels=3):
    return np.random.default_rng(0).integers(0, 256, (2, channels, 8, 8), dtype=np.uint8)


def samples():
    amplitude = np.random.default_rng(0).uniform(0, 50, (2, 8, 8))
    sets = {"syn_1": (CLASSES, pictures(), amplitude), "grey": (("cow",), pictures(1)[:1], amplitude[:1])}
    return images.samples(sets, band_edges={"syn_1": (2, 3)})


def dynamics():
    frame, generator = table(seed=(0, 1), iteration=(0, 5), view=("full", "low-pass"), **{"class": CLASSES})
    frame[["f1", "recall"]] = generator.uniform(size=(len(frame), 2))
    return learning.dynamics(frame, CLASSES, scores=("f1", "recall"))


def band_stop():
    frame, generator = table(seed=(0, 1), removed=("B1 + B2", "B3 + B4"), true_class=CLASSES, called_class=CLASSES)
    frame["delta_percent"] = generator.uniform(-100, 100, len(frame))
    return learning.band_stop(frame, CLASSES)


def dominant_frequencies():
    shares = np.random.default_rng(0).uniform(size=(2, 8, 8))
    return spectra.dominant_frequencies({("resnet18", "none"): shares, ("vgg16", "augmix"): shares}, CLASSES, (2,))


def renditions():
    return images.renditions({"original": pictures(), "grey": pictures(1)}, CLASSES)


FREQUENCIES = "horizontal and vertical frequency, cycles per image"
# Every drawing, and what must be read on it.
DRAWINGS = {
    samples: [*CLASSES, "cow", "syn_1", "grey", "log$_{10}$ mean amplitude"],
    dynamics: [*CLASSES, "full", "low-pass", "iteration", "resnet18\nF1", "vgg16\naugmix\nrecall"],
    band_stop: [*CLASSES, "without B1 + B2", "without B3 + B4", "called", "resnet18\ntrue class", "change, % of class"],
    adcs: [*CLASSES, "ADCS", "cycles per image"],
    dominant_frequencies: [*CLASSES, "resnet18", "vgg16\naugmix", "share of seeds", FREQUENCIES],
    renditions: [*CLASSES, "original", "grey"],
    rule_graph: ["all", "draw", "train one", "data"],
}


@pytest.mark.parametrize("draw", DRAWINGS, ids=lambda draw: draw.__name__)
def test_a_drawing_is_a_figure_that_says_what_it_shows(draw):
    figure = draw()
    assert isinstance(figure, Figure)
    shown = texts_of(figure)
    assert [text for text in DRAWINGS[draw] if text not in shown] == []


DRAWN = """
import sys
from frequency_shortcuts.figures import canvas, rule_graph
needs = {"all": ["cull", "adcs", "truth"], "truth": ["cull", "adcs"], "cull": ["data"], "adcs": ["data"], "data": []}
for names in ("spectra", "stability", "phase", "table"):
    needs |= {names: ["cull", "truth", "data"], f"draw_{names}": [names, "adcs"]}
order = sorted(needs, reverse=sys.argv[2] == "1")
canvas.save(rule_graph.rule_graph({name: needs[name] for name in order}), sys.argv[1])
"""


def test_the_picture_of_the_rules_is_the_same_in_each_process_and_in_whatever_order_they_are_listed(tmp_path):
    for seed in "12":
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", DRAWN, tmp_path / seed, seed], env=environment, check=True)
    assert (tmp_path / "1.svg").read_bytes() == (tmp_path / "2.svg").read_bytes()


def test_planes_are_drawn_in_cycles_per_image():
    """For odd and even sides, frequency (0, 0) is at the origin and a pixel is one cycle wide."""
    for height, width in ((8, 8), (7, 9), (6, 5)):
        (image,) = spectra.adcs(np.zeros((1, height, width), np.int16), ("a",)).axes[0].images
        left, right, bottom, top = image.get_extent()
        assert (left, bottom) == (-(width // 2) - 0.5, -(height // 2) - 0.5)
        assert (right - left, top - bottom) == (width, height)
        assert image.origin == "lower"


def many_shortcuts(names):
    frame = verdicts(names, seeds=(0,), parts=("keep",))
    shown = selection.clearest_shortcuts(frame, names, 12)
    return shortcut_figures.shortcuts(over_seeds(frame), shown.names(names), shown.note), 1


def many_cross(names):
    frame = matrix_table(names[:40], seeds=(0,), near=20)
    shown = selection.select_classes(np.arange(len(names)) < 12, 12, "at the start")
    figure = matrices.cross_matrix(frame, own_map_advantage(frame), shown.names(names), shown.note)
    return figure, 2 + 1


def many_maps(names):
    shown = selection.select_classes(np.arange(len(names)), 12, "at the end")
    shares = np.zeros((12, 6, 6))
    maps = {("a", "none"): shares, ("b", "none"): shares}
    return spectra.dominant_frequencies(maps, shown.names(names), note=shown.note), 2 * 12 + 1


@pytest.mark.parametrize(
    "draw",
    [many_shortcuts, many_cross, many_maps],
    ids=lambda draw: draw.__name__,
)
def test_many_classes_give_a_page_that_says_which_it_shows(draw):
    figure, panels = draw([f"some long name of a class, such as no. {c}" for c in range(40)])
    assert len(figure.axes) == panels
    width, height = figure.get_size_inches()
    assert width <= canvas.PAGE + 0.1 and height < 11
    assert figure.get_suptitle().startswith("12 of 40 classes: those ")
    figure.canvas.draw()
    titles = [axis.title.get_window_extent() for axis in figure.axes if axis.get_title()]
    for one, other in itertools.combinations(titles, 2):
        assert not one.overlaps(other)


def drawn_ood(kinds, names, note=""):
    rows = [(*kind, "sketch", "zeros", f, name, 0.5) for kind in kinds for f in ("unfiltered", "dfm") for name in names]
    columns = ["network", "augmentation", "rendition", "fill", "filter", "class", "tpr"]
    return shortcut_figures.out_of_distribution(pd.DataFrame(rows, columns=columns), names, note)


DOLLARS = ["from $5 to $10", r"cost $\frac{1} each"]


def test_the_logarithm_is_set_as_mathematics():
    (label,) = [axis.get_ylabel() for axis in samples().axes if "log" in axis.get_ylabel()]
    bar = next(axis for axis in samples().axes if axis.get_ylabel() == label)
    assert bar.yaxis.label.get_parse_math()


def test_the_same_figure_gives_the_same_files_each_time_it_is_drawn_or_saved(tmp_path):
    figure = samples()
    for name, drawn in (("one", figure), ("two", figure), ("three", samples())):
        canvas.save(drawn, tmp_path / name)
    for suffix, start in ((".svg", b"<?xml"), (".png", b"\x89PNG")):
        files = {(tmp_path / f"{name}{suffix}").read_bytes() for name in ("one", "two", "three")}
        assert len(files) == 1 and files.pop().startswith(start)


def test_dollars_in_a_name_are_dollars(tmp_path):
    figure = drawn_ood([("n$a$", "none")], DOLLARS)
    canvas.save(figure, tmp_path / "dollars")  # as mathematics, one is refused
    texts = [text for text in figure.findobj(lambda a: hasattr(a, "get_parse_math")) if "$" in text.get_text()]
    assert len(texts) >= 2 and not any(text.get_parse_math() for text in texts)


def test_long_names_of_networks_stay_beside_their_rows():
    networks = ["my_small_network", "resnet18_pretrained_on_nothing", "a" * 50]
    figure = drawn_ood([(network, "none") for network in networks], [f"class number {c}" for c in range(12)])
    figure.canvas.draw()
    labels = [axis.yaxis.label for axis in figure.axes if axis.get_ylabel().replace("\n", "") in networks]
    assert len(labels) == len(networks)
    places = [label.get_window_extent() for label in labels]
    for one, other in itertools.combinations(places, 2):
        assert not one.overlaps(other)
    assert all(figure.bbox.y0 <= place.y0 and place.y1 <= figure.bbox.y1 and place.x0 >= 0 for place in places)
