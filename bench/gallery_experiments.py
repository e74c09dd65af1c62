"""The numbers that docs/results.md takes from `make experiments`.

pages/experiments.md.jinja has the sentences.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from frequency_shortcuts.evaluation.reliance import ALL_IMAGES, AVOIDABLE, NEEDED, NOT_RELIED_ON, OPEN
from frequency_shortcuts.storage.tables import read_table

from .markdown import table

REMOVED = {"maps": "the maps", "random": "random", "low_pass": "lowest", "nothing": "nothing, another seed"}
READINGS = (AVOIDABLE, NEEDED, NOT_RELIED_ON, OPEN)


def reliance(study: Path) -> dict[str, Any]:
    """What was removed, its losses over all images, and the readings of the classes."""
    rows = read_table(study / "tables" / "reliance.csv").assign(**{"class": lambda rows: rows["class"].astype(str)})
    of_all = rows[rows["class"] == ALL_IMAGES].set_index("removed")
    of_classes = rows[rows["class"] != ALL_IMAGES]
    of_maps = of_classes[of_classes["removed"] == "maps"]
    lines = []
    for removed, words in REMOVED.items():
        row, counts = of_all.loc[removed], of_classes.loc[of_classes["removed"] == removed, "reading"].value_counts()
        readings = [counts.get(reading, 0) for reading in READINGS]
        readings = readings if removed != "nothing" else [""] * len(READINGS)
        lines.append([words, _with_interval(row, "lost_at_test"), _with_interval(row, "lost_after"), *readings])
    return {
        "positions": round(of_all.loc["maps", "positions"]),
        "seeds": of_all["seeds"].max(),
        "recall": of_all.loc["maps", "tpr"],
        "classes": len(of_maps),
        "after": of_all["lost_after"].to_dict(),
        "counts": {reading: int((of_maps["reading"] == reading).sum()) for reading in READINGS},
        "table": table(["removed", "lost at test time", "lost after training anew", *READINGS], lines),
    }


def _with_interval(row: pd.Series, name: str) -> str:
    return f"{_rounded(row[name])} [{_rounded(row[f'{name}_low'])}, {_rounded(row[f'{name}_high'])}]"


def _rounded(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}"  # no -0.00
