"""Drawings of many methods side by side: their names are read, on the page, and five of them have colours."""

import pytest
from matplotlib import pyplot as plt

from frequency_shortcuts.figures import canvas

pytestmark = pytest.mark.usefixtures("closed_figures")


def test_the_numbers_of_a_logarithmic_axis():
    with canvas.style():
        _, axis = plt.subplots()
        canvas.logarithmic(axis.yaxis)
        shown = [axis.yaxis.get_major_formatter()(value) for value in (1e-12, 0.001, 0.5, 1, 1e5, 1e6, 2e10)]
        assert shown == ["1e-12", "0.001", "0.5", "1", "100,000", "1e6", "2e10"]
        assert (axis.get_xscale(), axis.get_yscale()) == ("linear", "log")
        canvas.logarithmic(axis.xaxis, [1, 2.5])
        assert [text.get_text() for text in axis.get_xticklabels()] == ["1", "2.5"]
        assert len(axis.get_xticks(minor=True)) == 0
