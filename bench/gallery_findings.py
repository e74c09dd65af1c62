"""What README and docs take from `tables/findings.csv`: one template a page, with the sentences of the library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined

from frequency_shortcuts.findings import sentences
from frequency_shortcuts.storage.tables import read_table

from .markdown import DOCS, README, ROOT, points, table

STUDY = ROOT / "results" / "laptop"
HERE = Path(__file__).parent
# The sentences of the README: what they are about, and the findings that each states.
TOPICS = {
    "A few frequencies": ["d"],
    "Other images and other networks": ["e1", "e2"],
    "Larger networks and augmentation": ["f", "g"],
    "The order of learning": ["a", "c"],
    "Without bands": ["b"],
}


def findings() -> str:
    """A sentence for each finding, then the table of what decides, and the table of what stands beside it."""
    return _filled("findings.md.jinja")


def outcome() -> str:
    """Five sentences, without intervals."""
    return _filled("outcome.md.jinja")


def _filled(name: str) -> str:
    """A template with the rows of the table, without empty lines at its ends."""
    rows = read_table(STUDY / "tables" / "findings.csv")
    decides = rows[rows["role"] == "decides"].to_dict("records")
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"point": points}
    environment.globals |= {"sentence": sentences.sentence, "short": sentences.short, "numbers": markdown}
    beside = rows[(rows["role"] == "beside") & rows["method"].isna()].to_dict("records")
    text = (HERE / name).read_text()
    return environment.from_string(text).render(
        decides=decides, beside=beside, topics=topics(decides), rows=rows.to_dict("records")
    ).strip()  # fmt: skip


def topics(decides: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The rows of each topic of the README."""
    by_letter = {row["finding"]: row for row in decides}
    return {topic: [by_letter[letter] for letter in letters] for topic, letters in TOPICS.items()}


def markdown(rows: Sequence[dict[str, Any]], decides: bool) -> str:
    """Rows of the table in Markdown; those that decide have a threshold, p-values and a verdict."""
    header = ["finding", "quantity", "data", "networks of", "value", "95 % interval", "n"]
    lines = [
        [f"({row['finding']})", row["quantity"], shown(row["data"]), shown(row["networks_of"]),
         shown(row["value"], ".2f"), f"{row['low']:.2f} to {row['high']:.2f}" if pd.notna(row["low"]) else "",
         shown(row["networks"], ".0f"),
         *([shown(row["threshold"], "g"), shown(row["p"], ".2g"), shown(row["p_holm"], ".2g"), row["verdict"]]
           if decides else [])]
        for row in rows
    ]  # fmt: skip
    return table([*header, *(["threshold", "p", "p (Holm)", "verdict"] if decides else [])], lines)


def shown(value: object, form: str = "") -> str:
    """A cell of a table; empty where it is missing."""
    return "" if pd.isna(value) else format(value, form)


PAGES: dict[Path, Sequence[Callable[[], str]]] = {
    README: (outcome,),
    DOCS / "results.md": (findings,),
}
