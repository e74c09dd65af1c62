"""Mean and standard deviation of pixels, and which of them a network may be given."""

import numpy as np
import pytest
from small_stores import labelled

from frequency_shortcuts.data import normalisation


def test_pixel_statistics_against_numpy():
    pixels, _ = labelled(9, 3)
    mean, std = normalisation.pixel_statistics(pixels)
    np.testing.assert_allclose(mean, (pixels / 255).mean(axis=(0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(std, (pixels / 255).std(axis=(0, 2, 3)), rtol=1e-12)


@pytest.mark.parametrize(
    ("mean", "std", "taken"),
    [
        (0, 1, True), (0, 1 / 255, True), (0.485, 0.229, True), (0.5, 0.5, True), (123.68 / 255, 1 / 255, True),
        (127, 60, False), (0.5, 60, False), (0.5, 0, False), (0.5, -0.2, False), (float("nan"), 0.2, False),
    ],
)  # fmt: skip
def test_what_networks_are_normalised_with_is_in_units_of_one(mean, std, taken):
    if taken:
        normalisation.check_statistics([mean] * 3, [std] * 3, 3)
    else:
        with pytest.raises(ValueError, match=r"expected units of \[0, 1\]"):
            normalisation.check_statistics([mean] * 3, [std] * 3, 3)
