"""What the docs say of a network with ImageNet weights (`make real`).

pages/real.md.jinja has the sentences.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from frequency_shortcuts.evaluation.flip_rates import CANNOT_TELL, FOUND, NOT_SHOWN_VERDICT
from frequency_shortcuts.storage.tables import read_table

LONGEST = 120  # minutes from the analysis to the report; what took longer was made in several runs


def add_minutes(study: Path, target: Path) -> None:
    """Add the minutes of `make real`, rounded up, to the stored times, if its report was made in the same call."""
    file = target / "analysis" / "example.json"
    times: dict[str, Any] = json.loads(file.read_text())
    report = study / "report.html"
    minutes = (report.stat().st_mtime - times["begin"]) / 60 if report.exists() else 0
    if 0 < minutes < LONGEST:
        file.write_text(json.dumps(times | {"minutes": math.ceil(minutes)}, indent=1))


def about(study: Path) -> dict[str, Any]:
    """The photographs and the times, and which classes follow or need their fine spectrum."""
    analysis = study / "analysis"
    found: dict[str, Any] = json.loads((analysis / "example.json").read_text())
    flips = read_table(analysis / "flips.csv")
    return found | {
        verdict: list(flips.loc[flips["verdict"].isin(verdicts), "class"])
        for verdict, verdicts in (("found", FOUND), ("not_shown", [NOT_SHOWN_VERDICT]), ("open", [CANNOT_TELL]))
    }
