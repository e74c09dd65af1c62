"""Intervals against slow references: scipy's distributions and intervals, tables of 2 x 2 cells, loops over draws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frequency_shortcuts import intervals


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60))
def test_a_paired_difference_is_that_of_the_2_x_2_table_with_one_half_in_each_cell(images):
    cells = {(one, other): 0.5 for one in (True, False) for other in (True, False)}
    for image in images:
        cells[image] += 1
    n, only_one, only_other = sum(cells.values()), cells[True, False], cells[False, True]
    found = intervals.paired([int(one) - int(other) for one, other in images])
    assert found.centre == pytest.approx((only_one - only_other) / n, abs=1e-12)
    assert found.variance == pytest.approx(((only_one + only_other) - (only_one - only_other) ** 2 / n) / n**2)
    if images:
        assert found.value == pytest.approx(np.mean([one for one, _ in images]) - np.mean([two for _, two in images]))
    else:
        assert np.isnan(found.value) and found.variance == 0.25
