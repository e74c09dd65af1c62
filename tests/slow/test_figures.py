"""Drawings of every kind, of small inputs and of many classes: they lie on their page and say what they show."""

import itertools

import numpy as np
import pandas as pd
import pytest
from drawn_tables import CLASSES, FIRST, KINDS, check_drawing, check_page, table, verdicts
from test_figures import adcs

from frequency_shortcuts.figures import shortcuts
from frequency_shortcuts.shortcuts.verdict import over_seeds
from study.drawing import cards, learning, spectra, truth

pytestmark = pytest.mark.usefixtures("closed_figures")


def pictures(channels=3):
    return np.random.default_rng(0).integers(0, 256, (2, channels, 8, 8), dtype=np.uint8)


def samples():
    amplitude = np.random.default_rng(0).uniform(0, 50, (2, 8, 8))
    sets = {
        "syn_1": (CLASSES, pictures(), amplitude),
        "grey": (("cow",), pictures(1)[:1], amplitude[:1]),
    }
    return spectra.samples(sets, band_edges={"syn_1": (2, 3)})


def band_stop():
    removed = ("B1 + B2", "B3 + B4")
    about = {
        "dataset": ["zoo"],
        "seed": (0, 1),
        "fill": ("swap", "zeros"),
        "removed": removed,
        "half": (0, 1),
    }
    frame, generator = table(**about, true_class=CLASSES, called_class=CLASSES)
    frame["delta_percent"] = generator.uniform(-100, 100, len(frame))
    return learning.draw_bandstop(CLASSES, frame, FIRST, 12)


def dominant_frequencies():
    shares = np.random.default_rng(0).uniform(size=(2, 8, 8))
    return spectra.dominant_frequencies({KINDS[0]: shares, KINDS[1]: shares}, CLASSES, (2,), 5)


def tiles():
    rows = {"original": pictures(), "grey": pictures(1)}
    return cards.tiles(rows, CLASSES, "two of four classes")


def kinds_side_by_side():
    kinds = [(f"network{i}", "none") for i in range(14)]
    rows = over_seeds(verdicts(seeds=range(5), kinds=kinds, parts=("keep",), fills=("zeros",)))
    sizes = {kind: 1000 * (i + 1) for i, kind in enumerate(kinds)}
    return shortcuts.shortcuts(rows, CLASSES, parameters=sizes)


FREQUENCIES = "horizontal and vertical frequency, cycles per image"
# Every drawing, and what must be read on it.
DRAWINGS = {
    samples: [*CLASSES, "cow", "syn_1", "grey", "log$_{10}$ mean amplitude", " \ncircles: edges of the bands"],
    band_stop: [*CLASSES, "without B1 + B2", "called", "swap: C0 there\ntrue class", "change, % of class"],
    adcs: [*CLASSES, "ADCS", "as published", "significant", FREQUENCIES],
    dominant_frequencies: [*CLASSES, "resnet18", "vgg16\naugmix", "share of networks", FREQUENCIES],
    tiles: [*CLASSES, "original", "grey", "What do the renditions look like?\n "],
    kinds_side_by_side: [*CLASSES, "network13\n14,000 parameters\n5 networks"],
}  # fmt: skip


@pytest.mark.parametrize("draw", DRAWINGS, ids=lambda draw: draw.__name__)
def test_a_drawing_lies_on_its_page_and_says_what_it_shows(draw):
    figure = draw()
    check_drawing(figure, *DRAWINGS[draw])
    for axis in figure.axes:
        if "log" in axis.get_ylabel():
            assert axis.yaxis.label.get_parse_math()


def test_scores_against_the_truth_are_means_over_the_networks_that_use_the_mask():
    rows = [
        (*run, seed, c, ranking, np.nan if c == "C0" else (run[1], c) != ("vgg16", "C3"))
        for run, seed, c, ranking in itertools.product(
            [(name, *kind) for name in ("syn_1", "syn_2") for kind in KINDS], (0, 1), ("C0", "C1", "C3"),
            ("dfm", "adcs", "adcs_significant", "random"),
        )
    ]  # fmt: skip
    about = [
        "dataset",
        "network",
        "augmentation",
        "seed",
        "class",
        "ranking",
        "uses",
    ]
    frame = pd.DataFrame(rows, columns=about)
    values, score = (
        pd.Series(np.random.default_rng(0).uniform(size=len(frame))),
        "average_precision",
    )
    frame[score], frame[f"{score}_low"], frame[f"{score}_high"] = values, values - 0.1, values + 0.1
    figure = truth.draw_truth(frame)
    shown = check_page(figure)
    assert {
        "map",
        "|ADCS|, significant",
        "random rankings, 95 %",
        "average precision of the ranking",
    } <= shown
    (axis,) = figure.axes
    lines = [label.get_text() for label in axis.get_yticklabels()]
    assert lines == ["syn_1, C1", "syn_1, C3", "syn_2, C1", "syn_2, C3"]
    of_map = frame.query("ranking == 'dfm' and uses == True and dataset == 'syn_1'")
    drawn = [dots.get_offsets()[0] for dots in axis.collections if len(dots.get_offsets())]
    for place, name in enumerate(("C1", "C3")):
        value = of_map.loc[of_map["class"] == name, score].mean()
        assert any(np.allclose(at, (value, place)) for at in drawn)
