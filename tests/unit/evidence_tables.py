"""Small tables of a study, as evidence for its findings."""

import numpy as np
import pandas as pd

from frequency_shortcuts.findings import judge

CLASSES = ["ant", "bee", "cow"]
# No FPR, and controls that are all alike.
EXACT = {f"fpr_{kind}": np.nan for kind in ("dfm", "random", "radial", "low_pass", "other")}
EXACT |= {f"error_{kind}": 0.0 for kind in ("random", "radial", "low_pass", "other")}
EXACT |= {f"draws_{kind}": 10 for kind in ("random", "radial", "low_pass", "other")}
RUN = {"dataset": "zoo", "network": "small", "augmentation": "none", "seed": 0}


def verdicts(*rows, **everywhere):
    """A table of verdicts: rows of (run's changes, class, TPR of the map, TPR of every control, verdict)."""
    return pd.DataFrame(
        [
            {
                **RUN, "class": name, "images": 40, "negatives": 0, "tpr_dfm": tpr, "tpr_random": control,
                "tpr_radial": control / 2, "tpr_low_pass": 0.0, "tpr_other": 0.0, "verdict": judged, **EXACT,
                "part": "keep", "fill": "zeros", "neutral": False, "headline": True, **everywhere, **run,
            }
            for run, name, tpr, control, judged in rows
        ]
    )  # fmt: skip


def row(evidence, letter, dataset="all", **options):
    table = judge.judge(evidence, **options)
    found = table[(table["finding"] == letter) & (table["dataset"] == dataset)]
    assert len(found) == 1
    return found.iloc[0]


NOTHING = verdicts(({}, "ant", 0.1, 0.1, "none"))


def networks(after, control=0.1, before="strong", changed="network"):
    other = {"network": "large"} if changed == "network" else {"augmentation": "autoaugment"}
    return verdicts(
        ({}, "ant", 0.9, 0.1, before), ({}, "bee", 0.9, 0.95, "none"),
        (other, "ant", after, control, "none"), (other, "bee", 0.99, 0.0, "strong"),
    )  # fmt: skip


SIZES = {("zoo", "small"): 10, ("zoo", "large"): 1000}


def rates(key, of, controls=(0.2, 0.1, 0.05), **run):
    """Rows of a test for each name in `of`: {(class, ...): TPR of the map}."""
    rows = []
    for case, tpr in of.items():
        names = dict(zip(key, case, strict=True))
        for name, value in zip(("dfm", "random", "radial", "other"), (tpr, *controls), strict=True):
            rows.append(
                {**run, **names, "fill": "zeros", "filter": name, "images": 30, "tpr": value, "error": 0, "draws": 1}
            )
    return pd.DataFrame(rows)


STRONG_ANT = verdicts(({}, "ant", 0.9, 0.1, "strong"), ({}, "bee", 0.9, 0.95, "none"))
