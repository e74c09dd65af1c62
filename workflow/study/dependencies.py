"""What steps depend on beside their inputs, as digests for the params of rules: code, and files of the user."""

import ast
import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / "workflow"
FOLDERS = (ROOT / "src", WORKFLOW, ROOT)  # the last for benchmarks
# What lists jobs and files and frames a job. It computes no number, so an edit there re-runs nothing.
FRAME = tuple(WORKFLOW / "study" / f"{name}.py" for name in ("datasets", "job", "runs", "settings"))

# The sections of the configuration that the check of the inputs does not read.
UNCHECKED = ("numerics", "checkpoint_minutes", "truth", "figures")
MANY = 50_000  # files; in larger folders single files are not examined


@functools.cache
def code_of(*modules: str) -> str:
    """A text that is different after an edit of modules of ours, or of what they import.

    Comments, docstrings and layout do not count, and neither do the modules in `FRAME`.

    modules : their full names, such as "scripts.train"
    """
    code = hashlib.sha256()
    for path in files_of_code(modules, FOLDERS, without=FRAME):
        code.update(f"{path.name} {syntax(path)}\n".encode())
    return code.hexdigest()[:16]


def complete(rules: Iterable[Any], numerics: str) -> None:
    """Give each rule of Snakemake its environment, and params by which a change of code or numerics re-runs it.

    Files that are fetched do not depend on these. A rule with a param `code` keeps it.
    """
    for rule in rules:
        if rule.script:
            rule.conda_env = str(ROOT / "envs" / "study.yaml")
        if rule.name == "fetched_files" or "numerics" in rule.params.keys():  # noqa: SIM118 (in it are values)
            continue
        rule.set_params(numerics=numerics)
        if rule.script and "code" not in rule.params.keys():  # noqa: SIM118
            of_notebook = rule.script.endswith("run_notebook.py")
            rule.set_params(code=_code_of_figures if of_notebook else _code_of_rule(rule))


def _code_of_rule(rule: Any) -> Callable[[Any], str]:
    """A function, so that only jobs that may run read the code."""
    script = Path(str(rule.basedir), rule.script).resolve()
    folder = next(folder for folder in FOLDERS if script.is_relative_to(folder))
    module = ".".join(script.relative_to(folder).with_suffix("").parts)
    return lambda wildcards: code_of(module)


def _code_of_figures(wildcards: Any, input: Any) -> str:
    """The same, of the script that runs a notebook and of what that imports; the notebook itself is an input."""
    cells = json.loads(Path(input.notebook).read_text())["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    imported = _imported("\n".join(texts).encode(), ())
    return code_of("scripts.run_notebook", *sorted(imported))


def code_of_entry_point(entry_point: str) -> list[str]:
    """The files in the working folder that `module:function` of a user runs, sorted.

    Files that cannot be read or found are left out: the check of the inputs gives a better error message.
    """
    return list(map(str, files_of_code([entry_point.partition(":")[0]], [Path()])))


def files_of_code(
    modules: Iterable[str], folders: Iterable[Path], without: Iterable[Path] = ()
) -> list[Path]:
    """The files in some folders that run when modules are imported, also by imports in functions; sorted.

    without : files that do not count, nor what they import
    """
    folders = list(folders)
    found: set[Path] = set()
    waiting = set(modules)
    while waiting:
        module = waiting.pop()
        for folder in folders:
            for path in set(_files_of(module, folder)).difference(found, without):
                found.add(path)
                waiting.update(_imports(path, folder))
    return sorted(found)


@functools.cache
def syntax(path: Path) -> str:
    """What a module does: its code without comments, docstrings and layout."""
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:]
    return ast.dump(tree)


def _files_of(module: str, folder: Path) -> list[Path]:
    """The files in a folder that run when a module is imported: those of its packages, then its own."""
    parts = module.split(".")
    stems = [folder.joinpath(*parts[:n]) for n in range(1, len(parts) + 1)]
    paths = [
        path for stem in stems for path in (stem / "__init__.py", stem.parent / f"{stem.name}.py")
    ]
    return [path for path in paths if path.is_file()]


@functools.cache
def _imports(path: Path, folder: Path) -> frozenset[str]:
    """The modules that a file imports, and the names that it imports from them, which may be modules.

    folder : the one from which modules are imported
    """
    try:
        return _imported(path.read_bytes(), path.relative_to(folder).parts)
    except (OSError, SyntaxError, ValueError):
        return frozenset()


def _imported(code: bytes, place: tuple[str, ...]) -> frozenset[str]:
    """What some code imports. place : the folders and the name of its file"""
    names: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = place[: -node.level] if node.level else ()
            base = [*package, *filter(None, [node.module])]
            names.update(".".join([*base, alias.name]) for alias in node.names)
    return frozenset(names)


def file_state(path: str | Path | None) -> tuple[int, int] | None:
    """Size in bytes and time in ns of a file or folder; None if it does not exist."""
    if not path or not Path(path).exists():  # the check of the inputs names it
        return None
    status = Path(path).stat()
    return status.st_size, status.st_mtime_ns


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
    examined = found.files
    if len(examined) > MANY:
        examined = sorted({file.parent for file in found.files})
    return *map(str, found.files), *map(file_state, examined), found.problems


def digest_states(states: Iterable[Any]) -> str:
    """One text for several states of files, which changes when a file does."""
    return hashlib.sha256(repr(list(states)).encode()).hexdigest()


def rendition_digest(dataset: Mapping[str, Any], rendition: str) -> str:
    """The state of the folder of one rendition of a data set's twin."""
    return digest_states([folder_state(Path(dataset["ood"]["root"]) / rendition)])


def inputs_digest(
    config: Mapping[str, Any], datasets: Iterable[str], networks: Iterable[str]
) -> str:
    """The state of all files of some data sets and networks of a configuration (see `datasets.complete`)."""
    from .sources import source_of  # here, since sources import this module

    states: list[Any] = []
    for name in datasets:
        dataset = config["datasets"][name]
        states.append(source_of(config, name).state())
        states += [
            rendition_digest(dataset, rendition)
            for rendition in dataset.get("ood", {}).get("renditions", ())
        ]
    for name in networks:
        network = config["networks"][name]
        code = code_of_entry_point(network.get("source", ""))
        states += [file_state(network.get("checkpoint")), *map(file_state, code)]
    return digest_states(states)
