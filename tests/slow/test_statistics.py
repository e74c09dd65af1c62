"""The simulation of the rules of uncertainty, against slow references."""

import re

import numpy as np
import pytest

from bench import statistics


@pytest.mark.parametrize("name", statistics.PARTS)
def test_the_page_has_what_the_simulation_finds(name):
    """200 tests of a setting instead of 1000: within four standard errors or more."""

    def cells(text):
        return [line.replace("*", "").strip("| ").split(" | ") for line in text.splitlines()[2:]]

    (written,) = re.findall(rf"<!-- {name} -->\n(.*?)\n<!--", statistics.PAGE.read_text(), re.DOTALL)
    table = statistics.part(name, np.random.default_rng(5), 200)
    for old, new in zip(cells(written), cells(table), strict=True):
        assert old[:2] == new[:2]
        for before, now in zip(old[2:], new[2:], strict=True):
            assert before == now or abs(float(before) - float(now)) < 15
