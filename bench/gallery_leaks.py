"""The numbers that docs/results.md takes from the benchmark of the counterfactual test (`make leaks`).

pages/leaks.md.jinja has the sentences.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from frequency_shortcuts.evaluation.flip_rates import FOLLOWED, FOUND, NEEDS, NUMBERS, Thresholds
from frequency_shortcuts.evaluation.leaks import CORRELATIONS, HARMFUL, HARMFUL_LOW
from frequency_shortcuts.evaluation.leaks_data import CAUSES
from frequency_shortcuts.storage.tables import read_table

from .markdown import table

COUNTS = ("with_follows", "warned", "not_recognised")
STRENGTHS = {1: "weak", 2: "strong"}


def leaks(study: Path) -> dict[str, Any]:
    """The networks and artefacts of the benchmark, its aims, what other numbers find, and what shows the harm."""
    rows = read_table(study / "tables" / "leaks.csv")
    planted = rows[rows["kind"].notna()]
    aims = read_table(study / "tables" / "leaks_aims.csv")
    others = rows[rows["kind"].isna() & rows["verdict"].isin(FOUND)]
    fine = planted[planted["kind"] != "brightness"]
    missed = fine[(fine["harm"] == "harmful") & ~fine["verdict"].isin(FOUND) & (fine["share"] == 1)]
    return {
        "networks": len(rows[["seed", "set"]].drop_duplicates()),
        "planted": len(planted),
        "harmful": int((planted["harm"] == "harmful").sum()),
        "aims": _aims(aims),
        "warned": {
            row["aim"]: f"{round(row['value'] * row['count'])} of {row['count']}"
            for _, row in aims[aims["aim"].isin(["power", "plain"])].iterrows()
        },
        "met": int((aims["met"].astype(str) == "True").sum()),
        "judged": int(aims["met"].notna().sum()),
        "missed": _counted(missed),
        "one_class": int(_reached(missed).sum()),
        "needed": int((others["verdict"] == NEEDS).sum()),
        "others": len(others),
        "brightness": int((planted["harm"].eq("harmful") & planted["kind"].eq("brightness")).sum()),
        "bright_warned": int((planted["kind"].eq("brightness") & planted["verdict"].isin(FOUND)).sum()),
        "shown": _shown(fine[fine["harm"] == "harmful"]),
        "fine": {
            name: f"{fine[number].corr(fine[harm], method='spearman'):.2f}"
            for name, (number, harm, _) in CORRELATIONS.items()
        },
        "filter": _clean_filter(rows),
        "compared": _compared(read_table(study / "tables" / "leaks_compared.csv")),
    }


def sets(study: Path) -> str:
    """A row for each set of two classes, of crops and of textures: with an artefact, or without."""
    rows = read_table(study / "tables" / "leaks_sets.csv")
    rows["artefact"] = ~rows["kind"].isin(["none"]) & rows["kind"].notna()
    lines = []
    for (name, artefact), of_set in rows.groupby(["set", "artefact"], sort=False):
        counts = [f"{of_set[count].sum()} of {of_set['networks'].sum()}" for count in COUNTS]
        recalls = [f"{of_set[value].mean():.2f}" for value in ("accuracy", "recall")]
        lines.append([f"{name}, with an artefact" if artefact else name, *counts, *recalls])
    header = ["set", "its class follows", "any class warned", "none recognised", "accuracy", "recall without artefact"]
    return table(header, lines)


def data(study: Path) -> dict[str, Any]:
    """What the images alone tell: the aims, the causes that are named by kind, and how ordinary classes are told."""
    rows = read_table(study / "tables" / "leaks_data.csv")
    rows["cause"] = rows["cause"].fillna("")
    fine = rows[rows["kind"].map(CAUSES).fillna("") != ""]
    right = fine["cause"] == fine["kind"].map(CAUSES)
    areas = rows[rows["set"] == "clean"].groupby("class")["auc"].mean()
    return {
        "aims": _aims(read_table(study / "tables" / "leaks_data_aims.csv").assign(end=np.nan), "95 % interval"),
        "right": {kind: f"{of.sum()} of {len(of)}" for kind, of in right.groupby(fine["kind"])},
        "wrong": int(((fine["cause"] != "") & ~right).sum()),
        "files": f"{fine.loc[right, 'files'].mean():.2f}",
        "areas": [f"{areas.min():.2f}", f"{areas.max():.2f}"],
    }


def _counted(rows: pd.DataFrame) -> list[str]:
    """The artefacts of some rows by kind and strength, and of how many classes, if there are several."""
    counts = rows.groupby(["kind", "strength"]).size()
    return [
        f"{kind} ({STRENGTHS[strength]}{f', {count} classes' if count > 1 else ''})"
        for (kind, strength), count in counts.items()
    ]


def _reached(rows: pd.DataFrame) -> pd.Series:
    """Whether the lower end of flip, sham or part reaches its threshold, by images of all classes together."""
    thresholds = Thresholds()
    return pd.concat([rows[f"{name}_low"] >= getattr(thresholds, name) for name in FOLLOWED], axis=1).any(axis=1)


def _shown(harmful: pd.DataFrame) -> dict[str, Any]:
    """How many harmful artefacts are so by what, in how many each number shows it, and of how many the test warns."""
    thresholds, warned = Thresholds(), harmful[harmful["verdict"].isin(FOUND)]
    called, lost = ((harmful[by] >= HARMFUL) & (harmful[f"{by}_low"] >= HARMFUL_LOW) for by in ("called", "lost"))
    return {
        "called": int((called & ~lost).sum()),
        "lost": int((lost & ~called).sum()),
        "both": int((called & lost).sum()),
        "numbers": {
            number: int((warned[f"{number}_low"] >= getattr(thresholds, number)).sum()) for number in NUMBERS
        },
        "warned": {
            name: f"{of['verdict'].isin(FOUND).sum()} of {len(of)}"
            for name, of in harmful[harmful["share"] == 1].groupby("architecture")
        },
    }  # fmt: skip


def _clean_filter(rows: pd.DataFrame) -> list[str]:
    """Of how many harmful artefacts, and other classes, the test warns by the confusions of a clean network."""
    by_clean = rows["verdict_clean_filter"].isin(FOUND)
    harmful = (rows["harm"] == "harmful") & (rows["kind"] != "brightness") & (rows["share"] == 1)
    return [f"{by_clean[of].sum()} of {of.sum()}" for of in (harmful, rows["kind"].isna())]


def _aims(aims: pd.DataFrame, ends: str = "one-sided 95 % ends") -> str:
    lines = []
    for _, row in aims.iterrows():
        goal = "" if pd.isna(row["goal"]) else f"{row['goal']:.2f}"
        if not pd.isna(row["end"]):
            goal += f" (end {row['end']:.2f})"
        met = {"True": "met", "False": "missed"}.get(str(row["met"]), "")
        lines.append(
            [row["words"], f"{row['value']:.3f}", f"{row['low']:.3f} to {row['high']:.3f}", row["count"], goal, met]
        )
    return table(["number", "value", ends, "of", "aim", ""], lines)


def _compared(rows: pd.DataFrame) -> str:
    counted = rows[(rows["harmful"] > 0) & (rows["without"] > 0)]
    lines = [[row["number"], f"{row['found']:.2f}", row["harmful"]] for _, row in counted.iterrows()]
    return table(["number", "share found", "of"], lines)


def strong_maps(study: Path) -> list[str]:
    """The shares of strong maps of culling, of classes with a harmful artefact, and of those without one."""
    rows = read_table(study / "tables" / "leaks_compared.csv")
    return [f"{value:.2f}" for value in rows.loc[rows["number"].str.startswith("strong map"), "found"]]
