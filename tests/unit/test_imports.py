"""What a job waits for before it works: PyTorch, torchvision and scipy.stats take half a second to a second each."""

import subprocess
import sys

import pytest

FILES = [
    "chunks", "cifar10", "comparison", "controls", "dfm", "fashion_mnist", "findings", "folders", "images",
    "paper_tables", "planted", "plots", "plots_findings", "plots_robustness", "plots_scores", "published", "rates",
    "spectrum", "stability", "storage", "synthesis", "truth", "typeset", "weights",
]  # fmt: skip
SPECTRA = ["adcs", "plots_cards", "renditions", "sources"]
NETWORKS = ["culling", "networks", "recall", "robustness", "shortcuts", "training"]


@pytest.mark.parametrize(
    ("modules", "unwanted"),
    [(FILES, "torch"), ([*FILES, *SPECTRA], "torchvision"), (["adcs", "rates", "sources", *NETWORKS], "scipy.stats")],
)
def test_a_module_does_not_wait_for_what_it_does_not_use(modules, unwanted):
    program = f"""
import sys
from importlib import import_module
for name in {modules}:
    import_module("frequency_shortcuts." + name)
    if {unwanted!r} in sys.modules:
        sys.exit(name + " imports {unwanted}")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
