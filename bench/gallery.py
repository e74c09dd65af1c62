"""`make gallery` renews what README and docs take from results: tables, pictures, and the text between markers.

The tables of the studies that have run go to docs/data, and the text is written from there, so that a clone can check
its numbers. What the docs say of the other studies stays as it is.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.storage.tables import write_table

from . import (
    gallery_cure,
    gallery_example,
    gallery_experiments,
    gallery_laptop,
    gallery_leaks,
    gallery_methods,
    gallery_real,
    same,
)  # fmt: skip
from .markdown import DOCS, README, ROOT, filled, marks, renew

DATA = DOCS / "data"
STORED = (  # of each study
    "config.yaml", "example.csv", "example.json", "tables/*.csv", "analysis/*.csv", "analysis/*.json", "*/summary.txt"
)  # fmt: skip
WIDTH = 1000  # pixels
FIGURES = {
    "laptop": [
        "findings_all", "adcs_syn_2", "cards_fashion_mnist-resnet18_w8-none", "cross_fashion_mnist",
        "shortcuts_fashion_mnist",
    ],
    "benchmark": ["method_truth_all"],
    "cure": ["cure_all"],
    "leaks": ["leaks_all"],
    "experiments": ["reliance_fashion_mnist"],
    "real": [],
    "example": [],
}  # fmt: skip
# Study, which is the name of its template: its target of make, and the module with its numbers and tables.
STUDIES = {
    "laptop": ("study", gallery_laptop),
    "benchmark": ("methods", gallery_methods),
    "cure": ("cure", gallery_cure),
    "leaks": ("leaks", gallery_leaks),
    "experiments": ("experiments", gallery_experiments),
    "real": ("real", gallery_real),
    "example": ("example", gallery_example),
}


def pictures(study: Path, target: Path, names: Sequence[str]) -> None:
    """The figures of a study that README and docs show, reduced, in the folder `target`."""
    for name in names:
        (target / f"{name}.png").write_bytes(canvas.reduced(study / "figures" / f"{name}.png", WIDTH))


def store(study: Path, target: Path) -> None:
    """Replace the tables and the configuration of a study in the folder `target`."""
    shutil.rmtree(target, ignore_errors=True)
    for file in (file for pattern in STORED for file in study.glob(pattern)):
        place = target / file.relative_to(study)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)
    if study.name == same.STUDY:
        same.write(study, target)


def texts() -> dict[str, str]:
    """The text for each pair of markers, from the tables in docs/data."""
    found: dict[str, str] = {}
    for name, (_, numbers) in STUDIES.items():
        if (DATA / name).exists():
            found |= filled(name, DATA / name, numbers)
    return found


def main() -> None:
    """Tables, pictures, then text."""
    for name, (target, _) in STUDIES.items():
        study = ROOT / "results" / name
        if not any((study / file).exists() for file in ("tables", "example.csv")):
            print(f"`make {target}` has not run here: what the docs say of its results stays as it is.")
            continue
        store(study, DATA / name)
        pictures(study, DOCS, FIGURES[name])
        if name == "cure":
            write_table(gallery_cure.remedies(DATA / name), gallery_cure.REMEDIES)
        if name == "real":
            gallery_real.add_minutes(study, DATA / name)
        if name == "example":
            gallery_example.draw(study, DOCS)
    written = texts()
    for page in (README, *sorted(DOCS.glob("*.md"))):
        text = page.read_text()
        for name in set(marks(text)) & set(written):
            text = renew(text, name, written[name])
        page.write_text(text)


if __name__ == "__main__":
    main()
