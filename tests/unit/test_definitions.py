"""The definitions of the findings and their verdicts."""

import numpy as np
from evidence_tables import NOTHING
from hypothesis import given
from hypothesis import strategies as st

from frequency_shortcuts.findings import judge
from frequency_shortcuts.findings.definitions import DOES_NOT_HOLD, HOLDS, UNDECIDED, verdict
from frequency_shortcuts.findings.evidence import Evidence


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(-1, 1))
def test_a_verdict_needs_an_interval_on_one_side(low, width, threshold):
    judged = verdict(low, low + width, threshold)
    assert (judged == HOLDS) == (low > threshold)
    assert (judged == DOES_NOT_HOLD) == (low + width <= threshold)
    assert verdict(np.nan, np.nan, threshold) == UNDECIDED


def test_every_finding_of_the_method_has_a_definition_and_a_row_even_without_data():
    table = judge.judge(Evidence(NOTHING))
    assert list(table) == judge.COLUMNS
    assert list(dict.fromkeys(table["finding"])) == ["a", "b", "c", "d", "e1", "e2", "f", "g"]
    without = table[table["cases"] == 0]
    assert set(without["finding"]) == {"a", "b", "c", "e1", "e2", "f", "g"}
    assert (without["verdict"] == UNDECIDED).all() and without["detail"].str.startswith("needs ").all()
