"""The drawings of spectra and maps: their axes, titles and colour bars."""

import numpy as np
import pytest

from frequency_shortcuts.figures import spectra

pytestmark = pytest.mark.usefixtures("closed_figures")


@pytest.mark.slow
def test_planes_are_drawn_in_cycles_per_image():
    """For odd and even sides, frequency (0, 0) is at the origin and a pixel is one cycle wide."""
    for height, width in ((8, 8), (7, 9), (6, 5)):
        (image,) = spectra.adcs(np.zeros((1, height, width), np.int16), ("a",)).axes[0].images
        left, right, bottom, top = image.get_extent()
        assert (left, bottom) == (-(width // 2) - 0.5, -(height // 2) - 0.5)
        assert (right - left, top - bottom) == (width, height)
        assert image.origin == "lower"


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
