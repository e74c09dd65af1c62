"""What the README shows of the example, a network with ImageNet weights (`make real`): two pictures, and its numbers.

pages/real.md.jinja has the sentences.
"""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from frequency_shortcuts.evaluation.flip_rates import CANNOT_TELL, FOUND, NOT_SHOWN_VERDICT
from frequency_shortcuts.figures import canvas
from frequency_shortcuts.storage.tables import read_table

PICTURES = ("real", "real_page")
WIDTH, HEIGHT = 1040, 950  # pixels of the page that the second picture shows: down to the table of classes
LONGEST = 120  # minutes from the analysis to the report; what took longer was made in several runs
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def draw(study: Path, target: Path) -> None:
    """The clearest flip, and the top of the page as a browser shows it, in the folder `target`."""
    analysis, (flip, page) = study / "analysis", PICTURES
    (target / f"{flip}.png").write_bytes(canvas.reduced(analysis / "flip.png", 1200))
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print(f"No browser ({', '.join(BROWSERS)}) is installed: {target / f'{page}.png'} stays as it is.")
        return
    with tempfile.TemporaryDirectory() as folder:
        screenshot = Path(folder, "page.png")
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += [f"--window-size={WIDTH},{HEIGHT}", f"--user-data-dir={folder}", f"--screenshot={screenshot}"]
        address = (analysis / "report.html").resolve().as_uri()
        subprocess.run([*command, address], check=True, capture_output=True, timeout=120)
        (target / f"{page}.png").write_bytes(canvas.reduced(screenshot, WIDTH))


def printed(study: Path) -> str:
    """What the lines of the README print."""
    return (study / "analysis" / "summary.txt").read_text().strip()


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
