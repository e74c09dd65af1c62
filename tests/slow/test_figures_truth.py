"""The drawing of scores against the planted truth: what it shows, and where."""

import itertools

import numpy as np
import pandas as pd
import pytest
from figure_checks import check_page, texts_of
from matplotlib.collections import PathCollection

from frequency_shortcuts.figures import truth as truth_figure

pytestmark = pytest.mark.usefixtures("closed_figures")

CLASSES = ("C0", "C1", "C3")
RANKINGS = ("dfm", "dfm_size", "adcs", "adcs_high", "adcs_low", "random", "radial", "other")


def truth(networks=(("resnet18", "none"), ("vgg16", "augmix")), sets=("syn_1", "syn_2"), unused=()):
    """Scores at random, C0 without a truth of its own; unused: (network, class) whose planted mask is not used."""
    generator = np.random.default_rng(0)
    rows = itertools.product(sets, networks, (0, 1), CLASSES, ("own", "any"), RANKINGS, (5, 10))
    frame = pd.DataFrame(
        [(name, *network, *rest) for name, network, *rest in rows],
        columns=["dataset", "network", "augmentation", "seed", "class", "truth", "ranking", "percent"],
    )
    frame["cut"] = "percent"
    frame = pd.concat([frame, frame[frame["percent"] == 5].assign(cut="truth", percent=3.0)], ignore_index=True)
    frame["uses"] = [
        np.nan if c == "C0" else (network, c) not in unused
        for network, c in zip(frame["network"], frame["class"], strict=True)
    ]
    missing = ~frame["uses"].eq(True)
    for score in ("precision", "average_precision"):
        frame[score] = generator.uniform(size=len(frame))
        frame[f"{score}_low"], frame[f"{score}_high"] = frame[score] - 0.1, frame[score] + 0.1
        frame.loc[missing, [score, f"{score}_low", f"{score}_high"]] = np.nan
    masks = generator.random((2, 8, 8)) < 0.3
    planes = {name: (CLASSES[1:], masks, generator.random((2, 8, 8)), np.full((2, 8, 8), 2, np.int16)) for name in sets}
    return truth_figure.truth(frame, 5, planes, dict.fromkeys(sets, (2, 3)))


def test_the_drawing_says_what_it_shows_on_its_page():
    figure = truth()
    check_page(figure)
    expected = {
        "syn_1", "syn_2", *CLASSES, "planted for the class:\naverage precision", "nothing planted", "C1:\nplanted",
        "DFM, 5 %", "share of runs", "map (DFM), vgg16, augmix", "|ADCS|", "random, uniform (95 %)",
    }  # fmt: skip
    assert expected <= texts_of(figure)


def test_classes_whose_mask_is_not_used_are_shown_without_scores():
    figure = truth(sets=("syn_1",), unused=(("resnet18", "C1"), ("vgg16", "C1"), ("vgg16", "C3")))
    notes = [text.get_text() for text in figure.axes[0].texts]
    assert sorted(notes) == ["mask not used", "nothing planted"]  # one network still uses C3's


def test_scores_stand_on_the_line_of_their_class():
    axis = truth(networks=(("resnet18", "none"),), sets=("syn_1",)).axes[2]
    assert [label.get_text() for label in axis.get_yticklabels()] in ([], list(CLASSES)) and axis.yaxis_inverted()
    dots = [dot.get_offsets()[0] for dot in axis.collections if isinstance(dot, PathCollection)]
    assert {round(float(y)) for _, y in dots} == {1, 2}
