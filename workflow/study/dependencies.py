"""The code that a script or an entry point runs, from its import statements.

These files are inputs of its rule. An edit of a module then re-runs the steps that import it, and no others.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
SCRIPTS = REPOSITORY / "workflow" / "scripts"
# The folders that jobs import from. All scripts are in one folder, so one could import another.
FOLDERS = (REPOSITORY / "src", REPOSITORY / "workflow", SCRIPTS)


def code_of(*names: str, modules: Iterable[str] = ()) -> list[str]:
    """The files of this repository that scripts run, without these themselves; paths from the repository.

    names : file names in workflow/scripts
    modules : modules of the library or the workflow, or `module:class`, that a script imports by a name in its params,
        or notebooks

    Imports inside functions count. Those that only name types (`if TYPE_CHECKING`) do not, since they do not run.
    """
    started = {SCRIPTS / name for name in names}
    paths = (module.partition(":")[0] for module in modules)
    waiting = [*started, *(file for path in paths for folder in FOLDERS[:2] for file in _files_of(path, folder))]
    reached: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            waiting += _run_by(path)
    return sorted(str(path.relative_to(REPOSITORY)) for path in reached - started)


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


@functools.cache
def _run_by(path: Path) -> list[Path]:
    """The files of this repository that the imports of one file run."""
    own = next(folder for folder in reversed(FOLDERS) if folder in path.parents)
    files = []
    for module, name in _imports(path, own):
        for folder in FOLDERS:
            if name and (of_module := _files_of(module, folder)):
                files += _files_of(f"{module}.{_public(of_module[-1]).get(name, name)}", folder)
            else:
                files += _files_of(module, folder)
    return files


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
def _public(path: Path) -> dict[str, str]:
    """The names that a module loads at first use, and their modules: its table `PUBLIC`."""
    for node in _tree(path).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PUBLIC":
            return dict(ast.literal_eval(node.value))
    return {}
