"""The numbers that docs/results.md takes from the two experiments (`make experiments`).

pages/experiments.md.jinja has the sentences.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from scipy.stats import spearmanr

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
    unrelied = of_maps[of_maps["reading"] == NOT_RELIED_ON]
    return {
        "positions": round(of_all.loc["maps", "positions"]),
        "seeds": of_all["seeds"].max(),
        "recall": of_all.loc["maps", "tpr"],
        "classes": len(of_maps),
        "after": of_all["lost_after"].to_dict(),
        "counts": {reading: int((of_maps["reading"] == reading).sum()) for reading in READINGS},
        "table": table(["removed", "lost at test time", "lost after training anew", *READINGS], lines),
        "others_called": dict(zip(unrelied["class"], unrelied["fpr_without"], strict=True)),
    }


def harm(study: Path) -> dict[str, Any]:
    """What the shortcut of the class with the wave costs, by the share of its images with the wave, and each method."""
    table_of_all = read_table(study / "tables" / "harm.csv")
    of_culling = table_of_all[table_of_all["method"] == "culling"]
    some, controls = of_culling[of_culling["share"] > 0], of_culling[of_culling["share"] == 0]
    is_strong = (some["verdict"] == "strong") & some["in_map"].astype(bool)
    methods = list(dict.fromkeys(table_of_all["method"]))
    header = [
        "wave in",
        "networks",
        "recall with the wave",
        "lost without it",
        "other images called this class with it",
    ]
    lines = []
    for share, part in table_of_all.groupby("share"):
        first = part[part["method"] == "culling"]
        line = [f"{share:.0%}", len(first), *(f"{first[name].mean():.2f}" for name in ("tpr_with", "lost", "called"))]
        for _, rows in part.groupby("method", sort=False):
            line += [f"{rows['advantage'].mean():.2f}", f"{int(rows['in_map'].sum())}"]
        lines.append(line)
    header += [words.format(method) for method in methods for words in ("advantage, {}", "wave in the map, {}")]
    return {
        "class": of_culling["class"].iloc[0],
        "networks": len(some),
        "strong": int(is_strong.sum()),
        "strong_that_cost": int(some.loc[is_strong, "costs"].sum()),
        "others_that_cost": int(some.loc[~is_strong, "costs"].sum()),
        "controls": len(controls),
        "controls_that_cost": int(controls["costs"].sum()),
        "correlations": {
            method: [_rank_correlation(rows[rows["share"] > 0], name) for name in ("lost", "called")]
            for method, rows in table_of_all.groupby("method", sort=False)
        },
        "table": table(header, lines),
    }


def _rank_correlation(rows: pd.DataFrame, name: str) -> float:
    return float(spearmanr(rows["advantage"], rows[name]).statistic)


def _with_interval(row: pd.Series, name: str) -> str:
    return f"{_rounded(row[name])} [{_rounded(row[f'{name}_low'])}, {_rounded(row[f'{name}_high'])}]"


def _rounded(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}"  # no -0.00
