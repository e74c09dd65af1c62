"""The imports between wings, and the slow packages that they avoid: PyTorch, torchvision, scipy.stats."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import frequency_shortcuts
from conftest import ROOT

PACKAGE = Path(frequency_shortcuts.__file__).parent
# From the roof to the ground: a module imports from its own floor, and from those below. Wings of the ground floor
# import nothing of each other.
FLOORS = [
    {"command"}, {"analysis"}, {"figures"}, {"findings"}, {"evaluation"}, {"maps"}, {"networks"}, {"data"},
    {"intervals"}, {"spectrum", "storage"},
]  # fmt: skip
FLOOR_OF = {wing: floor for floor, wings in enumerate(FLOORS) for wing in wings}
MODULES = sorted(PACKAGE.rglob("*.py"))


def imported(path):
    """The full names that a module imports, wherever in its code."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = ("frequency_shortcuts", *parts[: len(parts) - node.level]) if node.level else ()
            base = ".".join([*package, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def test_no_import_runs_upwards():
    assert {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.glob("*.py"))} <= FLOOR_OF.keys()
    for path in MODULES:
        wing = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        others = {name.split(".")[1] for name in imported(path) if name.startswith("frequency_shortcuts.")} - {wing}
        upward = {other for other in others & FLOOR_OF.keys() if FLOOR_OF[other] <= FLOOR_OF.get(wing, -1)}
        assert not upward, path


def test_the_library_imports_what_its_dependencies_install_and_nothing_else():
    """Snakemake and what else only the workflow needs are in the extra `study`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    installed = {re.split("[=<>]", line)[0] for line in project["dependencies"]}
    names = {name.split(".")[0] for path in MODULES for name in imported(path)}
    names -= {*sys.stdlib_module_names, "frequency_shortcuts", "timm"}
    assert {{"PIL": "pillow"}.get(name, name) for name in names} == installed
