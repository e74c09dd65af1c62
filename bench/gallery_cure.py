"""The numbers that docs/results.md takes from the trainings that should cure what artefacts cost (`make cure`).

pages/cure.md.jinja has the sentences. The table of what cures which likely cause also goes into the library, whose
advice quotes it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from frequency_shortcuts.data.artefacts import KINDS
from frequency_shortcuts.evaluation.causes import WAVE
from frequency_shortcuts.evaluation.cure import LIMITS
from frequency_shortcuts.evaluation.cure_networks import CASES, NONE, SWAP_FINE
from frequency_shortcuts.storage.tables import read_table

from .markdown import ROOT, listed, table

REMEDIES = ROOT / "src" / "frequency_shortcuts" / "analysis" / "remedies.csv"


def cured(study: Path) -> dict[str, Any]:
    """How many artefacts each training cures, what it costs, what the proposed one does not cure, and the table."""
    rows = read_table(study / "tables" / "cure.csv")
    tried = rows[rows["training"] != NONE]
    judged = tried[~tried["case"].isin(_unsure(rows))]
    unsure = rows[(rows["training"] == SWAP_FINE) & rows["case"].isin(_unsure(rows))]
    left = judged[(judged["training"] == SWAP_FINE) & ~judged["cured"]]
    swap = tried[tried["training"] == SWAP_FINE]
    return {
        "by_swap": int(swap["cured"].sum()),
        "costs": swap["accuracy_loss"].iloc[0],
        "cases": rows["case"].nunique(),
        "networks": int(rows["networks"].min()),
        "counts": [
            f"`{name}` {of['cured'].sum()} of {len(of)} ({of['accuracy_loss'].iloc[0]:.3f})"
            for name, of in tried.groupby("training", sort=False)
        ],
        "left": [_remedy(tried[tried["case"] == row["case"]], row) for _, row in left.iterrows()],
        "unsure": [
            f"{row['case']} costs (recall {row['recall_none']:.2f} instead of {row['recall_clean']:.2f}, and "
            f"{row['recall']:.2f} with `{SWAP_FINE}`)"
            for _, row in unsure.iterrows()
        ],
        "judged": len(judged),
        "open": int(_is_open(judged).sum()),
        "table": _by_case(rows),
    }


def _unsure(rows: pd.DataFrame) -> list[str]:
    """The artefacts that may cost nothing: no training is said to cure them."""
    ends = rows[rows["training"] != NONE].groupby("case", sort=False)["back_low"].count()
    return list(ends.index[ends == 0])


def _is_open(tried: pd.DataFrame) -> pd.Series:
    """Whether the share that is back decides, and its interval holds the limit or has no ends."""
    sure = (tried["back_low"] >= LIMITS["back"]) | (tried["back_high"] < LIMITS["back"])
    others = (tried["called_high"] < LIMITS["called"]) & (tried["accuracy_loss"] <= LIMITS["accuracy_loss"])
    return others & ~sure


def _remedy(of_case: pd.DataFrame, row: pd.Series) -> str:
    """What is missing to a cure of an artefact, and which other trainings cure it."""
    others = [f"`{name}`" for name in of_case.loc[of_case["cured"], "training"]]
    return f"{row['case']} (cured by {listed(others) if others else 'none'})"


def _by_case(rows: pd.DataFrame) -> str:
    """A row for each artefact, a column for each training: the share that is back, and others called; bold: cured."""
    trainings = list(dict.fromkeys(rows["training"]))
    lines = []
    for case, of_case in rows.groupby("case", sort=False):
        by_training, line = of_case.set_index("training"), [case, f"{of_case['recall_clean'].iloc[0]:.2f}"]
        for name in trainings:
            if name not in by_training.index:
                line.append("")
                continue
            row = by_training.loc[name]
            back = f"{row['recall' if name == NONE else 'back']:.2f}"
            line.append(f"{f'**{back}**' if row['cured'] else back}, {round(row['called'], 2) + 0:.2f}")
        lines.append(line)
    return table(["artefact", "recall, clean data", *(f"`{name}`" for name in trainings)], lines)


def remedies(study: Path) -> pd.DataFrame:
    """What each training does to a likely cause: one row for each that was tried on all artefacts of the cause.

    Artefacts that may cost nothing are left out.

    Returns `cause` (of `causes.CAUSES`), `artefacts`, `training`, `cured` (each of these artefacts), `back` (the least
    mean share of the recall that is back) and `accuracy_loss` (on clean data).
    """
    rows = read_table(study / "tables" / "cure.csv")
    rows = rows[~rows["case"].isin(_unsure(rows))].copy()
    rows["cause"] = [KINDS[kind].cause if (kind := CASES[case][0]) in KINDS else WAVE for case in rows["case"]]
    counts = rows.groupby("cause")["case"].nunique()
    groups = rows[rows["training"] != NONE].groupby(["cause", "training"], sort=False)
    found = groups.agg(
        artefacts=("case", ", ".join), cured=("cured", "all"), back=("back", "min"),
        accuracy_loss=("accuracy_loss", "first"), tried=("case", "size"),
    ).reset_index()[["cause", "artefacts", "training", "cured", "back", "accuracy_loss", "tried"]]  # fmt: skip
    return found[found["tried"] == found["cause"].map(counts)].drop(columns="tried").reset_index(drop=True)
