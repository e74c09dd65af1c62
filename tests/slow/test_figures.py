"""Drawings of every kind, of small inputs and of many classes: they lie on their page and say what they show."""

import itertools

import numpy as np
import pandas as pd
import pytest
from drawn_tables import CLASSES, check_page, table
from matplotlib.collections import PathCollection
from matplotlib.transforms import Bbox
from test_figures import JUDGED, adcs, of_phase

from frequency_shortcuts.evaluation.method_scores import CONTROL
from frequency_shortcuts.figures import images, learning, methods, spectra
from frequency_shortcuts.figures import phase as phase_figure
from frequency_shortcuts.figures import truth as truth_figure

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


def phase():
    return phase_figure.phase(of_phase(), JUDGED)


def phase_of_one_seed():
    return phase_figure.phase(of_phase(1), ["C0", *JUDGED])


FREQUENCIES = "horizontal and vertical frequency, cycles per image"
# Every drawing, and what must be read on it.
DRAWINGS = {
    samples: [*CLASSES, "cow", "syn_1", "grey", "log$_{10}$ mean amplitude"],
    dynamics: [*CLASSES, "full", "low-pass", "iteration", "resnet18\nF1", "vgg16\naugmix\nrecall"],
    band_stop: [*CLASSES, "without B1 + B2", "without B3 + B4", "called", "resnet18\ntrue class", "change, % of class"],
    adcs: [*CLASSES, "ADCS", FREQUENCIES],
    dominant_frequencies: [*CLASSES, "resnet18", "vgg16\naugmix", "share of seeds", FREQUENCIES],
    renditions: [*CLASSES, "original", "grey"],
    phase: ["amplitude (2 of 3)", "undecided (1 of 1)", "resnet18", "vgg16", "phases alone", "half of both"],
    phase_of_one_seed: ["amplitude", "undecided", "not tested"],
}  # fmt: skip
ABSENT = {
    phase_of_one_seed: ["amplitude (1 of 1)"],
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


# Many methods side by side

METHODS = (
    "culling", "culling_swap", "screened", "hfss", "greedy", "learned", "destroyed", "shapley", "rise", "rise_swap",
    "mixture", "ffc", "gradient", "adcs", "energy", "low_pass", "random",
)  # fmt: skip
RUN = {"network": "small", "augmentation": "none", "seed": 0, "class": "C1"}


def rates(count):
    """Rates of every method on so many sets, at random."""
    sets = ["photographs", *(f"set_{i}" for i in range(1, count))]
    frame = pd.DataFrame(
        itertools.product(sets, (*METHODS, CONTROL), (1, 5, 20)), columns=["dataset", "method", "percent"]
    )
    values = np.random.default_rng(1).uniform(size=len(frame))
    return frame.assign(**RUN, fill="zeros", part="keep", measure=values, tpr=values, fpr=0.0, margin=values - 0.5)


def test_every_method_has_its_name_beside_its_costs_and_three_stand_out_the_same_in_every_figure():
    passes = dict(zip(METHODS, [40_000] * 3 + [2, 300, 5_000, 1_000_000] * 2 + [4_000] * 2 + [0] * 4, strict=True))
    scores = pd.DataFrame(
        [(f"set_{i}", "own", name, passes[name], quality) for i in range(10)
         for name, quality in zip(METHODS, np.random.default_rng(0).uniform(size=len(METHODS)), strict=True)]
        + [("photographs", None, name, passes[name], np.nan) for name in METHODS],
        columns=["dataset", "truth", "method", "passes", "average_precision"],
    )  # fmt: skip
    cost = methods.cost(scores.assign(**RUN, random=0.1, random_low=0.0, random_high=0.2), rates(1), 5)
    check_page(cost)
    for axis in cost.axes:
        assert {text.get_text() for text in axis.texts} == set(METHODS)
        boxes = [text.get_window_extent() for text in axis.texts]
        assert all(axis.bbox.padded(2).contains(*corner) for box in boxes for corner in box.get_points())
        covered = [Bbox.intersection(*two) for two in itertools.combinations(boxes, 2)]
        assert sum(box is not None and box.width * box.height > 50 for box in covered) <= 1  # square pixels
    figure = methods.rates(rates(5), "keep")
    legend = figure.legends[0]
    first = ["mixture", "culling", "rise_swap"]
    expected = [*first, "other methods", "best control"]
    assert [text.get_text() for text in legend.get_texts()] == expected
    box = legend.get_window_extent()
    assert box.x0 >= 0 and box.x1 <= figure.bbox.width
    (best,) = (line.get_ydata() for line in figure.axes[0].lines if line.get_label() == "best control")
    of_first = rates(5).query("dataset == 'photographs' and method in ('low_pass', @CONTROL)")
    np.testing.assert_allclose(best, of_first.groupby("percent")["measure"].max())
    colours = {line.get_label(): line.get_color() for line in figure.axes[0].lines if line.get_label() in first}
    named = {text.get_text(): text.get_color() for text in cost.axes[0].texts}
    assert colours == {name: named[name] for name in first}
    assert len({*colours.values(), *(named[name] for name in METHODS if name not in first)}) == 4
