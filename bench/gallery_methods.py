"""The numbers and tables that README and docs take from the comparison of methods (`make methods`).

pages/benchmark.md.jinja has the sentences.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from frequency_shortcuts.evaluation.method_scores import CONTROL, UNFILTERED, paired_differences
from frequency_shortcuts.evaluation.truth import FOUND
from frequency_shortcuts.evaluation.usage import WITHOUT_WAVE
from frequency_shortcuts.storage.tables import read_table

from .markdown import table

PERCENT = 5.0  # size of the maps in the tables
PHOTOGRAPHS, WAVED = "fashion_mnist", "waved"
TELLS = 0.5  # TPR - FPR from which a kept wave tells that the class hangs on it
DEFAULT = "mixture"  # the method that is compared with every other
NAMES = {CONTROL: "random masks (ten)"}


def read(study: Path, name: str) -> pd.DataFrame:
    """A table of the comparison."""
    return read_table(study / "tables" / f"{name}.csv")


def scored(study: Path, truth: str = "own") -> pd.DataFrame:
    """Scores against one of the truths, where the network uses what was planted."""
    rows = read(study, "methods").query(f"truth == '{truth}'").dropna(subset=["average_precision"])
    return rows.assign(found=rows["average_precision"] >= FOUND, above=rows["average_precision"] > rows["random_high"])


def blind(study: Path) -> list[str]:
    """The methods that never show an image to the network."""
    passes = read(study, "methods").groupby("method")["passes"].max()
    return list(passes.index[passes == 0])


def classes_found(study: Path) -> str:
    """One row a method: in how many classes it has found the truth, by data set; mean average precision in brackets."""
    rows = scored(study)
    names = list(dict.fromkeys(rows["dataset"]))
    lines = []
    for method, scores in rows.groupby("method", sort=False):
        by = scores.groupby("dataset").agg(found=("found", "sum"), mean=("average_precision", "mean"))
        cells = [f"{by.loc[name, 'found']} ({by.loc[name, 'mean']:.2f})" if name in by.index else "" for name in names]
        lines.append([f"`{method}`", *cells])
    first = rows[rows["method"] == rows["method"].iloc[0]].groupby("dataset")["random"].agg(["size", "mean"])
    lines.append(["random rankings", *(f"({first.loc[name, 'mean']:.2f})" for name in names)])
    header = [f"{name.removeprefix('plant_')}, of {first.loc[name, 'size']}" for name in names]
    return table(["classes found (mean AP)", *header], lines)


def finders(study: Path) -> Iterator[dict[str, Any]]:
    """For each data set: its classes, the methods that find all or some of them, and whether one asks the network."""
    rows, unasking = scored(study), blind(study)
    counts = rows.groupby(["dataset", "method"], sort=False)["found"].agg(["sum", "count"])
    for name in dict.fromkeys(rows["dataset"]):
        by_method = counts.loc[name]
        finds_all = by_method.index[by_method["sum"] == by_method["count"]]
        partly = by_method[(by_method["sum"] > 0) & (by_method["sum"] < by_method["count"])]["sum"]
        yield {
            "name": name,
            "count": by_method["count"].iloc[0],
            "all": [f"`{method}`" for method in finds_all],
            "some": [f"`{method}` ({found})" for method, found in partly.items()],
            "asks": by_method.drop(index=unasking, errors="ignore")["sum"].any(),
        }


def halves(study: Path) -> dict[str, Any] | None:
    """The classes with two redundant halves, and the methods that find one of these; none without such a set."""
    scores = scored(study, "better_half")
    if scores.empty:
        return None
    best = scores.groupby("method", sort=False)["found"].agg(["sum", "count"])
    finds = [f"`{name}` ({row['sum']})" for name, row in best.iterrows() if row["sum"]]
    return {"count": best["count"].iloc[0], "methods": finds}


def decoyed(study: Path) -> dict[str, Any] | None:
    """The classes with a decoy, and the methods that rank it above chance in most of them; none without such a set."""
    by_method = scored(study, "decoy").groupby("method", sort=False)
    if not len(by_method):
        return None
    means, above = by_method["average_precision"].mean(), by_method["above"].sum()
    fall = means.index[2 * above > by_method.size()]
    methods = [f"`{name}` (mean average precision {means[name]:.2f})" for name in fall]
    return {"count": by_method.size().iloc[0], "methods": methods}


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


def paired(study: Path) -> str:
    """Where the default method is better or worse than each other one on photographs, maps of 5 % kept."""
    rows = read(study, "method_rates").query(
        f"dataset == '{PHOTOGRAPHS}' and part == 'keep' and percent == {PERCENT} and method != '{UNFILTERED}'"
    )
    differences = paired_differences(rows, DEFAULT)
    fills, lines = list(dict.fromkeys(differences["fill"])), []
    for name, by_fill in differences.groupby("method", sort=False):
        cells = []
        for row in (by_fill.set_index("fill").loc[fill] for fill in fills):
            word = "better" if row["low"] > 0 else "worse" if row["high"] < 0 else "not clear"
            cells.append(f"{row['difference']:+.2f} [{row['low']:+.2f}, {row['high']:+.2f}] {word}")
        lines.append([NAMES.get(str(name), f"`{name}`"), *cells])
    return table([f"`{DEFAULT}` minus, {differences['pairs'].max()} classes of networks", *fills], lines)


def waves(study: Path) -> dict[str, Any]:
    """The class with the wave, its TPR in each network with and without, and a table of each test of the wave."""
    tests = read(study, "wave")
    plain, whole = (tests.loc[tests["test"] == name, "tpr"] for name in (WITHOUT_WAVE, UNFILTERED))
    name = tests["class"].iloc[0]
    tests = tests[~tests["test"].isin([WITHOUT_WAVE, UNFILTERED, CONTROL])]
    rates = tests.pivot_table(["tpr", "fpr"], ["test", "fill", "seed"], "part", sort=False)
    tells = rates["tpr", "keep"] - rates["fpr", "keep"] >= TELLS
    means, counts = (of_seeds.groupby(["test", "fill"], sort=False) for of_seeds in (rates, tells))
    rows = [
        [*key, f"{row['tpr', 'remove']:.2f}", f"{row['tpr', 'keep']:.2f}", f"{row['fpr', 'keep']:.2f}", count]
        for (key, row), count in zip(means.mean().iterrows(), counts.sum(), strict=True)
    ]
    header = ["mask", "fill", "TPR, mask removed", "TPR, mask kept", "FPR, mask kept",
              f"networks with TPR - FPR, mask kept, of at least {TELLS}"]  # fmt: skip
    return {"name": name, "whole": whole, "plain": plain, "tests": table(header, rows)}


def wave_by_method(study: Path, name: str) -> str:
    """One row a method: the place of the wave, and the TPR of its class without the best 1 and 5 % of the method."""
    scores = read(study, "methods").query(f"dataset == '{WAVED}'").dropna(subset=["average_precision"])
    place = (1 / scores[scores["truth"] == "own"].set_index("method")["average_precision"]).groupby(level=0).median()
    scores = scores.pivot_table("average_precision", "method", "truth", sort=False)
    rates = read(study, "method_rates").query(f"dataset == '{WAVED}' and part == 'remove'")
    rates = rates[rates["class"] == name].pivot_table("tpr", "method", ["percent", "fill"], sort=False)
    removed = [(percent, fill) for percent in (1.0, PERCENT) for fill in ("zeros", "swap")]
    rows = [
        [f"`{method}`", f"{place[method]:.0f}", f"{row['with_harmonics']:.2f}",
         *(f"{rates.loc[method, key]:.2f}" for key in removed)]
        for method, row in scores.iterrows()
    ]  # fmt: skip
    header = ["method", "place of the wave (median of 1 / AP)", "AP, wave and harmonics"]
    return table([*header, *(f"TPR without its best {percent:g} %, {fill}" for percent, fill in removed)], rows)


def overview(study: Path) -> dict[str, Any]:
    """Networks, the sets that no method with passes finds on average, and what `energy` and these make of the decoy."""
    unasking = blind(study)
    means = scored(study).groupby(["method", "dataset"], sort=False)["average_precision"].mean()
    best = means.drop(index=unasking, level="method").groupby("dataset", sort=False).max()
    decoys = scored(study, "decoy").groupby("method")["average_precision"].mean()
    return {
        "found": FOUND,
        "networks": len(read(study, "methods").drop_duplicates(["dataset", "seed"])),
        "missed": [f"{name.removeprefix('plant_')} ({value:.2f})" for name, value in best.items() if value < FOUND],
        "energy": decoys.get("energy"),
        "asking": decoys.drop(index=unasking, errors="ignore").max(),
    }
