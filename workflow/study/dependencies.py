"""What steps depend on beside their inputs, as digests for the params of rules: code, and files of the user.

Code counts by rooms: an edit in a room re-runs the steps that use it, and no others. A room is a folder of the library
or the workflow, or one module.
"""

import ast
import functools
import hashlib
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

WORKFLOW = Path(__file__).parents[1]
FOLDERS = (WORKFLOW.parent / "src" / "frequency_shortcuts", WORKFLOW)
EVERY = ("storage",)  # and not what frames jobs: the plan, `job`, the ledger, outputs that are kept
NETWORKS = ("images", "networks", "spectrum", "study/devices.py")
PARTS = tuple(f"exchange/{name}.py" for name in ("class_statistics", "field", "fine", "part", "patch", "swap"))
TRAININGS = (*NETWORKS, *PARTS, "study/trainings")
CLAIMS = ("intervals.py", "spectrum", "study/findings")
JUDGES = (*CLAIMS, "networks/weights.py", "shortcuts/cross.py", "shortcuts/hits.py")
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
    "judge_claims.py": JUDGES,
    "make_report.py": (
        "study/catalogue.py", "study/columns.py", "study/columns.yaml", "study/description.py", "study/figures.py",
        "study/report.yaml", "study/tests",
    ),
    "make_tables.py": (*TESTS, *PLAN, "analysis", "data_check", "study/findings/study_tables.py"),
    "measure_adcs.py": ("images", "maps/adcs.py", "networks/numerics.py", "spectrum"),
    "measure_claims.py": CLAIMS,
    "render.py": ("images", "spectrum", "study/images"),
    "run_test.py": (
        *TESTS, "analysis/counterfactuals.py", "analysis/wording.py", "data_check", "study/findings/study_tables.py",
    ),
    "show_notebooks.py": (),
    "show_table.py": (
        "figures", "intervals.py", "networks/weights.py", "shortcuts/cross.py", "shortcuts/hits.py", "spectrum",
        "study/columns.py", "study/columns.yaml", "study/drawings", "study/findings/study_tables.py",
    ),
    "train.py": TRAININGS,
    "twin_store.py": ("images", "spectrum", "study/sources/folder.py"),
    "write_cover.py": (*JUDGES, "figures", "study/drawings"),
    "write_provenance.py": (*PLAN, "images", "maps", "networks", "spectrum", "study/findings", "study/provenance.py"),
}  # fmt: skip

# The sections of the configuration for the check of the inputs; it gets no other sections.
CHECKED_SECTIONS = (
    "study", "plan", "datasets", "networks", "synthesis", "planting", "adcs", "culling", "shortcuts",
    "ood", "methods", "device", "training", "dfm", "graded", "harm",
)  # fmt: skip
MANY = 50_000  # files; in larger folders single files are not examined


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
    """The modules of a room, and the tables that they read."""
    place = next(folder / room for folder in FOLDERS if (folder / room).exists())
    return sorted([*place.rglob("*.py"), *place.rglob("*.csv")]) if place.is_dir() else [place]


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


def file_state(path: str | Path | None) -> tuple[int, int] | None:
    """Size in bytes and time in ns of a file; None if it does not exist."""
    try:
        status = Path(path or "").stat()
    except OSError:  # the check of the inputs names it
        return None
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


@functools.cache
def folder_state(root: Path) -> tuple[Any, ...]:
    """Names, sizes and times of all pictures below a folder; for very many files, names and folder times.

    What cannot be read counts by its name, so that the check of the inputs names it.
    """
    from frequency_shortcuts.images.folders import listing

    try:
        found = listing(root)
    except (OSError, ValueError) as error:  # the check of the inputs names it
        return (str(error),)
    names, wrong = [*map(str, found.files)], [found.problems] if found.problems else []
    if len(names) > MANY:
        return (names, [folder.stat().st_mtime_ns for folder in sorted({file.parent for file in found.files})], *wrong)
    return (*((name, file_state(name)) for name in names), *wrong)


def digest_states(states: Iterable[Any]) -> str:
    """One text for several states of files, which changes when a file does."""
    return hashlib.sha256(repr(list(states)).encode()).hexdigest()


def rendition_digest(dataset: Mapping[str, Any], rendition: str) -> str:
    """The state of the folder of one rendition of a data set's twin."""
    return digest_states([folder_state(Path(dataset["ood"]["root"]) / rendition)])


def inputs_digest(plan: Any) -> str:
    """The state of all files of the data sets and networks of a `Plan`."""
    states: list[Any] = []
    for name in plan.datasets():
        dataset = plan.dataset(name)
        states.append(plan.source(name).state(plan, name))
        states += [rendition_digest(dataset, rendition) for rendition in dataset.get("ood", {}).get("renditions", ())]
    for name in dict.fromkeys(run["network"] for run in plan.runs()):
        network = plan.config["networks"][name]
        code = code_of_entry_point(network.get("source", ""))
        states += [file_state(network.get("checkpoint")), *map(file_state, code)]
    return digest_states(states)
