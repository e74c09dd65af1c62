"""The numbers that docs/results.md takes from the benchmark of the counterfactual test (`make leaks`).

pages/leaks.md.jinja has the sentences.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from frequency_shortcuts.evaluation.flip_rates import NUMBERS, Thresholds
from frequency_shortcuts.evaluation.leaks import HARMFUL, HARMFUL_LOW, WARNS
from frequency_shortcuts.storage.tables import read_table

from .markdown import table


def leaks(study: Path) -> dict[str, Any]:
    """The networks and artefacts of the benchmark, its aims, what other numbers find, and what shows the harm."""
    rows = read_table(study / "tables" / "leaks.csv")
    planted = rows[rows["kind"].notna()]
    aims = read_table(study / "tables" / "leaks_aims.csv")
    missed = planted[(planted["harm"] == "harmful") & ~planted["verdict"].isin(WARNS) & (planted["share"] == 1)]
    fine = missed[missed["kind"] != "brightness"]
    return {
        "networks": len(rows[["seed", "set"]].drop_duplicates()),
        "planted": len(planted),
        "harmful": int((planted["harm"] == "harmful").sum()),
        "aims": _aims(aims),
        "met": int((aims["met"].astype(str) == "True").sum()),
        "judged": int(aims["met"].notna().sum()),
        "missed": [f"{row['kind']} {row['strength']:.0f}" for _, row in fine.iterrows()],
        "brightness": int((planted["harm"].eq("harmful") & planted["kind"].eq("brightness")).sum()),
        "bright_warned": int((planted["kind"].eq("brightness") & planted["verdict"].isin(WARNS)).sum()),
        "shown": _shown(planted[(planted["harm"] == "harmful") & (planted["kind"] != "brightness")]),
        "filter": _clean_filter(rows),
        "compared": _compared(read_table(study / "tables" / "leaks_compared.csv")),
    }


def sets(study: Path) -> str:
    """A row for each set of two classes and of crops."""
    rows = read_table(study / "tables" / "leaks_sets.csv")
    lines = []
    for _, row in rows.iterrows():
        kind = "" if pd.isna(row["kind"]) else row["kind"]
        counts = [f"{row[name]} of {row['networks']}" for name in ("with_follows", "warned", "not_recognised")]
        lines.append([f"{row['suite']}, {row['set']}", kind, *counts, f"{row['accuracy']:.2f}", f"{row['recall']:.2f}"])
    header = ["set", "artefact", "its class follows", "any class warned", "no class recognised", "accuracy",
              "recall without it"]  # fmt: skip
    return table(header, lines)


def _shown(harmful: pd.DataFrame) -> dict[str, Any]:
    """How many harmful artefacts are so by what, in how many each number shows it, and of how many the test warns."""
    thresholds, warned = Thresholds(), harmful[harmful["verdict"].isin(WARNS)]
    called, lost = ((harmful[by] >= HARMFUL) & (harmful[f"{by}_low"] >= HARMFUL_LOW) for by in ("called", "lost"))
    return {
        "called": int((called & ~lost).sum()),
        "lost": int((lost & ~called).sum()),
        "both": int((called & lost).sum()),
        "numbers": {
            number: int((warned[f"{number}_low"] >= getattr(thresholds, number)).sum()) for number in NUMBERS
        },
        "warned": {
            name: f"{of['verdict'].isin(WARNS).sum()} of {len(of)}"
            for name, of in harmful[harmful["share"] == 1].groupby("architecture")
        },
    }  # fmt: skip


def _clean_filter(rows: pd.DataFrame) -> list[str]:
    """Of how many harmful artefacts, and other classes, the test warns by the confusions of a clean network."""
    by_clean = rows["verdict_clean_filter"].isin(WARNS)
    harmful = (rows["harm"] == "harmful") & (rows["kind"] != "brightness") & (rows["share"] == 1)
    return [f"{by_clean[of].sum()} of {of.sum()}" for of in (harmful, rows["kind"].isna())]


def _aims(aims: pd.DataFrame) -> str:
    lines = []
    for _, row in aims.iterrows():
        goal = "" if pd.isna(row["goal"]) else f"{row['goal']:.2f}"
        if not pd.isna(row["end"]):
            goal += f" (end {row['end']:.2f})"
        met = {"True": "met", "False": "missed"}.get(str(row["met"]), "")
        lines.append(
            [row["words"], f"{row['value']:.3f}", f"{row['low']:.3f} to {row['high']:.3f}", row["count"], goal, met]
        )
    return table(["number", "value", "one-sided 95 % ends", "of", "aim", ""], lines)


def _compared(rows: pd.DataFrame) -> str:
    lines = [[row["number"], f"{row['found']:.2f}", row["harmful"], row["without"]] for _, row in rows.iterrows()]
    return table(["number", "share found", "harmful", "without an artefact"], lines)
