"""The imports between wings, and the slow packages that they avoid: PyTorch, torchvision, scipy.stats."""

import ast
import json
import subprocess
import sys

import pytest
from test_imports import PACKAGE

from conftest import ROOT


def of_wing(wing):
    return {f"{wing}.{path.stem}" for path in (PACKAGE / wing).glob("[!_]*.py")}


LIGHT = {  # these draw, write tables and make stores without PyTorch
    "data.downloads", "data.folders", "data.normalisation", "data.planted", "data.splits", "data.stored_images",
    "data.stores", "data.synthetic", "evaluation.method_scores", "evaluation.stability",
    "evaluation.truth", "evaluation.usage", "evaluation.verdicts", "evaluation.wave_errors", "intervals", "maps.dfm",
    "maps.exchange", "maps.methods.culling.result", "networks.weights", "spectrum", "spectrum.controls",
    "spectrum.masks", "spectrum.pairs", "storage.files", "storage.journal", "storage.tables",
} | of_wing("findings") | of_wing("figures")  # fmt: skip
SPECTRA = {"data.renditions", "data.source", "evaluation.examples", "maps.adcs"}
NETWORKS = {
    "data.source", "evaluation.recall", "evaluation.sensitivity",
    "evaluation.shortcuts", "evaluation.verdicts", "maps.adcs", "maps.methods.culling", "networks.architectures",
    "networks.training",
}  # fmt: skip
# The slow packages, and the scripts and notebooks that may import them: all others take none of them. A figure may
# load seaborn, which imports scipy.stats, only where it draws with it.
SLOW = ("torch", "torchvision", "scipy.stats", "seaborn")
MAY_IMPORT = {
    ("torch",): {  # these compute with images, or name a device
        "measure_adcs.py", "render.py", "write_explorer.py", "write_provenance.py", "cards.ipynb", "filtered.ipynb",
    },
    ("torch", "torchvision"): {  # these build networks
        "analyse_network.py", "check_inputs.py", "compare_methods.py", "cull.py", "external_network.py", "find_maps.py",
        "measure_bandstop.py", "measure_graded.py", "measure_harm.py", "measure_ood.py", "measure_planted_use.py",
        "measure_published.py", "measure_reliance.py", "measure_robustness.py", "measure_shortcuts.py",
        "measure_transfer.py", "measure_wave.py", "train.py",
    },
}  # fmt: skip
STEPS = {path.name: path for kind in ("scripts/*.py", "notebooks/*.ipynb") for path in (ROOT / "workflow").glob(kind)}
ALLOWED = {name: allowed for allowed, names in MAY_IMPORT.items() for name in names}


def run(program):
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_package_itself_waits_for_nothing():
    run("""
import sys
import frequency_shortcuts
for name in ("torch", "numpy", "pandas", "h5py", "matplotlib"):
    assert name not in sys.modules, name
from frequency_shortcuts import adcs, culling, dfm, shortcuts, spectrum
assert spectrum.keep and shortcuts.measure and culling.cull and dfm.write and adcs.class_spectra
""")


@pytest.mark.parametrize(
    ("modules", "unwanted"),
    [(LIGHT, "torch"), (LIGHT | SPECTRA, "torchvision"), (NETWORKS | of_wing("figures"), "scipy.stats")],
)
def test_a_module_does_not_wait_for_what_it_does_not_use(modules, unwanted):
    run(f"""
import sys
from importlib import import_module
for name in {sorted(modules)}:
    import_module("frequency_shortcuts." + name)
    if {unwanted!r} in sys.modules:
        sys.exit(name + " imports {unwanted}")
""")


def import_statements(path):
    """The statements at the head of a script or notebook that import."""
    source = path.read_text()
    if path.suffix == ".ipynb":
        cells = (cell for cell in json.loads(source)["cells"] if cell["cell_type"] == "code")
        source = "\n".join("".join(cell["source"]) for cell in cells)
    nodes = (node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom))
    return "\n".join(map(ast.unparse, nodes))


@pytest.mark.parametrize("allowed", [(), *MAY_IMPORT], ids=lambda names: "_".join(names) or "none")
def test_a_script_or_notebook_imports_no_slow_package_that_it_does_not_use(allowed):
    """One process for all that may import the same: the first that imports more is named."""
    assert ALLOWED.keys() <= STEPS.keys()
    heads = {name: import_statements(path) for name, path in STEPS.items() if ALLOWED.get(name, ()) == allowed}
    unwanted = sorted(set(SLOW).difference(allowed))
    run(f"""
import sys
sys.path[:0] = {[str(ROOT / "src"), str(ROOT / "workflow")]}
for name, head in {heads}.items():
    exec(head, {{}})
    if loaded := [package for package in {unwanted} if package in sys.modules]:
        sys.exit(f"{{name}} imports {{', '.join(loaded)}}")
""")
