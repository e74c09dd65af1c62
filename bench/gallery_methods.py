"""The numbers and tables that docs/methods.md takes from the comparison of methods (`make methods`).

pages/benchmark.md.jinja has the sentences.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from frequency_shortcuts.evaluation.method_scores import CONTROL, UNFILTERED
from frequency_shortcuts.evaluation.truth import FOUND
from frequency_shortcuts.storage.tables import read_table

from .markdown import table

PERCENT = 5.0  # size of the maps in the tables
PHOTOGRAPHS, WAVED = "fashion_mnist", "waved"
DEFAULT = "mixture"  # the method that is compared with every other
NAMES = {CONTROL: "random masks (ten)"}


def read(study: Path, name: str) -> pd.DataFrame:
    """A table of the comparison."""
    return read_table(study / "tables" / f"{name}.csv")


def scored(study: Path, truth: str = "own") -> pd.DataFrame:
    """Scores against one of the truths, where the network uses what was planted."""
    return read(study, "methods").query(f"truth == '{truth}'").dropna(subset=["average_precision"])


def blind(study: Path) -> list[str]:
    """The methods that never show an image to the network."""
    passes = read(study, "methods").groupby("method")["passes"].max()
    return list(passes.index[passes == 0])


def cost(study: Path) -> str:
    """One row a method: passes and seconds on a planted set and on photographs, and the overlap of its maps."""
    rows = read(study, "methods").drop_duplicates(["dataset", "seed", "method"])
    overlap = read(study, "method_overlap").query(f"percent == {PERCENT}").groupby("method")["overlap"].mean()
    kinds = {"plant_present": "32 x 32, 4 classes", PHOTOGRAPHS: "Fashion-MNIST"}
    lines: list[list[object]] = []
    for name, runs in rows.groupby("method", sort=False):
        line: list[object] = [f"`{name}`"]
        for dataset in kinds:
            means = runs.loc[runs["dataset"] == dataset, ["passes", "seconds"]].mean()
            there = means.notna().all()
            line += [f"{means['passes']:,.0f}", f"{means['seconds']:.1f}"] if there else ["", ""]
        lines.append([*line, f"{overlap[name]:.2f}" if name in overlap else ""])
    header = [text for kind in kinds.values() for text in (f"passes, {kind}", "seconds")]
    return table(["method", *header, "overlap between seeds"], lines)


def on_photographs(study: Path) -> str:
    """One row a method: maps of 5 % kept and removed, on photographs; beside the controls."""
    rows = read(study, "method_rates").query(f"dataset == '{PHOTOGRAPHS}'")
    fills, lines = list(dict.fromkeys(rows["fill"])), []
    rows = rows[(rows["percent"] == PERCENT) & (rows["method"] != UNFILTERED)]
    means = rows.groupby(["method", "part", "fill"], sort=False)[["tpr", "fpr", "margin"]].mean()
    for name in dict.fromkeys(rows["method"]):
        line = [NAMES.get(name, f"`{name}`")]
        for fill in fills:
            kept, removed = means.loc[(name, "keep", fill)], means.loc[(name, "remove", fill)]
            line += [f"{kept['tpr'] - kept['fpr']:.2f}", f"{kept['margin']:+.2f}", f"{removed['tpr']:.2f}"]
        lines.append(line)
    columns = ("TPR - FPR, kept", "minus best control", "TPR, removed")
    header = [f"{fill}: {columns[0]}" if i == 0 else columns[i] for fill in fills for i in range(3)]
    return table(["method", *header], lines)


def overview(study: Path) -> dict[str, Any]:
    """Networks, the sets that no method with passes finds on average, and what `energy` and these make of the decoy."""
    blind_methods = blind(study)
    means = scored(study).groupby(["method", "dataset"], sort=False)["average_precision"].mean()
    best = means.drop(index=blind_methods, level="method").groupby("dataset", sort=False).max()
    decoys = scored(study, "decoy").groupby("method")["average_precision"].mean()
    return {
        "found": FOUND,
        "networks": len(read(study, "methods").drop_duplicates(["dataset", "seed"])),
        "missed": [f"{name.removeprefix('plant_')} ({value:.2f})" for name, value in best.items() if value < FOUND],
        "energy": decoys.get("energy"),
        "using": decoys.drop(index=blind_methods, errors="ignore").max(),
    }
