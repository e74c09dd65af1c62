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

from frequency_shortcuts.analysis.clearest import clearest_class
from frequency_shortcuts.example import SIDE
from frequency_shortcuts.figures import canvas
from frequency_shortcuts.storage.tables import read_table

PICTURES = ("real", "real_page")
WIDTH, HEIGHT = 1040, 950  # pixels of the page that the second picture shows: down to the table of verdicts
LONGEST = 120  # minutes from the analysis to the report; what took longer was made in several runs
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def draw(study: Path, target: Path) -> None:
    """The clearest class, and the top of the page as a browser shows it, in the folder `target`."""
    analysis, (clearest, page) = study / "analysis", PICTURES
    (target / f"{clearest}.png").write_bytes(canvas.reduced(analysis / "clearest.png", 1200))
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
    """The photographs, the class of the picture with the rates from its map and closest control, and the times."""
    analysis = study / "analysis"
    found: dict[str, Any] = json.loads((analysis / "example.json").read_text())
    verdicts = read_table(analysis / "verdicts.csv")
    shown, quoted = clearest_class(verdicts), verdicts[verdicts["headline"]]
    rates = read_table(analysis / "rates.csv").query(
        "part == 'keep' and fill == @shown['fill'] and `class` == @shown['class'] and filter == @shown['best_control']"
    )
    if shown["best_control"] == "other":
        rates = rates[rates["draw"] == list(quoted["class"]).index(shown["closest_class"])]
    return found | {
        "shown": shown,
        "percent": 100 * shown["positions"] / SIDE**2,
        "control": canvas.control_label(shown["best_control"], shown["closest_class"]),
        "control_tpr": rates["tpr"].mean(),
        "control_fpr": rates["fpr"].mean(),
        "classes": len(quoted),
        "shortcuts": int(quoted["verdict"].isin(["strong", "weak"]).sum()),
    }
