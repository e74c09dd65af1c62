"""The tests of networks, each described in one module, which rules, outputs, tables and docs ask."""

import ast
from pathlib import Path

import pytest
from test_plan import plan

from study import targets, tests
from study.catalogue import TABLES
from study.dependencies import code_of
from study.network_tests import TESTS

FOLDER = Path(tests.__path__[0])


def test_every_module_of_the_folder_is_a_test():
    assert set(TESTS) == {path.stem for path in FOLDER.glob("[!_]*.py")}
    names = [name for test in TESTS.values() for name in test.tables]
    assert len(names) == len(set(names)) and set(names) <= set(TABLES)


@pytest.mark.parametrize("name", TESTS)
def test_what_a_test_does_names_the_outputs_that_it_describes(name):
    test, text = TESTS[name], (FOLDER / f"{name}.py").read_text()
    assert test.name == name and bool(test.measure) == bool(test.outputs) and (test.outputs or test.tables)
    for key in test.outputs if len(test.outputs) > 1 else ():
        assert f".{key}" in text
    assert all(table.holds for table in test.tables.values())


@pytest.mark.parametrize("name", TESTS)
def test_a_job_depends_on_the_module_of_its_own_test_and_its_head_imports_nothing_slow(name):
    code = code_of("run_test.py", modules=[TESTS[name].module])
    modules = [path for path in code if path.startswith("workflow/study/tests/")]
    assert modules == ["workflow/study/tests/__init__.py", f"workflow/study/tests/{name}.py"]
    assert not {"workflow/study/plan.py", "workflow/study/catalogue.py"}.intersection(code)
    tree = ast.parse((FOLDER / f"{name}.py").read_text())
    heads = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert not [node for node in heads if "frequency_shortcuts" in ast.unparse(node)]


def test_a_study_writes_the_files_of_all_its_tests_once():
    planned = plan()
    files = [file for test in TESTS.values() if test.in_study for file in test.files(planned)]
    assert len(files) == len(set(files)) and set(files) <= set(targets.of_study(planned))
    hits = [file for file in files if file.endswith("/hits.h5")]
    assert hits == TESTS["shortcuts"].files(planned, "hits") and len(hits) == len(planned.runs())
    assert not any("method_rates" in file or "wave" in file for file in files)
    assert not TESTS["transfer"].files(planned)
