"""The code that a script or an entry point runs, from its import statements.

These files are inputs of its rule. An edit of a module then re-runs the steps that import it, and no others.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
SCRIPTS = REPOSITORY / "workflow" / "scripts"
# The folders that jobs import from. All scripts are in one folder, so one could import another.
FOLDERS = (REPOSITORY / "src", REPOSITORY / "workflow", SCRIPTS)


class UnresolvedImport(ValueError):
    """An import of this repository's own code that names no file and no name in a file."""


def code_of(*names: str, modules: Iterable[str] = ()) -> list[str]:
    """The files of this repository that scripts run, without these themselves; paths from the repository.

    names : file names in workflow/scripts
    modules : modules of the library or the workflow, or `module:class`, that a script imports by a name in its params,
        or notebooks

    Imports inside functions count. Those that only name types (`if TYPE_CHECKING`) do not, since they do not run.
    Raises UnresolvedImport where an import of our own code cannot be followed.

    >>> code_of("render.py")[0]
    'src/frequency_shortcuts/__init__.py'
    """
    started = {SCRIPTS / name for name in names}
    paths = (module.partition(":")[0] for module in modules)
    named = (file for path in paths for folder in FOLDERS[:2] for file in _files_of(path, folder))
    return sorted(str(path.relative_to(REPOSITORY)) for path in _reached({*started, *named}) - started)


def code_of_entry_point(entry_point: str) -> list[str]:
    """The files in the working folder that `module:function` of a user runs, sorted.

    Files that cannot be read or found are left out: the check of the inputs gives a better error message.
    """
    files: set[Path] = set()
    waiting = [entry_point.partition(":")[0]]
    while waiting:
        for path in set(_files_of(waiting.pop(), Path())) - files:
            files.add(path)
            try:
                waiting += [".".join(filter(None, [module, name])) for module, name in _imports(path, Path())]
            except (OSError, SyntaxError, ValueError):
                continue
    return sorted(map(str, files))


def _reached(started: Iterable[Path]) -> set[Path]:
    reached: set[Path] = set()
    waiting = list(started)
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            waiting += _run_by(path)
    return reached


@functools.cache
def _run_by(path: Path) -> tuple[Path, ...]:
    """The files of this repository that the imports of one file run."""
    folder = next(folder for folder in reversed(FOLDERS) if folder in path.parents)
    return tuple(file for module, name in _imports(path, folder) for file in _resolve(path, module, name))


def _resolve(path: Path, module: str, name: str) -> Iterator[Path]:
    """The files that `from module import name` in a file runs (`import module` if `name` is empty)."""
    top = module.partition(".")[0]
    folder = next((folder for folder in FOLDERS if _files_of(top, folder) or (folder / top).is_dir()), None)
    if folder is None:
        return  # not ours
    files = _files_of(module, folder)
    at = files[-1] if files else None
    if at is None or at.with_suffix("").relative_to(folder).parts not in (
        tuple(module.split(".")),
        (*module.split("."), "__init__"),
    ):
        raise UnresolvedImport(f"{_short(path)}: there is no module {module}")
    yield from files
    if not name:
        return
    if submodule := _files_of(f"{module}.{name}", folder)[len(files) :]:
        yield from submodule
        return
    names, lazy = _bound(at)
    if name in lazy:
        yield from _files_of(f"{module}.{lazy[name]}", folder)
    elif name not in names:
        raise UnresolvedImport(f"{_short(path)}: {module} has no module or name {name}")


def _files_of(module: str, folder: Path) -> list[Path]:
    """The files that run when a module is imported from a folder: those of its packages, then its own."""
    parts = module.split(".")
    stems = [folder.joinpath(*parts[:n]) for n in range(1, len(parts) + 1)]
    paths = [path for stem in stems for path in (stem / "__init__.py", stem.parent / f"{stem.name}.py")]
    return [path for path in paths if path.is_file()]


@functools.cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


def _imports(path: Path, folder: Path) -> list[tuple[str, str]]:
    """(module, name) of the import statements of a file that run; `name` is empty for `import module`."""
    tree = _tree(path)
    checks = (node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    types = {node for check in checks for statement in check.body for node in ast.walk(statement)}
    imports = []
    for node in ast.walk(tree):
        if node in types:
            continue
        if isinstance(node, ast.Import):
            imports += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = path.relative_to(folder).parts[: -node.level] if node.level else ()
            module = ".".join([*above, *filter(None, [node.module])])
            imports += [(module, alias.name) for alias in node.names]
    return imports


@functools.cache
def _bound(path: Path) -> tuple[frozenset[str], dict[str, str]]:
    """The names that a module binds, and those that it loads at first use: the table `PUBLIC`, name -> module."""
    names: set[str] = set()
    lazy: dict[str, str] = {}
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PUBLIC":
            lazy = ast.literal_eval(node.value)
    return frozenset(names), lazy


def _short(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))
