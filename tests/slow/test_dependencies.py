"""The modules that the resolver lists for a script, against those that Python imports."""

import ast
import importlib
import json
import os
import sys
from importlib.util import resolve_name
from pathlib import Path
from types import ModuleType

from test_dependencies import PATHS

from workflow.study import dependencies
from workflow.study.dependencies import REPOSITORY, code_of


def statements(path):
    """The import statements of a script, notebook or module, those for types left out."""
    source = path.read_text()
    if path.suffix == ".ipynb":
        cells = json.loads(source)["cells"]
        source = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    return [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]


def imported(node, package):
    """The modules that Python imports by one statement in a module of a package."""
    scope = {"__package__": package, "__name__": "importing"}
    try:
        exec(compile(ast.Module([node], []), "importing", "exec"), scope)
    except ModuleNotFoundError as error:  # a package that need not be installed
        assert error.name in ("timm", "snakemake"), error
        return
    names = [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        names = [resolve_name("." * node.level + (node.module or ""), package)]
        yield from (value for value in scope.values() if isinstance(value, ModuleType))
        # Where a package loads a name at its first use.
        yield from (sys.modules.get(getattr(value, "__module__", None) or "") for value in scope.values())
    for name in names:
        parts = name.split(".")
        yield from (sys.modules[".".join(parts[:n])] for n in range(1, len(parts) + 1))


def python_imports(path, seen):
    """Files of this repository that Python imports for a script, also in functions: each module is executed once."""
    waiting, reached = [(path, "")], set()
    while waiting:
        file, package = waiting.pop()
        if file not in seen:
            modules = [module for node in statements(file) for module in imported(node, package)]
            seen[file] = {Path(module.__file__): module for module in modules if getattr(module, "__file__", None)}
        for other, module in seen[file].items():
            if other not in reached and any(folder in other.parents for folder in dependencies.FOLDERS):
                reached.add(other)
                waiting.append((other, module.__package__))
    return sorted(os.path.relpath(file, REPOSITORY) for file in reached)


def test_the_code_of_a_script_is_what_python_imports(monkeypatch):
    monkeypatch.setattr(sys, "path", [*map(str, dependencies.FOLDERS), *sys.path])
    importlib.invalidate_caches()
    seen = {}
    for path in PATHS:
        code = code_of(path.name)
        assert python_imports(path, seen) == code, path.name
        assert not [file for file in code if file.startswith("workflow/scripts/")]  # no script imports another
