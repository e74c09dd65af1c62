"""`make gallery` renews what README and docs take from results: pictures, and the text between markers.

The laptop study is needed. What the docs say of the other studies stays as it is where they have not run.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures import schematic as drawing

from . import gallery_cure, gallery_experiments, gallery_laptop, gallery_methods, gallery_real, schematic
from .markdown import DOCS, README, ROOT, filled, marks, renew

WIDTH = 1000  # pixels
SCHEMATIC = "schematic"  # drawn here; the other pictures are figures of the studies
FIGURES = {
    "laptop": [
        "rule_graph", "findings_all", "adcs_syn_2", "cards_fashion_mnist-resnet18_w8-none", "cross_fashion_mnist",
        "shortcuts_fashion_mnist",
    ],
    "benchmark": ["method_truth_all", "method_cost_all"],
    "cure": ["cure_fashion_mnist"],
    "experiments": ["reliance_fashion_mnist", "harm_all"],
    "real": [],
}  # fmt: skip
# Study, which is the name of its template: its target of make, and the module with its numbers and tables.
STUDIES = {
    "laptop": ("study", gallery_laptop),
    "benchmark": ("methods", gallery_methods),
    "cure": ("cure", gallery_cure),
    "experiments": ("experiments", gallery_experiments),
    "real": ("real", gallery_real),
}


def pictures(study: Path, target: Path, names: Sequence[str]) -> None:
    """The figures of a study that README and docs show, reduced, in the folder `target`."""
    for name in names:
        (target / f"{name}.png").write_bytes(canvas.reduced(study / "figures" / f"{name}.png", WIDTH))


def draw_schematic(study: Path, target: Path) -> None:
    """The picture of the whole idea, in the folder `target`."""
    with tempfile.TemporaryDirectory() as folder:
        canvas.save(drawing.schematic(schematic.example(study)), Path(folder) / SCHEMATIC)
        shutil.copyfile(Path(folder) / f"{SCHEMATIC}.png", target / f"{SCHEMATIC}.png")  # in all its colours


def main() -> None:
    """Pictures, then text."""
    draw_schematic(ROOT / "results" / "laptop", DOCS)
    texts: dict[str, str] = {}
    for name, (target, numbers) in STUDIES.items():
        study = ROOT / "results" / name
        if name == "laptop" or (study / "tables").exists():
            pictures(study, DOCS, FIGURES[name])
            texts |= filled(name, study, numbers)
            if name == "real":
                gallery_real.draw(study, DOCS)
        else:
            print(f"`make {target}` has not run here: what the docs say of its results stays as it is.")
    for page in (README, *sorted(DOCS.glob("*.md"))):
        text = page.read_text()
        for name in set(marks(text)) & set(texts):
            text = renew(text, name, texts[name])
        page.write_text(text)


if __name__ == "__main__":
    main()
