"""`make gallery` renews what README and docs take from results: tables, pictures, and the text between markers.

The tables of the studies that have run go to docs/data, and the text is written from there, so that a clone can check
its numbers. What the docs say of the other studies stays as it is.
"""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.storage.tables import read_table, write_table

from . import numbers, same
from .markdown import DOCS, ROOT, renew_pages

DATA = DOCS / "data"
# Study: its target of make, the files that go to docs/data, and the pictures of README and docs.
STUDIES: dict[str, tuple[str, list[str], list[str]]] = {
    "laptop": (
        "study",
        ["config.yaml", *(f"tables/{name}.csv" for name in (
            "flips", "networks", "phase", "planted_use", "provenance", "runtimes", "shortcuts", "truth",
        ))],
        ["figures/adcs_syn_2", "figures/cards_fashion_mnist-resnet18_w8-none", "figures/cross_fashion_mnist",
         "figures/shortcuts_fashion_mnist"],
    ),
    "findings": (
        "findings",
        [f"tables/{name}.csv" for name in ("finding_numbers", "provenance", "runtimes", "findings")],
        ["figures/findings_all"],
    ),
    "laptop_fast": ("study with numerics: fast", ["tables/runtimes.csv"], []),
    "benchmark": ("methods", ["tables/method*.csv"], ["figures/method_truth_main", "figures/method_truth_all"]),
    "cure": ("cure", ["tables/cure*.csv"], ["figures/cure_all"]),
    "leaks": ("leaks", ["tables/leaks*.csv"], ["figures/leaks_all"]),
    "experiments": ("experiments", ["tables/reliance.csv"], ["figures/reliance_fashion_mnist"]),
    "real": ("real", ["tables/findings.csv", "analysis/flips.csv", "analysis/example.json"], []),
    "example": ("example", ["example.csv", "example.json", "jpeg/summary.txt"], ["example"]),
}  # fmt: skip
LONGEST = 120  # minutes from the analysis of `make real` to its report; what took longer was made in several runs


def picture(path: Path) -> None:
    """Put a picture of a study, reduced, into docs."""
    (DOCS / path.name).write_bytes(canvas.reduced(path))


def store(study: Path, target: Path) -> None:
    """Replace the files of a study in the folder `target`; digests of three seeds stay."""
    for old in [path for path in target.glob("**/*") if path.is_file() and path.name != same.SEEDS]:
        old.unlink()
    for file in (file for pattern in STUDIES[study.name][1] for file in study.glob(pattern)):
        place = target / file.relative_to(study)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)
    same.write(study, target)
    if study.name == "benchmark":  # 25,000 rows, of which docs read these
        rates = target / "tables" / "method_rates.csv"
        write_table(read_table(rates).query(numbers.ON_PHOTOGRAPHS), rates)
    if study.name == "real":
        add_minutes(study, target)


def add_minutes(study: Path, target: Path) -> None:
    """Add the minutes of `make real`, rounded up, to the stored times, if its report was made in the same call."""
    file, report = target / "analysis" / "example.json", study / "report.html"
    times = json.loads(file.read_text())
    minutes = (report.stat().st_mtime - times["begin"]) / 60 if report.exists() else 0
    if 0 < minutes < LONGEST:
        file.write_text(json.dumps(times | {"minutes": math.ceil(minutes)}, indent=1))


def main() -> None:
    """Files, pictures, then text."""
    for name, (target, files, pictures) in STUDIES.items():
        study = ROOT / "results" / name
        if not any(study.glob(files[-1])):
            print(f"`make {target}` has not run here: what the docs say of its results stays as it is.")
            continue
        store(study, DATA / name)
        for path in pictures:
            picture(study / f"{path}.png")
    renew_pages(DATA)


if __name__ == "__main__":
    main()
