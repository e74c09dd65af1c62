"""Drawings of learning, and of tests on filtered, perturbed and corrupted images: their labels and means."""

import pytest
from figure_checks import texts_of
from test_figures_robustness import CLASSES, of_corruptions, of_filters, sensitivity

from frequency_shortcuts.figures import robustness

pytestmark = pytest.mark.usefixtures("closed_figures")


def curves():
    return robustness.curves(of_filters(), CLASSES)


def corruptions():
    return robustness.corruptions(of_corruptions(["ant"]))


DRAWINGS = {
    curves: [
        *CLASSES,
        "low-pass: r < cutoff is kept",
        "high-pass: r \u2265 cutoff is kept",
        "band-stop",
        "all classes (accuracy)",
        "accuracy, unfiltered",
        "resnet18\nshare recognised",
        "vgg16\naugmix\nshare recognised",
        "cutoff, cycles per image",
        "centre of the band, cycles per image",
    ],
    sensitivity: [
        "resnet18\nwithout a wave: 0.20",
        "vgg16, augmix\nwithout a wave: 0.31",
        "cycles per image",
        "error (share of images)",
    ],
    corruptions: [
        "noise",
        "blur",
        "strength",
        *robustness.GROUPS.values(),
        "resnet18\n2 strong, 2 others\nrecall",
    ],
}


@pytest.mark.parametrize("draw", DRAWINGS, ids=lambda draw: draw.__name__)
def test_a_drawing_is_a_figure_that_says_what_it_shows(draw):
    shown = texts_of(draw())
    assert [text for text in DRAWINGS[draw] if text not in shown] == []
