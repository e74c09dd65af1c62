"""The table and the figure of trainings that avoid shortcuts, on tables that are small enough to be read by eye."""

import pandas as pd
import pytest
from figure_checks import check_page, texts_of
from test_cure import ACCURACY, STRONG_CLASSES, study

from frequency_shortcuts.evaluation.cure import cure_table
from frequency_shortcuts.figures import cure as drawings


def two_networks():
    parts = [study(), study(STRONG_CLASSES | {"dfmx_low_pass": 3}, ACCURACY | {"dfmx_low_pass": 0.8}, network="large")]
    return cure_table(*(pd.concat(pair) for pair in zip(*parts, strict=True)))


@pytest.mark.usefixtures("closed_figures")
def test_the_figure_shows_every_augmentation_and_measure():
    found = two_networks()
    figure = drawings.cure(found)
    check_page(figure)
    assert {*found["augmentation"], *found["network"], "test accuracy", "accuracy\nin renditions"} <= texts_of(figure)
    cured = set(found.loc[found["cures"].eq(True), "augmentation"])
    bold = {label.get_text() for label in figure.axes[0].get_yticklabels() if label.get_fontweight() == "bold"}
    assert bold == cured
