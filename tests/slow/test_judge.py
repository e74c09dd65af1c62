"""Verdicts: p, Holm, and what a table of findings says of each row."""

import pandas as pd
from findings_tables import advantages, band_stop, classes, dynamics_of, graded, networks
from test_judge import AUGMENTED, FIVE, SMALL, deciding

from frequency_shortcuts.findings.definitions import DOES_NOT_HOLD, FINDINGS, HOLDS, OPEN
from frequency_shortcuts.findings.numbers import Tables


def test_a_study_with_data_for_every_finding_has_a_verdict_on_each():
    deep, wide = ("deep", "none"), ("wide", "none")
    kinds = [SMALL, AUGMENTED, wide, deep]
    found = pd.DataFrame(
        [
            {"dataset": "zoo", "maps_of": f"small/none/seed{seed}", "tested_on": f"deep/none/seed{seed}",
             "fill": "zeros", "headline": True, "advantage": 0.1, "advantage_low": 0.0, "advantage_high": 0.2}
            for seed in (200, 201)
        ]
    )  # fmt: skip
    names = ["C0", "C1", "C2", "C3"]
    study = Tables(
        kinds={"zoo": "photographs", "syn_1": "synthetic"},
        classes=pd.concat([classes(), classes("syn_1", names, "C0")]),
        networks=pd.concat([networks(kinds, {"wide": 16}), networks([SMALL], dataset="syn_1")]),
        advantages=advantages(dict.fromkeys(kinds, FIVE)),
        ood=advantages({SMALL: FIVE}, rendition="toy"),
        transfer=found,
        dynamics=pd.concat([dynamics_of(SMALL, seed) for seed in range(200, 205)]),
        band_stop=band_stop("syn_1", False),
        control_bands={"syn_1": 1},
        graded=pd.concat([graded([1, 2, 3, 4], [2, 1, 4, 3 + i], ["low", "high"] * 2, 200 + i) for i in range(5)]),
    )
    verdicts = deciding(study)["verdict"]
    assert list(verdicts.index) == list(FINDINGS) and set(verdicts) <= {HOLDS, DOES_NOT_HOLD, OPEN}
