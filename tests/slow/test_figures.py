"""Drawings of every kind, of small inputs and of many classes: they lie on their page and say what they show."""

import itertools

import numpy as np
import pandas as pd
import pytest
from drawn_tables import CLASSES, check_page, table
from matplotlib.collections import PathCollection
from test_figures import JUDGED, adcs, of_phase

from frequency_shortcuts.figures import learning, shortcuts, spectra
from frequency_shortcuts.figures import truth as truth_figure

pytestmark = pytest.mark.usefixtures("closed_figures")


def pictures(channels=3):
    return np.random.default_rng(0).integers(0, 256, (2, channels, 8, 8), dtype=np.uint8)


def samples():
    amplitude = np.random.default_rng(0).uniform(0, 50, (2, 8, 8))
    sets = {"syn_1": (CLASSES, pictures(), amplitude), "grey": (("cow",), pictures(1)[:1], amplitude[:1])}
    return spectra.samples(sets, band_edges={"syn_1": (2, 3)})


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
    return spectra.renditions({"original": pictures(), "grey": pictures(1)}, CLASSES)


def phase():
    return shortcuts.phase(of_phase(), JUDGED)


def phase_of_one_seed():
    return shortcuts.phase(of_phase(1), ["C0", *JUDGED])


FREQUENCIES = "horizontal and vertical frequency, cycles per image"
# Every drawing, and what must be read on it.
DRAWINGS = {
    samples: [*CLASSES, "cow", "syn_1", "grey", "log$_{10}$ mean amplitude"],
    dynamics: [*CLASSES, "full", "low-pass", "iteration", "resnet18\nF1", "vgg16\naugmix\nrecall"],
    band_stop: [*CLASSES, "without B1 + B2", "without B3 + B4", "called", "resnet18\ntrue class", "change, % of class"],
    adcs: [*CLASSES, "ADCS", FREQUENCIES],
    dominant_frequencies: [*CLASSES, "resnet18", "vgg16\naugmix", "share of seeds", FREQUENCIES],
    renditions: [*CLASSES, "original", "grey"],
    phase: ["texture (2 of 3)", "undecided (1 of 1)", "resnet18", "vgg16", "phases alone", "half of both"],
    phase_of_one_seed: ["texture", "undecided", "not tested"],
}  # fmt: skip
ABSENT = {
    phase_of_one_seed: ["texture (1 of 1)"],
}


@pytest.mark.parametrize("draw", DRAWINGS, ids=lambda draw: draw.__name__)
def test_a_drawing_lies_on_its_page_and_says_what_it_shows(draw):
    figure = draw()
    shown = check_page(figure)
    assert [text for text in DRAWINGS[draw] if text not in shown] == []
    assert not shown.intersection(ABSENT.get(draw, []))
    for axis in figure.axes:
        if "log" in axis.get_ylabel():
            assert axis.yaxis.label.get_parse_math()


# Truth

PLANTED = ("C0", "C1", "C3")
RANKINGS = ("dfm", "dfm_size", "adcs", "adcs_high", "adcs_low", "random", "radial", "other")


def truth(networks, sets, unused=()):
    """Scores at random, C0 without a truth of its own; unused: (network, class) whose planted mask is not used."""
    generator = np.random.default_rng(0)
    cuts = (("percent", 5), ("percent", 10), ("truth", 3))
    rows = [
        (name, *network, seed, c, which, ranking, *cut, np.nan if c == "C0" else (network[0], c) not in unused)
        for name, network, seed, c, which, ranking, cut in itertools.product(
            sets, networks, (0, 1), PLANTED, ("own", "any"), RANKINGS, cuts
        )
    ]
    about = ["dataset", "network", "augmentation", "seed", "class", "truth", "ranking", "cut", "percent", "uses"]
    frame = pd.DataFrame(rows, columns=about)
    values, score = pd.Series(generator.uniform(size=len(frame))).where(frame["uses"].eq(True)), "average_precision"
    frame[score], frame[f"{score}_low"], frame[f"{score}_high"] = values, values - 0.1, values + 0.1
    return truth_figure.truth(frame)


def test_scores_against_the_truth_stand_on_the_line_of_their_class():
    """Without scores where no network uses the mask of the class: one still uses that of C3."""
    unused = (("resnet18", "C1"), ("vgg16", "C1"), ("vgg16", "C3"))
    figure = truth((("resnet18", "none"), ("vgg16", "augmix")), ("syn_1", "syn_2"), unused)
    shown = check_page(figure)
    expected = {
        "syn_1", "syn_2", *PLANTED, "planted for the class", "average precision", "nothing planted",
        "map (DFM), vgg16, augmix", "|ADCS|", "random, uniform (95 %)",
    }  # fmt: skip
    assert expected <= shown
    assert sorted(text.get_text() for text in figure.axes[0].texts) == ["mask not used", "nothing planted"]
    axis = truth((("resnet18", "none"),), ("syn_1",)).axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] in ([], list(PLANTED)) and axis.yaxis_inverted()
    dots = [dot.get_offsets()[0] for dot in axis.collections if isinstance(dot, PathCollection)]
    assert {round(float(y)) for _, y in dots} == {1, 2}


# Methods by cost


def test_methods_stand_by_their_passes_and_those_without_at_the_left_with_the_classes_that_have_scores():
    about = {"network": "small", "augmentation": "none", "seed": 0}
    rows = [(f"set_{i}", "own", name, passes, c, value) for i, (name, passes) in itertools.product(
                range(4), {"mixture": 300, "culling": 40_000, "energy": 0, "random": 0}.items())
            for c, value in (("C1", 0.5 + i / 10), ("C2", 0.7 + i / 10), ("C3", np.nan))]  # fmt: skip
    rows += [("set_0", "better_half", "mixture", 300, "C1", 0.0)]
    columns = ["dataset", "truth", "method", "passes", "class", "average_precision"]
    figure = truth_figure.precision(pd.DataFrame(rows, columns=columns).assign(**about))
    check_page(figure)
    assert [axis.get_title() for axis in figure.axes[:4]] == [f"set_{i}, n = 2" for i in range(4)]
    assert {text.get_text() for text in figure.legends[0].get_texts()} == {"mixture", "culling", "energy", "random"}
    for i, axis in enumerate(figure.axes[:4]):
        marks = {line.get_label(): line.get_xydata()[0] for line in axis.lines if not line.get_label().startswith("_")}
        assert all(mark[1] == pytest.approx(0.6 + i / 10) for mark in marks.values())
        assert marks["energy"][0] == marks["random"][0] < marks["mixture"][0] == 300 < marks["culling"][0] == 40_000
