"""The drawing of phase or amplitude: its values and its verdicts."""

import pytest
from figure_checks import check_page, texts_of
from test_figures_phase import CLASSES, table

from frequency_shortcuts.figures import phase as phase_figure

pytestmark = pytest.mark.usefixtures("closed_figures")


def test_every_verdict_stands_beside_its_class():
    figure = phase_figure.phase(table(), CLASSES)
    check_page(figure)
    texts = texts_of(figure)
    assert {"amplitude (2 of 3)", "undecided (1 of 1)", "resnet18", "vgg16", "phases alone", "half of both"} <= texts
    texts = texts_of(phase_figure.phase(table(1), ["C0", *CLASSES]))
    assert {"amplitude", "undecided", "not tested"} <= texts and not any("of 1" in text for text in texts)
