"""What the docs take from the trainings that should avoid shortcuts (`make cure`): a picture and text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

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
    """Which trainings cure, in a sentence; then one row an augmentation, with the differences to training without."""
    rows = read_table(STUDY / "tables" / "cure.csv")
    tried = rows[rows["augmentation"] != NONE].drop_duplicates("augmentation")
    yes = [f"`{name}`" for name in tried.loc[tried["cures"].eq(True), "augmentation"]]
    seeds, classes = rows["seeds"].max(), rows["classes"].max()
    text = (
        f"By this definition, {listed(yes)} {'cures' if len(yes) == 1 else 'cure'}."
        if yes
        else "By this definition, none of them cures."
    )
    text += f" Means over {seeds} seeds and {classes} classes; differences to training without, with 95 % intervals:"
    lines = []
    for name, mine in rows.groupby("augmentation", sort=False):
        by_measure, line = mine.set_index("measure"), [f"`{name}`"]
        for measure in MEASURES:
            row = by_measure.loc[measure]
            change = f" ({row['difference']:+.3f} [{row['difference_low']:+.3f}, {row['difference_high']:+.3f}])"
            line.append(f"{row['value']:.3f}{'' if name == NONE else change}")
        lines.append(line)
    return f"{paragraphs(text)}\n\n{table(['training', *MEASURES.values()], lines)}"


PAGES: dict[Path, Sequence[Callable[[], str]]] = {DOCS / "method.md": (cured,)}
