"""Tables as they are shown: what a reader sees is what the table holds."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from frequency_shortcuts.figures import typeset


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=8))
def test_numbers_are_within_half_a_unit_of_their_last_place(values):
    texts = typeset.cells(pd.DataFrame({"x": values}))["x"]
    for value, text in zip(values, texts, strict=True):
        decimals = len(text.partition(".")[2]) if "e" not in text else None
        allowed = 0.06 * abs(value) if decimals is None else 0.5001 * 10.0**-decimals
        assert abs(float(text) - value) <= allowed + 1e-12 * abs(value)
        assert value == 0 or float(text) != 0 or "e" in text
