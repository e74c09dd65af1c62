"""The modules that the resolver lists for a script, against those that Python imports."""

import ast
import importlib
import os
import sys
from importlib.util import resolve_name
from pathlib import Path
from types import ModuleType

import pytest

from study.sources import SOURCES
from workflow.study import dependencies
from workflow.study.dependencies import REPOSITORY, SCRIPTS, code_of
from workflow.study.network_tests import TESTS

PATHS, NOTEBOOKS = (sorted((REPOSITORY / "workflow" / name).glob("*.py")) for name in ("scripts", "notebooks"))


@pytest.mark.parametrize(
    ("module", "used_by", "not_by"),
    [
        ("maps/methods/method.py", {"find_maps.py"}, {"train.py", "measure_adcs.py", "shortcuts"}),
        ("study/measures/truth.py", {"truth"}, {"train.py", "find_maps.py", "measure_adcs.py"}),
        ("spectrum/pairs.py", {"train.py", "find_maps.py", "shortcuts"}, {"make_report.py"}),
        ("drawings/typeset.py", {"show_table.py"}, {"train.py", "make_tables.py"}),
        ("drawings/spectra.py", {"notebooks.dfm"}, {"notebooks.dynamics", "draw_figure.py"}),
    ],
)
def test_an_edit_of_a_module_concerns_the_steps_that_use_it_and_no_others(module, used_by, not_by):
    code = {path.name: code_of(path.name) for path in PATHS}
    code |= {name: code_of("run_test.py", modules=[test.module]) for name, test in TESTS.items()}
    code |= {name: code_of("draw_figure.py", modules=[name]) for name in ("notebooks.dfm", "notebooks.dynamics")}
    using = {name for name, files in code.items() if any(file.endswith(f"/{module}") for file in files)}
    assert used_by <= using and not not_by & using


def test_an_edit_of_a_source_concerns_its_own_stores_and_no_others():
    code = {source.rule: code_of("build_store.py", modules=[source.module]) for source in SOURCES}
    for source in SOURCES:
        file = f"workflow/{source.module.replace('.', '/')}.py"
        assert [rule for rule in code if file in code[rule]] == [source.rule]
    file = "src/frequency_shortcuts/images/torch_dataset.py"
    assert [rule for rule in code if file in code[rule]] == ["dataset_store"]
    assert not any("workflow/study/plan.py" in files or "trainings/training" in str(files) for files in code.values())


def statements(path):
    """The import statements of a script, notebook or module, those for types left out."""
    tree = ast.parse(path.read_text())
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


def python_imports(path, seen, package=""):
    """Files of this repository that Python imports for a script, also in functions: each module is executed once."""
    waiting, reached = [(path, package)], set()
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
    for path in NOTEBOOKS:
        file = str(path.relative_to(REPOSITORY))
        assert sorted([file, *python_imports(path, seen)]) == code_of(modules=[f"notebooks.{path.stem}"]), path.stem
    script = python_imports(SCRIPTS / "run_test.py", seen)
    for test in TESTS.values():
        module = REPOSITORY / "workflow" / "study" / "tests" / f"{test.name}.py"
        own = [f"workflow/study/tests/{name}.py" for name in ("__init__", test.name)]
        imports = {*script, *own, *python_imports(module, seen, "study.tests")}
        assert sorted(imports) == code_of("run_test.py", modules=[test.module]), test.name
