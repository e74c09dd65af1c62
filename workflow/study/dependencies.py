"""The code that each step depends on, by rooms: an edit in a room re-runs the steps that use it, and no others.

A room is a folder of the library or the workflow, or one module. The rules have a digest of each as a parameter.
"""

import ast
import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

WORKFLOW = Path(__file__).parents[1]
FOLDERS = (WORKFLOW.parent / "src" / "frequency_shortcuts", WORKFLOW)
EVERY = ("storage",)  # and not what frames jobs: the plan, `job`, the ledger, outputs that are kept
NETWORKS = ("images", "networks", "spectrum", "study/devices.py")
PARTS = tuple(f"exchange/{name}.py" for name in ("class_statistics", "field", "fine", "part", "patch", "swap"))
TRAININGS = (*NETWORKS, *PARTS, "study/trainings")
CLAIMS = ("intervals.py", "spectrum", "study/findings")
PLAN = ("maps/methods/registry.py", "study/draws.py", "study/plan.py")
SHORTCUTS = ("images", "intervals.py", "maps", "networks", "shortcuts", "spectrum")
TESTS = (
    *SHORTCUTS, *TRAININGS, "exchange", "study/draws.py", "study/measures", "study/tested_networks.py", "study/tests",
)  # fmt: skip
# The rooms of each script beside `EVERY`. Steps of other scripts depend on no code.
ROOMS = {
    "build_store.py": (
        "images", "spectrum", "study/images", "study/sources/description.py", "study/sources/drawn.py",
    ),
    "check_inputs.py": (*TRAININGS, *PLAN, "maps", "study/inputs.py", "study/sources"),
    "draw_figure.py": (
        *SHORTCUTS, *CLAIMS, "exchange/answers.py", "figures", "study/drawings", "study/draws.py", "study/examples.py",
        "study/measures",
    ),
    "external_network.py": NETWORKS,
    "find_maps.py": (*NETWORKS, "maps", "study/tested_networks.py"),
    "join_benchmarks.py": (),
    "judge_claims.py": CLAIMS,
    "make_report.py": (
        "study/catalogue.py", "study/columns.py", "study/columns.yaml", "study/description.py", "study/figures.py",
        "study/report.yaml", "study/tests",
    ),
    "make_tables.py": (*TESTS, *PLAN, "analysis", "data_check", "study/findings"),
    "measure_adcs.py": ("images", "maps/adcs.py", "networks/numerics.py", "spectrum"),
    "measure_claims.py": CLAIMS,
    "render.py": ("images", "spectrum", "study/images"),
    "run_test.py": (*TESTS, "analysis/counterfactuals.py"),
    "show_notebooks.py": (),
    "show_table.py": ("figures", "study/columns.py", "study/columns.yaml", "study/drawings"),
    "train.py": TRAININGS,
    "twin_store.py": ("images", "spectrum", "study/sources/folder.py"),
    "write_cover.py": (*CLAIMS, "figures", "study/drawings"),
    "write_explorer.py": (*SHORTCUTS, "exchange/answers.py", "figures", "study/drawings", "study/examples.py"),
    "write_provenance.py": (*PLAN, "images", "maps", "networks", "spectrum", "study/findings", "study/provenance.py"),
}  # fmt: skip


def code_of(script: str) -> list[str]:
    """The rooms of a script, each with a digest of its modules."""
    return [digest(room) for room in sorted({*EVERY, *ROOMS[script]})]


@functools.cache
def digest(room: str) -> str:
    """A room and a text that is different after an edit of one of its modules."""
    code = hashlib.sha256()
    for path in modules(room):
        code.update(f"{path.name}\n".encode() + path.read_bytes())
    return f"{room} {code.hexdigest()[:16]}"


def modules(room: str) -> list[Path]:
    """The modules of a room."""
    place = next(folder / room for folder in FOLDERS if (folder / room).exists())
    return sorted(place.rglob("*.py")) if place.is_dir() else [place]


def code_of_entry_point(entry_point: str) -> list[str]:
    """The files in the working folder that `module:function` of a user runs, sorted.

    Files that cannot be read or found are left out: the check of the inputs gives a better error message.
    """
    files: set[Path] = set()
    waiting = [entry_point.partition(":")[0]]
    while waiting:
        for path in set(_files_of(waiting.pop())) - files:
            files.add(path)
            try:
                waiting += _imports(path)
            except (OSError, SyntaxError, ValueError):
                continue
    return sorted(map(str, files))


def _files_of(module: str) -> list[Path]:
    """The files that run when a module is imported: those of its packages, then its own."""
    parts = module.split(".")
    stems = [Path(*parts[:n]) for n in range(1, len(parts) + 1)]
    paths = [path for stem in stems for path in (stem / "__init__.py", stem.parent / f"{stem.name}.py")]
    return [path for path in paths if path.is_file()]


def _imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, and the names that it imports from them, which may be modules."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = path.parts[: -node.level] if node.level else ()
            module = [*above, *filter(None, [node.module])]
            yield from (".".join([*module, alias.name]) for alias in node.names)
