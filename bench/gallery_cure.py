"""The numbers that docs/results.md takes from the trainings that should avoid shortcuts (`make cure`).

pages/cure.md.jinja has the sentences.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from frequency_shortcuts.evaluation.cure import NONE
from frequency_shortcuts.storage.tables import read_table

from .markdown import listed, table

MEASURES = {
    "strong_shortcuts": "classes with a strong shortcut",
    "map_tpr_fpr": "TPR - FPR of the maps",
    "test_accuracy": "test accuracy",
    "ood_accuracy": "accuracy in renditions",
    "corrupted_recall": "recall under corruptions",
}


def cured(study: Path) -> dict[str, Any]:
    """The trainings that cure, the changes of which the interval is sure, and a table with a row an augmentation."""
    rows = read_table(study / "tables" / "cure.csv")
    tried = rows[rows["augmentation"] != NONE]
    return {
        "cures": [f"`{name}`" for name in tried.loc[tried["cures"].eq(True), "augmentation"].unique()],
        "changes": sure_changes(tried),
        "seeds": rows["seeds"].max(),
        "classes": rows["classes"].max(),
        "table": by_augmentation(rows),
    }


def by_augmentation(rows: pd.DataFrame) -> str:
    """A row for each augmentation, with the differences to training without."""
    lines = []
    for name, part in rows.groupby("augmentation", sort=False):
        by_measure, line = part.set_index("measure"), [f"`{name}`"]
        for measure in MEASURES:
            row = by_measure.loc[measure]
            change = f" ({row['difference']:+.3f} [{row['difference_low']:+.3f}, {row['difference_high']:+.3f}])"
            line.append(f"{row['value']:.3f}{'' if name == NONE else change}")
        lines.append(line)
    return table(["training", *MEASURES.values()], lines)


def sure_changes(tried: pd.DataFrame) -> list[str]:
    """For each measure, the trainings that change it, such as "test accuracy lower with `dfmx`"."""
    changes = []
    for measure, words in MEASURES.items():
        part = tried[tried["measure"] == measure]
        for change, sure in (("higher", part["difference_low"] > 0), ("lower", part["difference_high"] < 0)):
            if names := [f"`{name}`" for name in part.loc[sure, "augmentation"]]:
                changes.append(f"{words} {change} with {listed(names)}")
    return changes
