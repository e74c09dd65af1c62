"""What the docs take from the trainings that should avoid shortcuts (`make cure`): a picture and text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from frequency_shortcuts.evaluation.cure import NONE
from frequency_shortcuts.storage.tables import read_table

from .markdown import DOCS, ROOT, listed, paragraphs, table

STUDY = ROOT / "results" / "cure"
PICTURES = ["cure_fashion_mnist"]
MEASURES = {
    "strong_shortcuts": "classes with a strong shortcut",
    "map_tpr_fpr": "TPR - FPR of the maps",
    "test_accuracy": "test accuracy",
    "ood_accuracy": "accuracy in renditions",
    "corrupted_recall": "recall under corruptions",
}


def cured() -> str:
    """Which trainings cure, and what changes for sure; then one row an augmentation, with its differences."""
    rows = read_table(STUDY / "tables" / "cure.csv")
    tried = rows[rows["augmentation"] != NONE]
    yes = [f"`{name}`" for name in tried.loc[tried["cures"].eq(True), "augmentation"].unique()]
    verdict = f"{listed(yes)} {'cures' if len(yes) == 1 else 'cure'}" if yes else "none of them cures"
    text = paragraphs(
        f"By this definition, {verdict}. Differences to training without, whose whole 95 % interval is "
        f"above or below 0: {'; '.join(sure_changes(tried)) or 'none'}.",
        "",
        f"Means over {rows['seeds'].max()} seeds and {rows['classes'].max()} classes; in brackets, the difference to "
        "training without and its 95 % interval:",
    )
    lines = []
    for name, mine in rows.groupby("augmentation", sort=False):
        by_measure, line = mine.set_index("measure"), [f"`{name}`"]
        for measure in MEASURES:
            row = by_measure.loc[measure]
            change = f" ({row['difference']:+.3f} [{row['difference_low']:+.3f}, {row['difference_high']:+.3f}])"
            line.append(f"{row['value']:.3f}{'' if name == NONE else change}")
        lines.append(line)
    return f"{text}\n\n{table(['training', *MEASURES.values()], lines)}"


def sure_changes(tried: pd.DataFrame) -> list[str]:
    """For each measure, the trainings that change it, such as "test accuracy lower with `dfmx`"."""
    found = []
    for measure, words in MEASURES.items():
        mine = tried[tried["measure"] == measure]
        for change, sure in (("higher", mine["difference_low"] > 0), ("lower", mine["difference_high"] < 0)):
            if names := [f"`{name}`" for name in mine.loc[sure, "augmentation"]]:
                found.append(f"{words} {change} with {listed(names)}")
    return found


PAGES: dict[Path, Sequence[Callable[[], str]]] = {DOCS / "method.md": (cured,)}
