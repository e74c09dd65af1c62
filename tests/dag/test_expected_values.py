"""Another machine computes the same study: numbers of the shared run of the DAG against expected_values.csv."""

import expected_values
import pandas as pd


def test_the_study_gives_the_expected_values(study):
    expected = pd.read_csv(expected_values.FILE)
    measured = expected_values.measured(study.results)
    assert list(measured["number"]) == list(expected["number"]) and list(measured["kind"]) == list(expected["kind"])
    wrong = expected.assign(measured=measured["value"])[
        ~((measured["value"] - expected["value"]).abs() <= expected["tolerance"])
    ]
    assert wrong.empty, f"numbers beyond their tolerances:\n{wrong.to_string(index=False)}"
    again = expected_values.with_tolerances(expected)["tolerance"]
    assert (again - expected["tolerance"]).abs().max() < 1e-6, (
        "renew the file: python tests/dag/expected_values.py RESULTS"
    )
