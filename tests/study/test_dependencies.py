"""The modules that the resolver lists for a script, against those that Python loads."""

import ast
import json
import os
import sys

import pytest

from workflow.study import dependencies
from workflow.study.dependencies import NOTEBOOKS, REPOSITORY, SCRIPTS, UnresolvedImport, code_of

NAMES = sorted(path.name for path in (*SCRIPTS.glob("*.py"), *NOTEBOOKS.glob("*.ipynb")))


@pytest.fixture(scope="module", autouse=True)
def third_party():
    """Load what takes long once; each test then runs in a fork."""
    import h5py  # noqa: F401
    import pandas  # noqa: F401
    import scipy.stats  # noqa: F401
    import seaborn  # noqa: F401
    import torchvision  # noqa: F401


def in_a_fork(function):
    """What a function returns in a process of its own, in which no module of ours is loaded yet."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            own = ("frequency_shortcuts", "study", "workflow")
            for name in [name for name in sys.modules if name.partition(".")[0] in own]:
                del sys.modules[name]
            sys.path[:0] = map(str, dependencies.FOLDERS)
            answer = function()
        except BaseException as error:
            answer = [repr(error)]
        with os.fdopen(writer, "w") as pipe:
            json.dump(answer, pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        answer = json.load(pipe)
    os.waitpid(child, 0)
    return answer


def statements(source):
    """The import statements of a source, those for types left out."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    return [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]


def loaded():
    """Files of this repository that are loaded as modules: path -> module."""
    files = {getattr(module, "__file__", None): module for module in list(sys.modules.values())}
    own = tuple(str(folder) + os.sep for folder in dependencies.FOLDERS)
    return {file: module for file, module in files.items() if file and file.startswith(own)}


def run_imports(name):
    """Run the imports of a script, then those of every module of ours that this loads, functions' imports too."""
    path = (NOTEBOOKS if name.endswith(".ipynb") else SCRIPTS) / name
    source = path.read_text()
    if path.suffix == ".ipynb":
        cells = json.loads(source)["cells"]
        source = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    before, done = set(loaded()), set()
    waiting = [(source, {"__name__": "script"})]
    while waiting:
        text, scope = waiting.pop()
        for node in statements(text):
            try:
                exec(compile(ast.Module([node], []), name, "exec"), scope)
            except ModuleNotFoundError as error:  # a package that need not be installed
                assert error.name in ("timm", "snakemake"), error
        for file, module in loaded().items():
            if file not in done | before:
                done.add(file)
                with open(file) as opened:
                    waiting.append((opened.read(), dict(vars(module))))
    return sorted(os.path.relpath(file, REPOSITORY) for file in done)


@pytest.mark.parametrize("name", NAMES)
def test_the_code_of_a_script_is_what_python_loads(name):
    code = code_of(name)
    assert in_a_fork(lambda: run_imports(name)) == code
    assert not [path for path in code if path.startswith("workflow/scripts/")]  # no script imports another


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
        ("findings/paper_tables.py", {"compare_published.py"}, {"make_tables.py", "score_truth.py"}),
    ],
)
def test_an_edit_of_a_module_concerns_the_scripts_that_use_it_and_no_others(module, used_by, not_by):
    using = {name for name in NAMES if f"src/frequency_shortcuts/{module}" in code_of(name)}
    assert used_by <= using and not not_by & using
