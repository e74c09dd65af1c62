"""Class cards and filtered images: what they hold, and what must be read on them."""

import itertools

import numpy as np
import pytest
from figure_checks import texts_of
from test_figures_cards import (
    CLASSES,
    files,  # noqa: F401 (fixtures)
)

from frequency_shortcuts.evaluation import examples
from frequency_shortcuts.figures import cards as card_figure


def test_a_card_says_what_each_column_is(files):
    *paths, _ = files
    cards = examples.read_cards(*paths, 20, np.arange(3))
    figure = card_figure.class_cards(cards, CLASSES, 3, [2], note="3 of 9 classes: those chosen")
    words = {*CLASSES, "ADCS", "map (DFM),\nblack: kept", "test image", "reduced\nto map", "cycles per image"}
    assert words | {"share of greatest", "3 of 9 classes: those chosen"} <= texts_of(figure)
    assert all(axis.images for axis in figure.axes[:24])


@pytest.mark.parametrize(("size", "count"), [((32, 48), 1), ((30, 26), 3)])
def test_the_panels_of_a_card_are_in_line_and_the_ticks_of_its_bars_apart(size, count):
    planes, pictures = np.zeros((count, *size)), np.zeros((count, 3, *size))
    cards = examples.Cards(
        planes, planes.astype(np.int16), planes, planes > 0, planes > 0, pictures.astype(np.uint8), pictures, pictures
    )
    figure = card_figure.class_cards(cards, [f"c{c}" for c in range(count)], count)
    figure.canvas.draw()
    for row in range(count):
        tops = [axis.get_window_extent().y1 for axis in figure.axes[8 * row : 8 * row + 8]]
        assert max(tops) - min(tops) < 2  # pixels
    for bar in figure.axes[8 * count :]:
        places = [tick.get_window_extent() for tick in bar.get_xticklabels()]
        for one, other in itertools.pairwise(places):
            assert one.x1 <= other.x0
