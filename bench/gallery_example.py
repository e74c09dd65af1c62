"""What the README shows of the example, three small networks on pictures of clothes (`make example`).

pages/example.md.jinja has the sentences.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.storage.tables import read_table

PICTURE = "example"


def draw(study: Path, target: Path) -> None:
    """The picture of the three networks, in the folder `target`."""
    (target / f"{PICTURE}.png").write_bytes(canvas.reduced(study / "example.png", 1000))


def printed(study: Path) -> str:
    """What the lines of the README print: the accuracy, the summary without its middle, and the recall of coats."""
    row = read_table(study / "example.csv").set_index("network").loc["jpeg"]
    sentences = re.split(r"\n(?! )", (study / "jpeg" / "summary.txt").read_text().strip())
    shown = [sentences[0], "...", *(one for one in sentences if one.startswith("What to do"))]
    return "\n".join([f"{row['accuracy']}", *shown, f"{row['other_recall']}"])


def networks(study: Path) -> dict[str, Any]:
    """The numbers of each network by its name, and the time of all."""
    rows = read_table(study / "example.csv").set_index("network").to_dict("index")
    return rows | json.loads((study / "example.json").read_text())
