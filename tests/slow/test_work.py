"""The work of a plan, counted before it starts."""

import re

import pytest
from test_work import compared

from study.inputs import Content, cost
from study.settings import Shape


@pytest.mark.parametrize("per_class", [None, {"validation": 3, "test": 3, "train": 9}])
def test_the_check_says_how_many_passes_a_network_takes_and_how_long(per_class):
    found = Content(range(4), Shape(3, 32, 32), "", per_class=per_class)
    (line,) = cost(compared(device="cpu"), "syn_1", "small", found)
    assert re.fullmatch(
        r"syn_1: small: 2 runs, about [\d.]+ million forward passes \([\d.]+ of them of methods\), "
        r"[\d.]+ ms each on this cpu: \d+ min",
        line,
    )
