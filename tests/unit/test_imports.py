"""The imports between wings, and the slow packages that they avoid: PyTorch, torchvision, scipy.stats."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import frequency_shortcuts
from conftest import ROOT
from frequency_shortcuts.maps.methods.registry import METHODS
from study.dependencies import code_of

PACKAGE = Path(frequency_shortcuts.__file__).parent
# Scripts and notebooks that may import a slow package: all others take none of them. A figure may load seaborn, which
# imports scipy.stats, only where it draws with it.
SLOW = {"torch", "torchvision", "scipy.stats", "seaborn"}
MAY_IMPORT = {
    ("torch",): {  # these compute with images, or name a device
        "measure_adcs.py", "render.py", "write_explorer.py", "write_provenance.py", "cards.py", "reduced.py",
        "shortcut.py", "texture.py",
    },
    ("torch", "torchvision"): {  # these build networks
        "check_inputs.py", "external_network.py", "find_maps.py",
        "make_benchmark_tables.py", "measure_cure.py", "measure_graded.py",
        "measure_leaks.py", "measure_leaks_data.py", "train.py",
    },
}  # fmt: skip
STEPS = {path.name: path for kind in ("scripts/*.py", "notebooks/*.py") for path in (ROOT / "workflow").glob(kind)}


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


IMPORTED = {path: set(imported(path)) for path in PACKAGE.rglob("*.py")}
DEVELOPMENT = (ROOT / "docs" / "development.md").read_text()
# What users of the library name: the public names, the command, the example, and all methods.
PUBLIC = [
    *frequency_shortcuts.PUBLIC.values(), *frequency_shortcuts.NAMES.values(), "command", "example",
    *(f"maps.methods.{module.partition(':')[0]}" for module in METHODS.values()),
    *(f"shortcuts.{module}" for module in frequency_shortcuts.shortcuts.PUBLIC.values()),
]  # fmt: skip


def test_a_public_name_reaches_every_module():
    """What only the study uses is in workflow/study."""
    reached = {ROOT / path for path in code_of(modules=[f"frequency_shortcuts.{name}" for name in PUBLIC])}
    assert not IMPORTED.keys() - reached


def test_packages_import_no_other_than_the_page_lists_and_none_runs_upwards():
    text = DEVELOPMENT.partition("| package | imports |")[2].partition("\n\n")[0]
    listed = {name: set(re.findall(r"`(\w+)`", below)) for name, below in re.findall(r"\| `(\w+)` \| (.*) \|", text)}
    order = list(listed)
    assert all(below <= set(order[place + 1 :]) for place, below in enumerate(listed.values()))
    assert {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.glob("*.py"))} <= listed.keys()
    for path, names in IMPORTED.items():
        part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        others = {name.split(".")[1] for name in names if name.startswith("frequency_shortcuts.")} & listed.keys()
        assert others <= listed.get(part, listed.keys()) | {part}, path


def test_the_library_imports_what_its_dependencies_install_and_nothing_else():
    """Snakemake and what else only the workflow needs are in the extra `study`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    installed = {re.split("[=<>]", line)[0] for line in project["dependencies"]}
    names = {name.split(".")[0] for names in IMPORTED.values() for name in names}
    names -= {*sys.stdlib_module_names, "frequency_shortcuts", "timm", "pydicom"}
    assert {{"PIL": "pillow"}.get(name, name) for name in names} == installed


def import_statements(path):
    """The statements at the head of a script or notebook that import."""
    nodes = (node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Import | ast.ImportFrom))
    return "\n".join(map(ast.unparse, nodes))


def test_what_does_not_need_a_slow_package_does_not_import_it():
    """In one process: the package, the command, and the scripts and notebooks from those that may import the least."""
    allowed = {name: packages for packages, names in MAY_IMPORT.items() for name in names}
    assert allowed.keys() <= STEPS.keys()
    light = ["frequency_shortcuts.storage.journal"]
    light += [f"frequency_shortcuts.figures.{path.stem}" for path in (PACKAGE / "figures").glob("[!_]*.py")]
    light += [f"study.drawings.{path.stem}" for path in (ROOT / "workflow/study/drawings").glob("[!_]*.py")]
    stages = [
        ("the package", "import frequency_shortcuts", {"torch", "numpy", "pandas", "h5py", "matplotlib"}),
        ("the command", "from frequency_shortcuts import command", SLOW),
        ("a wing", "import " + ", ".join(light), SLOW),
    ]
    for packages in ((), *MAY_IMPORT):
        names = [name for name in STEPS if allowed.get(name, ()) == packages]
        stages += [(name, import_statements(STEPS[name]), SLOW.difference(packages)) for name in names]
    program = f"""
import sys
sys.path[:0] = {[str(ROOT / "src"), str(ROOT / "workflow")]}
for name, statements, unwanted in {stages}:
    exec(statements, {{}})
    if loaded := unwanted.intersection(sys.modules):
        sys.exit(f"{{name}} imports {{', '.join(loaded)}}")
import frequency_shortcuts
assert all(callable(getattr(getattr(frequency_shortcuts, wing), name)) for wing, name in [
    ("spectrum", "keep"), ("shortcuts", "measure"), ("culling", "cull"), ("dfm", "write"), ("adcs", "class_spectra")
])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
