"""What the README shows of the example, three small networks on pictures of clothes (`make example`).

pages/example.md.jinja has the sentences.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from frequency_shortcuts.example import NETWORKS
from frequency_shortcuts.figures import canvas
from frequency_shortcuts.storage.tables import read_table

from .markdown import table

PICTURE = "example"
TRAINED = {"jpeg": "coats as JPEG", "clean": "all as PNG", "cured": "coats as JPEG, with `SwapFine`"}


def draw(study: Path, target: Path) -> None:
    """The picture of the three networks, in the folder `target`."""
    (target / f"{PICTURE}.png").write_bytes(canvas.reduced(study / "example.png", 1000))


def printed(study: Path) -> str:
    """What the lines of the README print: the accuracy, the summary, and the recall of coats in other files."""
    row = read_table(study / "example.csv").set_index("network").loc["jpeg"]
    return f"{row['accuracy']}\n{(study / 'jpeg' / 'summary.txt').read_text().strip()}\n{row['other_recall']}"


def networks(study: Path) -> dict[str, Any]:
    """The numbers of each network by its name, the table of all, and the time."""
    rows = read_table(study / "example.csv").set_index("network")
    lines = [
        [TRAINED[name], *(f"{row[key]:.2f}" for key in ("accuracy", "recall", "other_recall", "called")), row["verdict"]]
        for name, row in rows.loc[list(NETWORKS)].iterrows()
    ]
    header = ["trained with", "accuracy", "recall of coats", "of others", "called coats", "verdict"]
    return rows.to_dict("index") | json.loads((study / "example.json").read_text()) | {"table": table(header, lines)}
