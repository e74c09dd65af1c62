"""What README and docs take from the comparison of methods (`make methods`): pictures, and text between markers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from frequency_shortcuts.evaluation.method_scores import CONTROL, UNFILTERED, paired_differences
from frequency_shortcuts.evaluation.truth import FOUND
from frequency_shortcuts.evaluation.usage import WITHOUT_WAVE
from frequency_shortcuts.storage.tables import read_table

from .markdown import DOCS, README, ROOT, listed, paragraphs, points, table

STUDY = ROOT / "results" / "benchmark"
PICTURES = [
    "method_truth_all", "method_rates_planted", "method_rates_photographs", "method_deletion_photographs",
    "method_cost_all", "method_overlap_all",
]  # fmt: skip
PERCENT = 5.0  # size of the maps in the tables
PHOTOGRAPHS, WAVED = "fashion_mnist", "waved"
TELLS = 0.5  # TPR - FPR from which a kept wave tells that the class hangs on it
DEFAULT = "mixture"  # the method that is compared with every other


def read(name: str) -> pd.DataFrame:
    """A table of the comparison."""
    return read_table(STUDY / "tables" / f"{name}.csv")


def scored(truth: str = "own") -> pd.DataFrame:
    """Scores against one of the truths, where the network uses what was planted."""
    rows = read("methods").query(f"truth == '{truth}'").dropna(subset=["average_precision"])
    return rows.assign(found=rows["average_precision"] >= FOUND, above=rows["average_precision"] > rows["random_high"])


def unasking() -> list[str]:
    """The methods that never show an image to the network."""
    passes = read("methods").groupby("method")["passes"].max()
    return list(passes.index[passes == 0])


def methods_found() -> str:
    """One row a method: in how many classes it has found the truth, by data set; mean average precision in brackets."""
    rows = scored()
    sets = list(dict.fromkeys(rows["dataset"]))
    lines = []
    for name, mine in rows.groupby("method", sort=False):
        by = mine.groupby("dataset").agg(found=("found", "sum"), mean=("average_precision", "mean"))
        cells = [f"{by.loc[key, 'found']} ({by.loc[key, 'mean']:.2f})" if key in by.index else "" for key in sets]
        lines.append([f"`{name}`", *cells])
    first = rows[rows["method"] == rows["method"].iloc[0]].groupby("dataset").size()
    means = rows[rows["method"] == rows["method"].iloc[0]].groupby("dataset")["random"].mean()
    lines.append(["random rankings", *(f"({means[key]:.2f})" for key in sets)])
    return table(
        ["classes found (mean AP)", *(f"{key.removeprefix('plant_')}, of {first[key]}" for key in sets)], lines
    )


def methods_in_words() -> str:
    """Which truths each method has found, which none has, and who falls for the decoy, in sentences."""
    rows = scored()
    by = rows.groupby(["dataset", "method"], sort=False)["found"].agg(["sum", "count"])
    lines = []
    for dataset in dict.fromkeys(rows["dataset"]):
        mine = by.loc[dataset]
        every = [f"`{name}`" for name in mine.index[mine["sum"] == mine["count"]]]
        some = [f"`{name}` ({row['sum']})" for name, row in mine.iterrows() if 0 < row["sum"] < row["count"]]
        count = mine["count"].iloc[0]
        words = [f"found in {count} of {count} classes by {listed(every)}"] if every else []
        words += [f"in some by {listed(some)}"] if some else []
        text = "; ".join(words) or f"found by no method in any of {count} classes"
        asking = mine.drop(index=unasking(), errors="ignore")
        if words and not asking["sum"].any():
            text += "; by no method that asks the network"
        lines.append(f"**{dataset}**: {text}.")
    halves = scored("better_half")
    if len(halves):
        best = halves.groupby("method", sort=False)["found"].agg(["sum", "count"])
        found = [f"`{name}` ({row['sum']})" for name, row in best.iterrows() if row["sum"]]
        lines.append(
            f"**plant_redundant, one of its two halves** ({best['count'].iloc[0]} classes): "
            f"{'found by ' + listed(found) if found else 'found by no method'}."
        )
    decoys = scored("decoy")
    if len(decoys):
        by_method = decoys.groupby("method", sort=False)
        means, above = by_method["average_precision"].mean(), by_method["above"].sum()
        fall = [
            f"`{name}` (mean average precision {means[name]:.2f})" for name in means.index[2 * above > by_method.size()]
        ]
        lines.append(
            f"**The decoy**, which the network does not use, is ranked above chance in most of "
            f"{by_method.size().iloc[0]} classes by {listed(fall) if fall else 'no method'}."
        )
    return points(*lines)


def methods_cost() -> str:
    """One row a method: passes and seconds on a planted set and on photographs, and the overlap of its maps."""
    rows = read("methods").drop_duplicates(["dataset", "seed", "method"])
    overlap = read("method_overlap").query(f"percent == {PERCENT}").groupby("method")["overlap"].mean()
    kinds = {"plant_present": "32 x 32, 4 classes", PHOTOGRAPHS: "Fashion-MNIST"}
    lines, header = [], ["method"]
    for name in kinds.values():
        header += [f"passes, {name}", "seconds"]
    for name, mine in rows.groupby("method", sort=False):
        line: list[object] = [f"`{name}`"]
        for dataset in kinds:
            means = mine.loc[mine["dataset"] == dataset, ["passes", "seconds"]].mean()
            there = means.notna().all()
            line += [f"{means['passes']:,.0f}", f"{means['seconds']:.1f}"] if there else ["", ""]
        lines.append([*line, f"{overlap[name]:.2f}" if name in overlap else ""])
    return table([*header, "overlap between seeds"], lines)


def methods_on_photographs() -> str:
    """One row a method: maps of 5 % kept and removed, on photographs; beside the controls."""
    rows = read("method_rates").query(f"dataset == '{PHOTOGRAPHS}'")
    fills, lines = list(dict.fromkeys(rows["fill"])), []
    rows = rows[(rows["percent"] == PERCENT) & (rows["method"] != UNFILTERED)]
    by = rows.groupby(["method", "part", "fill"], sort=False)
    means, margins = by[["tpr", "fpr"]].mean(), by["margin"].mean()
    for name in dict.fromkeys(rows["method"]):
        line = [{CONTROL: "random masks (ten)"}.get(name, f"`{name}`")]
        for fill in fills:
            kept, removed = means.loc[(name, "keep", fill)], means.loc[(name, "remove", fill)]
            margin = margins[name, "keep", fill]
            line += [f"{kept['tpr'] - kept['fpr']:.2f}", f"{margin:+.2f}", f"{removed['tpr']:.2f}"]
        lines.append(line)
    header = [text for fill in fills
              for text in (f"{fill}: TPR - FPR, kept", "minus best control", "TPR, removed")]  # fmt: skip
    return table(["method", *header], lines)


def methods_paired() -> str:
    """Where the default method is better or worse than each other one on photographs, maps of 5 % kept."""
    rows = read("method_rates").query(f"dataset == '{PHOTOGRAPHS}' and part == 'keep' and percent == {PERCENT}")
    found = paired_differences(rows[rows["method"] != UNFILTERED], DEFAULT)
    fills, lines = list(dict.fromkeys(found["fill"])), []
    for name, mine in found.groupby("method", sort=False):
        cells = []
        for row in (mine.set_index("fill").loc[fill] for fill in fills):
            word = "better" if row["low"] > 0 else "worse" if row["high"] < 0 else "not clear"
            cells.append(f"{row['difference']:+.2f} [{row['low']:+.2f}, {row['high']:+.2f}] {word}")
        lines.append([{CONTROL: "random masks (ten)"}.get(str(name), f"`{name}`"), *cells])
    count = found["pairs"].max()
    return table([f"`{DEFAULT}` minus, {count} classes of networks", *fills], lines)


def methods_waves() -> str:
    """What each test of the wave says; then, for each method, the place of the wave and the class without its maps."""
    tests = read("wave")
    plain, whole = (tests.loc[tests["test"] == name, "tpr"] for name in (WITHOUT_WAVE, UNFILTERED))
    name = tests["class"].iloc[0]
    tests = tests[~tests["test"].isin([WITHOUT_WAVE, UNFILTERED, CONTROL])]
    rates = tests.pivot_table(["tpr", "fpr"], ["test", "fill", "seed"], "part", sort=False)
    tells = rates["tpr", "keep"] - rates["fpr", "keep"] >= TELLS
    means, counts = (by.groupby(["test", "fill"], sort=False) for by in (rates, tells))
    necessity = [
        [*key, f"{row['tpr', 'remove']:.2f}", f"{row['tpr', 'keep']:.2f}", f"{row['fpr', 'keep']:.2f}", count]
        for (key, row), count in zip(means.mean().iterrows(), counts.sum(), strict=True)
    ]
    text = paragraphs(
        f"TPR of the class {name} with the wave, mean of {len(plain)} networks: {whole.mean():.2f}; on the same "
        f"photographs without it: {plain.mean():.2f} (at most {plain.max():.2f})."
    )
    header = ["mask", "fill", "TPR, mask removed", "TPR, mask kept", "FPR, mask kept",
              f"networks with TPR - FPR, mask kept, of at least {TELLS}"]  # fmt: skip
    return f"{text}\n\n{table(header, necessity)}\n\n{_wave_by_method(name)}"


def _wave_by_method(name: str) -> str:
    """One row a method: the place of the wave, and the TPR of its class without the best 1 and 5 % of the method."""
    scores = read("methods").query(f"dataset == '{WAVED}'").dropna(subset=["average_precision"])
    place = (1 / scores[scores["truth"] == "own"].set_index("method")["average_precision"]).groupby(level=0).median()
    scores = scores.pivot_table("average_precision", "method", "truth", sort=False)
    rates = read("method_rates").query(f"dataset == '{WAVED}' and part == 'remove'")
    rates = rates[rates["class"] == name].pivot_table("tpr", "method", ["percent", "fill"], sort=False)
    removed = [(percent, fill) for percent in (1.0, PERCENT) for fill in ("zeros", "swap")]
    rows = [
        [f"`{method}`", f"{place[method]:.0f}", f"{row['with_harmonics']:.2f}",
         *(f"{rates.loc[method, key]:.2f}" for key in removed)]
        for method, row in scores.iterrows()
    ]  # fmt: skip
    header = ["method", "place of the wave (median of 1 / AP)", "AP, wave and harmonics"]
    return table([*header, *(f"TPR without its best {percent:g} %, {fill}" for percent, fill in removed)], rows)


def methods_caption() -> str:
    """What the picture at the top of the README shows."""
    rows = scored()
    means = rows.groupby(["method", "dataset"], sort=False)["average_precision"].mean()
    asking = means.drop(index=unasking(), level="method")
    best = asking.groupby("dataset", sort=False).max()
    missed = [f"{key.removeprefix('plant_')} ({value:.2f})" for key, value in best.items() if value < FOUND]
    networks = read("methods").drop_duplicates(["dataset", "seed"])
    text = (
        f"Every method, where the truth is known: average precision of its ranking of the frequencies "
        f"against those that we planted, mean over n classes and seeds whose network uses them ({len(networks)} "
        f"networks). Bold: a mean of at least {FOUND}. Simple methods, which the others must beat, stand in italics."
    )
    if missed:
        text += f" No method that asks the network reaches this on {listed(missed)} (in brackets, the best mean)."
    decoys = scored("decoy").groupby("method")["average_precision"].mean()
    if "energy" in decoys.index:
        text += (
            f" `energy` reads the images alone: what the network does not use (the decoy) has an average precision of "
            f"{decoys['energy']:.2f}, and of at most {decoys.drop(index=unasking(), errors='ignore').max():.2f} with "
            f"methods that ask the network."
        )
    return paragraphs(f"{text} [docs/methods.md](docs/methods.md) says what each method does, costs and assumes.")


PAGES: dict[Path, Sequence[Callable[[], str]]] = {
    README: (methods_caption,),
    DOCS / "methods.md": (
        methods_in_words, methods_found, methods_on_photographs, methods_paired, methods_waves, methods_cost,
    ),
}  # fmt: skip
