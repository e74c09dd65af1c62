"""Tables and sentences of README and docs that texts.md.jinja takes from tables of the studies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from frequency_shortcuts.data.artefacts import CAUSES
from frequency_shortcuts.evaluation.cure import LIMITS, NONE
from frequency_shortcuts.evaluation.flip_rates import FOLLOWED, FOUND, NUMBERS, Thresholds
from frequency_shortcuts.evaluation.leaks import CORRELATIONS, HARMFUL, HARMFUL_LOW
from frequency_shortcuts.evaluation.method_scores import CONTROL, UNFILTERED
from frequency_shortcuts.evaluation.reliance import ALL_IMAGES, AVOIDABLE, NEEDED, NOT_RELIED_ON, OPEN
from frequency_shortcuts.evaluation.truth import FOUND as FOUND_MASK
from frequency_shortcuts.evaluation.verdicts import AS_WELL
from frequency_shortcuts.findings.headlines import flip_answer
from frequency_shortcuts.intervals import compared
from frequency_shortcuts.storage.tables import NETWORK, RUN

from .markdown import cells, columns_of, listed, shown, table

__all__ = [
    "ALL_IMAGES",
    "CAUSES",
    "FOLLOWED",
    "FOUND_MASK",
    "columns_of",
    "flip_answer",
    "listed",
]  # of the templates
STRENGTHS = {1: "weak", 2: "strong"}


def of(chosen: pd.Series) -> str:
    """How many of some values are true, and of how many."""
    return f"{chosen.sum()} of {len(chosen)}"


# The default study

BASELINE = "dataset == 'fashion_mnist' and network == 'resnet18_w8' and augmentation == 'none'"
RANKINGS = {"dfm": "maps: AP", "dfm_size": "by size: AP", "random": "random rankings: AP"}
SYN = {"C1": "raised diagonals (C1 of Syn)", "C2": "raised axes (C2 of Syn)", "C3": "a band that is absent (C3 of Syn)"}


def whole_minutes(runtimes: pd.DataFrame) -> float:
    """Processor time of a study. Raises ValueError for resumed jobs, whose times are those of the last attempt."""
    if resumed := int(runtimes["resumed"].ne(False).sum()):
        raise ValueError(f"{resumed} jobs were resumed, or have no log; run these again without a stop")
    return float(runtimes["processor_s"].sum() / 60)


def on_two_cores(runtimes: pd.DataFrame) -> float:
    """Minutes that the jobs of a study take, two at a time."""
    return float(runtimes["wall_s"].sum() / 60 / 2)


def results(shortcuts: pd.DataFrame, networks: pd.DataFrame) -> str:
    """One row a kind of network: accuracy, and means over seeds and classes of the test that is quoted."""
    verdicts = shortcuts.query("headline").groupby(NETWORK, sort=False)
    rows = []
    for key, of_kind in networks.groupby(NETWORK, sort=False):
        tests = verdicts.get_group(key)
        measure = tests["tpr_dfm"] - tests["fpr_dfm"]
        rows.append(
            [*key, len(of_kind), f"{of_kind['test_accuracy'].mean():.2f}", tests["fill"].iloc[0],
             f"{measure.mean():.2f}", f"{(measure - tests['margin']).mean():.2f}",
             f"{tests['low_pass_margin'].mean():+.2f}"]
        )  # fmt: skip
    header = ["data set", "network", "augmentation", "seeds", "test accuracy", "fill", "map: TPR - FPR"]
    return table([*header, "closest control: TPR - FPR", "map minus lowest frequencies"], rows)


def than_lowest(tests: pd.DataFrame) -> pd.Series:
    """What each map does than the lowest frequencies: a word (`intervals.compared`)."""
    ends = tests[["low_pass_margin_low", "low_pass_margin_high"]].to_numpy()
    return pd.Series([compared(low, high, AS_WELL) for low, high in ends], tests.index)


def strong_maps(shortcuts: pd.DataFrame) -> str:
    """How many maps are strong under each fill."""
    strong = shortcuts["verdict"].eq("strong").groupby(shortcuts["fill"], sort=False)
    return listed(f"{of(verdicts)} with {fill}" for fill, verdicts in strong)


def by_class(truth: pd.DataFrame) -> pd.DataFrame:
    """A row for each network and class whose planted mask is used: average precisions, `found`, `above` chance, `cue`.

    A map is above chance if it is so by the value of the increments and by their size. Increments of about zero outrank
    negative ones, so that a ranking by value alone seems to contain frequencies at which the class has no energy.
    """
    scores = truth.query("truth == 'own' and cut == 'percent' and uses == True")
    scores = scores.drop_duplicates([*RUN, "class", "ranking"])  # the same for maps of all sizes
    values = ["average_precision", "average_precision_high"]
    wide = scores.pivot_table(values, [*RUN, "class"], "ranking", sort=False)
    rows, high = wide["average_precision"].copy(), wide["average_precision_high", "random"]
    rows["above"] = (rows["dfm"] > high) & (rows["dfm_size"] > high)
    rows["found"] = rows["dfm"] >= FOUND_MASK
    rows = rows.reset_index()
    return rows.assign(cue=[_cue(dataset, name) for dataset, name in zip(rows["dataset"], rows["class"], strict=True)])


def _cue(dataset: str, name: str) -> str:
    """What was planted for a class, in words; sets that differ only in their number count as one."""
    return SYN[name] if dataset.startswith("syn_") else re.sub(r"_?\d+$", "", dataset.removeprefix("plant_"))


def by_cue(truth: pd.DataFrame) -> str:
    """One row a kind of cue: in how many classes of networks it is found, or above chance."""
    lines = [
        [kind, len(rows), rows["found"].sum(), rows["above"].sum(), *(f"{rows[name].mean():.2f}" for name in RANKINGS)]
        for kind, rows in by_class(truth).groupby("cue", sort=False)
    ]
    header = ["cue", "classes of networks", f"found (AP at least {FOUND_MASK})", "above chance"]
    return table([*header, *RANKINGS.values()], lines)


# In short, and the findings of the paper


def spreads(findings: pd.DataFrame, numbers: pd.DataFrame) -> pd.Series:
    """Of the class that each row of (h) is of, the SD of its numbers over networks, as a share of their mean."""
    rows = findings.query("role == 'decides' and finding == 'h'").rename(columns={"detail": "class"})
    keys = ["finding", "quantity", "role", "data", "networks_of", "class"]
    values = rows[keys].merge(numbers, on=keys).groupby(keys)["value"]
    return values.std() / values.mean()


def decided(findings: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """The rows that decide the findings, by their letters."""
    rows = findings.query("role == 'decides'").to_dict("records")
    return {letter: [row for row in rows if row["finding"] == letter] for letter in findings["finding"].unique()}


def table_of_findings(findings: pd.DataFrame) -> str:
    """What decides: a row for each number and kind of networks."""
    header = ["finding", "number", "maps", "networks of", "value", "95 % interval", "p (Holm)", "p of equivalence"]
    lines = [
        [f"({letter})", shown(row["quantity"]), shown(row["method"]), shown(row["networks_of"]),
         shown(row["value"], ".2f"), _ends(row), shown(row["p_holm"], ".2g"),
         shown(row["p_holm_equivalence"], ".2g"), row["verdict"]]
        for letter, rows in decided(findings).items()
        for row in rows
    ]  # fmt: skip
    return table([*header, "verdict"], lines)


def beside_maps(findings: pd.DataFrame) -> str:
    """What the own map is compared with, a row each, by method and fill: (d), (d2) and (d3)."""
    lines: dict[str, list[str]] = {}
    rows = [row for letter in ("d", "d2", "d3") for row in decided(findings)[letter]]
    for row in rows:
        lines.setdefault(row["quantity"].rpartition(", ")[0], []).append(f"{row['value']:.2f} ({_ends(row)})")
    header = dict.fromkeys(f"{row['method']}, {row['quantity'].rpartition(', ')[2]}" for row in rows)
    return table(["", *header], [[name, *line] for name, line in lines.items()])


def _ends(row: dict[str, Any]) -> str:
    """The interval of a row; empty where it has none."""
    return f"{row['low']:.2f} to {row['high']:.2f}" if pd.notna(row["low"]) else ""


# The benchmark of the counterfactual test


def with_warned(leaks: pd.DataFrame) -> pd.DataFrame:
    """The networks and classes, with `warned`, and whether the number alone `reached` its threshold."""
    thresholds = Thresholds()
    reached = {f"reached_{name}": leaks[f"{name}_low"] >= getattr(thresholds, name) for name in NUMBERS}
    harmed = {f"is_{by}": (leaks[by] >= HARMFUL) & (leaks[f"{by}_low"] >= HARMFUL_LOW) for by in ("called", "lost")}
    return leaks.assign(
        warned=leaks["verdict"].isin(FOUND), warned_by_clean=leaks["verdict_clean_filter"].isin(FOUND),
        reached=pd.concat([reached[f"reached_{name}"] for name in FOLLOWED], axis=1).any(axis=1), **reached, **harmed,
    )  # fmt: skip


def kinds(leaks: pd.DataFrame) -> list[str]:
    """The artefacts of some rows by kind and strength, and of how many classes, if there are several."""
    counts = leaks.groupby(["kind", "strength"]).size()
    return [
        f"{kind} ({STRENGTHS[strength]}{f', {count} classes' if count > 1 else ''})"
        for (kind, strength), count in counts.items()
    ]


def correlations(leaks: pd.DataFrame) -> list[str]:
    """Spearman's, of numbers of the test with the harm."""
    return [f"{leaks[number].corr(leaks[harm], method='spearman'):.2f}" for number, harm, _ in CORRELATIONS.values()]


def aims(rows: pd.DataFrame, ends: str) -> str:
    """A row for each number of a benchmark, with its interval and its aim."""
    lines = []
    for row in rows.to_dict("records"):
        goal = shown(row["goal"], ".2f") + (f" (end {row['end']:.2f})" if pd.notna(row.get("end")) else "")
        met = {"True": "met", "False": "missed"}.get(str(row["met"]), "")
        interval = f"{row['low']:.3f} to {row['high']:.3f}"
        lines.append([row["words"], f"{row['value']:.3f}", interval, row["count"], goal, met])
    return table(["number", "value", ends, "of", "aim", ""], lines)


def sets(rows: pd.DataFrame) -> str:
    """A row for each set of two classes, of crops and of textures: with an artefact, or without."""
    lines = []
    rows = rows.assign(artefact=~rows["kind"].isin(["none"]) & rows["kind"].notna())
    for (name, artefact), of_set in rows.groupby(["set", "artefact"], sort=False):
        counts = [f"{of_set[count].sum()} of {of_set['networks'].sum()}"
                  for count in ("with_follows", "warned", "not_recognised")]  # fmt: skip
        recalls = [f"{of_set[value].mean():.2f}" for value in ("accuracy", "recall")]
        lines.append([f"{name}, with an artefact" if artefact else name, *counts, *recalls])
    header = ["set", "its class follows", "any class warned", "none recognised", "accuracy", "recall without artefact"]
    return table(header, lines)


# The trainings that should cure what artefacts cost


def unsure(cure: pd.DataFrame) -> list[str]:
    """The artefacts that may cost nothing: no training is said to cure them."""
    ends = cure[cure["training"] != NONE].groupby("case", sort=False)["back_low"].count()
    return list(ends.index[ends == 0])


def is_open(cure: pd.DataFrame) -> pd.Series:
    """Whether the share that is back decides, and its interval holds the limit or has no ends."""
    sure = (cure["back_low"] >= LIMITS["back"]) | (cure["back_high"] < LIMITS["back"])
    others = (cure["called_high"] < LIMITS["called"]) & (cure["accuracy_loss"] <= LIMITS["accuracy_loss"])
    return others & ~sure


def left(judged: pd.DataFrame) -> list[str]:
    """The artefacts that the proposed training does not cure, and which others do."""
    found = []
    for case in judged.query("training == 'swap_fine' and not cured")["case"]:
        others = [f"`{name}`" for name in judged.query("case == @case and cured")["training"]]
        found.append(f"{case} (cured by {listed(others) if others else 'none'})")
    return found


def by_case(cure: pd.DataFrame) -> str:
    """A row for each artefact, a column for each training: the share that is back, and others called; bold: cured."""
    value = cure["back"].where(cure["training"] != NONE, cure["recall"]).map("{:.2f}".format)
    value = value.where(~cure["cured"], "**" + value + "**")
    called = (cure["called"].round(2) + 0).map(", {:.2f}".format)
    wide = cure.assign(cell=value + called).pivot_table("cell", "case", "training", "first", "", sort=False)
    clean = cure.groupby("case", sort=False)["recall_clean"].first()
    header = ["artefact", "recall, clean data", *(f"`{name}`" for name in wide)]
    return table(header, ([case, f"{clean[case]:.2f}", *wide.loc[case]] for case in wide.index))


# The experiments, the example, and the comparison of methods

REMOVED = {"maps": "the maps", "random": "random", "low_pass": "lowest", "nothing": "nothing, another seed"}
READINGS = (AVOIDABLE, NEEDED, NOT_RELIED_ON, OPEN)
PERCENT = 5.0  # size of the maps in the tables of methods
ON_PHOTOGRAPHS = f"dataset == 'fashion_mnist' and percent == {PERCENT}"  # the rates of methods that docs state
KINDS = {"plant_present": "32 x 32, 4 classes", "fashion_mnist": "Fashion-MNIST"}


def losses(reliance: pd.DataFrame) -> str:
    """What was removed, its losses over all images, and the readings of the classes."""
    lines = []
    for removed, words in REMOVED.items():
        rows = reliance[reliance["removed"] == removed]
        row, counts = rows[rows["class"] == ALL_IMAGES].iloc[0], rows["reading"][rows["class"] != ALL_IMAGES]
        ends = ("", "_low", "_high")
        found = ["{:.2f} [{:.2f}, {:.2f}]".format(*(round(row[f"{name}{end}"], 2) + 0.0 for end in ends))
                 for name in ("lost_at_test", "lost_after")]  # fmt: skip
        lines.append([words, *found, *("" if removed == "nothing" else (counts == name).sum() for name in READINGS)])
    return table(["removed", "lost at test time", "lost after training anew", *READINGS], lines)


def printed(row: pd.Series, summary: str) -> str:
    """What the lines of the README print: the accuracy, the summary without its middle, and the recall of coats."""
    lines = re.split(r"\n(?! )", summary.strip())
    end = [line for line in lines if line.startswith("What to do")]
    return "\n".join([f"{row['accuracy']}", lines[0], "...", *end, f"{row['other_recall']}"])


def on_photographs(rates: pd.DataFrame) -> str:
    """One row a method: maps of 5 % kept and removed, on photographs; margins with the ends over networks."""
    rows = rates.query(ON_PHOTOGRAPHS)
    fills, lines = list(dict.fromkeys(rows["fill"])), []
    rows = rows[rows["method"] != UNFILTERED]
    networks = rows.groupby(["method", "part", "fill", *RUN], sort=False)[["tpr", "fpr", "margin"]].mean()
    groups = networks.groupby(["method", "part", "fill"], sort=False)
    means, low, high = groups.mean(), groups["margin"].min(), groups["margin"].max()
    for name in dict.fromkeys(rows["method"]):
        line = ["random masks" if name == CONTROL else f"`{name}`"]
        for fill in fills:
            kept, removed = means.loc[(name, "keep", fill)], means.loc[(name, "remove", fill)]
            ends = f"{low[name, 'keep', fill]:+.2f}..{high[name, 'keep', fill]:+.2f}"
            line += [f"{kept['tpr'] - kept['fpr']:.2f}", f"{kept['margin']:+.2f} ({ends})", f"{removed['tpr']:.2f}"]
        lines.append(line)
    columns = ("TPR - FPR, kept", "minus best control", "TPR, removed")
    header = [f"{fill}: {columns[0]}" if i == 0 else columns[i] for fill in fills for i in range(3)]
    return table(["method", *header], lines)


def methods_cost(methods: pd.DataFrame, overlap: pd.DataFrame) -> str:
    """One row a method: passes and seconds on a planted set and on photographs, and the overlap of its maps."""
    rows = methods.drop_duplicates(["dataset", "seed", "method"])
    overlaps, lines = overlap.query(f"percent == {PERCENT}").groupby("method")["overlap"].mean(), []
    for name, runs in rows.groupby("method", sort=False):
        line = [f"`{name}`"]
        for dataset in KINDS:
            means = runs.loc[runs["dataset"] == dataset, ["passes", "seconds"]].mean()
            there = means.notna().all()
            line += [f"{means['passes']:,.0f}", f"{means['seconds']:.1f}"] if there else ["", ""]
        lines.append([*line, shown(overlaps.get(name, np.nan), ".2f")])
    header = [text for kind in KINDS.values() for text in (f"passes, {kind}", "seconds")]
    return table(["method", *header, "overlap between seeds"], lines)


# Speed


def beside_cuda(rows: pd.DataFrame, key: str, columns: dict[str, str]) -> str:
    """As `columns_of`, a row for each `key` and device; a device that was not at hand says so."""
    lines = []
    for value in dict.fromkeys(rows[key]):
        for device in ("cpu", "cuda"):
            measured = list(cells(rows[(rows[key] == value) & (rows["device"] == device)], columns))
            lines += [[value, device, *row] for row in measured or [["not measured"] * len(columns)]]
    return table([key, "device", *[text.partition("|")[0] for text in columns.values()]], lines)


def by_network(curve: pd.DataFrame) -> pd.DataFrame:
    """A row for each device and network: the top 5 % map with a target recall of 0.98, mean over classes."""
    chosen = curve[(curve["percent"] == 5) & (curve["target_recall"] == 0.98)]
    return chosen.groupby(["device", "network"], sort=False).mean(numeric_only=True).reset_index()


def by_target(curve: pd.DataFrame) -> pd.DataFrame:
    """A row for each device, side and target recall: the top 5 % map, mean of the networks."""
    means = curve[curve["percent"] == 5].groupby(["device", "side", "network", "target_recall"])
    return (
        means[["overlap", "share_of_passes"]].mean().groupby(["device", "side", "target_recall"]).mean().reset_index()
    )


def speed(forward: pd.DataFrame, published: pd.DataFrame, curve: pd.DataFrame, training: pd.DataFrame) -> str:
    """What was aimed at, and what was measured on a CPU."""
    forward, published, curve, training = (of[of["device"] == "cpu"] for of in (forward, published, curve, training))
    screened, targets = by_network(curve), by_target(curve)
    rows: list[Sequence[str]] = [
        (f"exact culling over the bare forward pass, {row['case']}", "1.0", f"{row['ratio']:.2f}")
        for _, row in forward.iterrows()
    ]
    for method, aim in (("exact", "10"), ("screened", "60")):
        times = published[published["method"] == method]["ratio"].iloc[0]
        rows.append((f"{method} culling, times as fast as the published procedure", aim, f"{times:.0f}"))
    for side, share in ((32, 1 / 6), (64, 1 / 8)):
        part = screened[screened["side"] == side][["overlap", "share_of_passes"]].mean()
        reached = targets[(targets["side"] == side) & (targets["overlap"] >= 0.98)].iloc[0]
        takes = f"... an overlap of 0.98 takes (by a target recall of {reached['target_recall']:g})"
        rows += [
            (f"screened at {side} x {side}, overlap with the exact top 5 %", "0.98", f"{part['overlap']:.3f}"),
            ("... for this share of the forward passes", "", f"{part['share_of_passes']:.3f}"),
            (takes, f"{share:.3f}", f"{reached['share_of_passes']:.3f}"),
        ]
    rows.append(
        ("training, share of the time in the network", "0.9", f"{training['share_in_network'].min():.2f} or more")
    )
    return table(["what", "aim", "measured"], rows)
