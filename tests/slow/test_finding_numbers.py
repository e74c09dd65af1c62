"""The number of each network, finding by finding, on tables where it is easy to see."""

import numpy as np
from findings_tables import band_stop, classes, networks
from test_finding_numbers import SMALL, of

from frequency_shortcuts.findings.numbers import Tables, numbers


def test_b_is_of_tpr_minus_fpr():
    """All images are called C2: its TPR is 1, and so is its FPR."""
    table = band_stop("syn_1", True)
    table["filtered"] = np.where(table["called_class"] == "C2", 20, 0)
    study = Tables(
        kinds={"syn_1": "synthetic"}, classes=classes("syn_1", ["C0", "C1", "C2", "C3"], "C0"),
        networks=networks([SMALL], dataset="syn_1"), band_stop=table, control_bands={"syn_1": 1},
    )  # fmt: skip
    assert of(numbers(study), "b") == [0]
