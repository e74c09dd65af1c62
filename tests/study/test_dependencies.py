"""The modules that the resolver lists for a script, against those that Python imports."""

import ast

import pytest

from workflow.study import dependencies
from workflow.study.dependencies import NOTEBOOKS, SCRIPTS, UnresolvedImport, code_of

PATHS = sorted((*SCRIPTS.glob("*.py"), *NOTEBOOKS.glob("*.ipynb")))


@pytest.mark.parametrize(
    "line",
    [
        "import frequency_shortcuts.nothing",
        "from frequency_shortcuts.maps import nothing",
        "from frequency_shortcuts import nothing",
        "from frequency_shortcuts.spectrum.pairs import nothing",
        "from study.nothing import a",
        "def f():\n    from frequency_shortcuts.maps.nothing import a",
    ],
)
def test_an_import_of_ours_that_leads_nowhere_is_an_error(tmp_path, monkeypatch, line):
    monkeypatch.setattr(dependencies, "REPOSITORY", tmp_path)
    monkeypatch.setattr(dependencies, "SCRIPTS", tmp_path / "workflow" / "scripts")
    monkeypatch.setattr(dependencies, "FOLDERS", (*dependencies.FOLDERS[:2], tmp_path / "workflow" / "scripts"))
    (tmp_path / "workflow" / "scripts").mkdir(parents=True)
    (tmp_path / "workflow" / "scripts" / "one.py").write_text(line)
    with pytest.raises(UnresolvedImport, match=r"workflow/scripts/one\.py: .*nothing"):
        code_of("one.py")


def test_types_and_other_packages_do_not_count(tmp_path, monkeypatch):
    (tmp_path / "workflow" / "scripts").mkdir(parents=True)
    monkeypatch.setattr(dependencies, "REPOSITORY", tmp_path)
    monkeypatch.setattr(dependencies, "SCRIPTS", tmp_path / "workflow" / "scripts")
    monkeypatch.setattr(dependencies, "FOLDERS", (tmp_path / "src", tmp_path / "workflow" / "scripts"))
    package = tmp_path / "src" / "ours" / "wing"
    package.mkdir(parents=True)
    for folder in (package.parent, package):
        (folder / "__init__.py").write_text("")
    (package / "one.py").write_text("from .. import top\nfrom . import two\n")
    (package / "two.py").write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .three import x\n")
    (package / "three.py").write_text("x = 1\n")
    (package.parent / "top.py").write_text("import numpy\n")
    (tmp_path / "workflow" / "scripts" / "run.py").write_text("import json\nfrom ours.wing import one\n")
    files = ["__init__.py", "top.py", "wing/__init__.py", "wing/one.py", "wing/two.py"]
    assert code_of("run.py") == [f"src/ours/{name}" for name in files]


def test_the_face_of_the_library_is_followed(tmp_path, monkeypatch):
    (tmp_path / "workflow" / "scripts").mkdir(parents=True)
    script = dependencies.SCRIPTS / "not_there.py"
    tree = ast.parse("from frequency_shortcuts import adcs\nfrom frequency_shortcuts.spectrum import keep")
    monkeypatch.setattr(
        dependencies, "_tree", lambda path, real=dependencies._tree: tree if path == script else real(path)
    )
    found = code_of("not_there.py")
    assert "src/frequency_shortcuts/maps/adcs.py" in found and "src/frequency_shortcuts/spectrum/filters.py" in found
    assert "src/frequency_shortcuts/maps/dfm.py" not in found


@pytest.mark.parametrize(
    ("module", "used_by", "not_by"),
    [
        ("maps/methods/culling/method.py", {"cull.py"}, {"train.py", "measure_adcs.py", "measure_shortcuts.py"}),
        ("evaluation/shortcuts.py", {"measure_shortcuts.py", "measure_ood.py"}, {"train.py", "cull.py"}),
        ("evaluation/truth.py", {"score_truth.py"}, {"train.py", "cull.py", "compare_maps.py", "measure_adcs.py"}),
        ("spectrum/pairs.py", {"train.py", "cull.py", "measure_shortcuts.py"}, {"make_report.py"}),
        ("data/torch_dataset.py", {"dataset_store.py", "check_inputs.py"}, {"synthesize.py", "train.py"}),
        ("figures/typeset.py", {"show_table.py"}, {"train.py", "make_tables.py"}),
    ],
)
def test_an_edit_of_a_module_concerns_the_scripts_that_use_it_and_no_others(module, used_by, not_by):
    using = {path.name for path in PATHS if f"src/frequency_shortcuts/{module}" in code_of(path.name)}
    assert used_by <= using and not not_by & using
