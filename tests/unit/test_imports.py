"""Imports between wings, slow packages that they avoid (PyTorch, torchvision, scipy.stats), and portable numerics."""

import ast
import functools
import math
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import torch
from numpy._core import _multiarray_umath as numpy_build

import frequency_shortcuts as fs
from conftest import ROOT
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.registry import METHODS
from frequency_shortcuts.networks import instructions, numerics
from study.dependencies import FOLDERS as CODE_FOLDERS
from study.dependencies import FRAME, files_of_code, syntax

PACKAGE = Path(fs.__file__).parent
# Scripts that may import a slow package: all others take none of them. A figure may load seaborn, which imports
# scipy.stats, only where it draws with it.
SLOW = {"torch", "torchvision", "scipy.stats", "seaborn"}
MAY_IMPORT = {
    ("torch",): {  # these compute with images, or name a device
        "measure_adcs.py", "join_graded.py", "join_shortcuts.py", "render.py", "write_provenance.py",
    },
    ("torch", "torchvision"): {  # these build networks
        "check_inputs.py", "external_network.py", "find_maps.py", "measure_bandstop.py", "benchmarks/measure_harm.py",
        "measure_ood.py", "measure_planted_use.py", "measure_reliance.py", "measure_shortcuts.py", "measure_sizes.py",
        "measure_transfer.py", "train.py",
    },
}  # fmt: skip
STEPS = {path.name: path for path in (ROOT / "workflow" / "scripts").glob("*.py")}
OF_BENCHMARKS = [ROOT / "benchmarks" / "measure_harm.py", *(ROOT / "benchmarks").glob("*/join.py")]
STEPS |= {str(path.relative_to(ROOT)): path for path in OF_BENCHMARKS}


@functools.cache
def imported(path):
    """The full names that a module imports, wherever in its code."""
    parts = next(
        path.relative_to(folder) for folder in CODE_FOLDERS if folder in path.parents
    ).parts
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = [*parts[: -node.level if node.level else 0], *filter(None, [node.module])]
            names |= {".".join([*base, alias.name]) for alias in node.names}
    return names


def reached(*names):
    """The files of this repository that an import of these names runs, also by imports in functions."""
    return set(files_of_code(names, CODE_FOLDERS))


IMPORTED = {path: imported(path) for path in PACKAGE.rglob("*.py")}
DEVELOPMENT = (ROOT / "docs" / "development.md").read_text()
STUBS = {path: imported(path) for path in PACKAGE.rglob("*.pyi")}
# What users of the library name: the public names, the command, the example, and all methods.
PUBLIC = {
    *(name.removeprefix("frequency_shortcuts.") for names in STUBS.values() for name in names),
    "command",
    "example",
    *(f"maps.methods.{module.partition(':')[0]}" for module in METHODS.values()),
}


def test_a_public_name_reaches_every_module():
    """What only the study uses is in workflow/study."""
    assert not IMPORTED.keys() - reached(*(f"frequency_shortcuts.{name}" for name in PUBLIC))


def code(*modules):
    """The names of the files on whose code a step depends: below src/frequency_shortcuts, workflow or this checkout."""
    files = files_of_code(modules, CODE_FOLDERS, without=FRAME)
    folders = [PACKAGE, ROOT / "workflow", ROOT]
    return {
        str(next(path.relative_to(one) for one in folders if one in path.parents)) for path in files
    }


def test_a_step_depends_on_what_its_script_imports_and_on_nothing_else():
    training, spectra = code("scripts.train"), code("scripts.measure_adcs")
    assert {
        "scripts/train.py",
        "study/trainings/training.py",
        "exchange/patch.py",
        "images/stores.py",
    } <= training
    assert "maps/adcs.py" in spectra and "study/trainings/training.py" not in spectra
    assert not {
        name
        for name in training
        if name.startswith(("maps/", "shortcuts/", "figures/", "benchmarks/"))
    }
    assert "networks/pretrained.py" not in training
    frame = {f"study/{name}.py" for name in ("datasets", "job", "runs", "settings")}
    assert frame.isdisjoint(training | code("scripts.check_inputs"))
    # What a rule names beside its script: one method, one source.
    ood = code("scripts.measure_ood")
    assert {"study/tested_maps.py", "shortcuts/trials.py"} <= ood
    assert {
        "benchmarks/cure/judge.py",
        "study/trainings/training.py",
        "maps/methods/hfss.py",
    }.isdisjoint(ood)
    tables = code("scripts.join_hits")
    assert (
        "shortcuts/cross.py" in tables
        and not {"benchmarks/cure/judge.py", "networks/predictions.py"} & tables
    )
    assert "benchmarks/cure/judge.py" in code("benchmarks.cure.join")
    assert "maps/methods/hfss.py" in code("scripts.find_maps", registry.module_of("hfss"))
    assert "maps/methods/hfss.py" not in code("scripts.find_maps", registry.module_of("culling"))


def test_comments_docstrings_and_layout_are_no_code(tmp_path):
    texts = [
        '"""What it is."""\nimport b\n\n\ndef f(x):\n    """Twice."""\n    return 2 * x  # why\n',
        "import b\ndef f(x): return (2 *\n  x)\n",
        "import b\ndef f(x): return 3 * x\n",
    ]
    found = []
    for i, text in enumerate(texts):
        (tmp_path / f"a{i}.py").write_text(text)
        found.append(syntax(tmp_path / f"a{i}.py"))
    assert found[0] == found[1] != found[2]


def test_imports_in_functions_and_of_packages_are_followed(tmp_path):
    files = {
        "a.py": "def f():\n    from p.q import name\n",
        "p/__init__.py": "",
        "p/q.py": "from . import r\nimport numpy",
        "p/r.py": "import broken",
        "broken.py": "import (",
        "unused.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    expected = sorted(tmp_path / name for name in files if name != "unused.py")
    assert files_of_code(["a"], [tmp_path]) == expected
    without_q = [tmp_path / "a.py", tmp_path / "p" / "__init__.py"]
    assert files_of_code(["a"], [tmp_path], without=[tmp_path / "p" / "q.py"]) == without_q


def test_no_step_uses_a_name_that_a_package_loads_lazily():
    """Its module would not count as code of the step."""
    lazy = {"frequency_shortcuts": fs.__all__}
    for name in ("shortcuts", "spectrum"):
        lazy[f"frequency_shortcuts.{name}"] = getattr(fs, name).__all__
    modules = {".".join(path.relative_to(ROOT / "src").with_suffix("").parts) for path in IMPORTED}
    packages = {name.removesuffix(".__init__") for name in modules}
    for path in [
        *(ROOT / "workflow").rglob("*.py"),
        *(ROOT / "benchmarks").rglob("*.py"),
        *IMPORTED,
    ]:
        for name in imported(path) - modules - packages:
            package, _, last = name.rpartition(".")
            assert last not in lazy.get(package, ()), f"{path}: import {name} from its module"


def test_packages_import_no_other_than_the_page_lists_and_none_runs_upwards():
    text = DEVELOPMENT.partition("| package | imports |")[2].partition("\n\n")[0]
    listed = {
        name: set(re.findall(r"`(\w+)`", below))
        for name, below in re.findall(r"\| `(\w+)` \| (.*) \|", text)
    }
    order = list(listed)
    assert all(below <= set(order[place + 1 :]) for place, below in enumerate(listed.values()))
    assert {
        path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.glob("*.py"))
    } <= listed.keys()
    for path, names in IMPORTED.items():
        part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        others = {
            name.split(".")[1] for name in names if name.startswith("frequency_shortcuts.")
        } & listed.keys()
        assert others <= listed.get(part, listed.keys()) | {part}, path


# Names that may stand at the top of two modules: the interface of a kind of module.
INTERFACE = {"PUBLIC", "Settings", "load", "log", "passes", "read", "save", "scores", "write"}
# Names that stand in two modules so far. No other may follow, and these are to go, but for those of the two tests,
# of parts and of maps, which have the same functions.
STAND_TWICE = {
    *("COLUMNS", "EACH", "LETTERS", "LINE", "PAGE", "PARTS", "ROWS", "SHARE", "SWAPPED", "TAG"),
    *("collect", "rates", "remove"),
}


def top_names(path):
    """The names that a module gives to functions, classes and values outside all others."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            parts = (part for target in targets for part in ast.walk(target))
            names |= {part.id for part in parts if isinstance(part, ast.Name)}
    return names


def test_a_name_stands_at_the_top_of_one_module():
    """One word has one meaning: a new function, class or value has a name that no other module has."""
    modules = {}
    for path in IMPORTED:
        for name in top_names(path):
            modules.setdefault(name, []).append(str(path.relative_to(PACKAGE)))
    allowed = INTERFACE | STAND_TWICE
    twice = {
        name: sorted(paths)
        for name, paths in modules.items()
        if len(paths) > 1 and name not in allowed and not name.startswith("__")
    }
    assert twice == {}


def test_the_library_imports_what_its_dependencies_install_and_nothing_else():
    """Snakemake and what else only the workflow needs are in the extra `study`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    installed = {re.split("[=<>]", line)[0] for line in project["dependencies"]}
    names = {name.split(".")[0] for names in IMPORTED.values() for name in names}
    names -= {*sys.stdlib_module_names, "frequency_shortcuts", "timm", "pydicom"}
    assert {{"PIL": "pillow"}.get(name, name) for name in names} == installed


def import_statements(path):
    """The statements at the head of a script or notebook that import."""
    nodes = (
        node
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    )
    return "\n".join(map(ast.unparse, nodes))


def test_what_does_not_need_a_slow_package_does_not_import_it():
    """In one process: the package, the command, and the scripts from those that may import the least."""
    allowed = {name: packages for packages, names in MAY_IMPORT.items() for name in names}
    assert allowed.keys() <= STEPS.keys()
    light = ["frequency_shortcuts.storage.journal"]
    light += [
        f"frequency_shortcuts.figures.{path.stem}"
        for path in (PACKAGE / "figures").glob("[!_]*.py")
    ]
    light += [
        f"study.drawing.{path.stem}"
        for path in (ROOT / "workflow/study/drawing").glob("[!_]*.py")
        if path.stem != "cards"
    ]
    stages = [
        (
            "the package",
            "import frequency_shortcuts",
            {"torch", "numpy", "pandas", "h5py", "matplotlib"},
        ),
        ("the command", "from frequency_shortcuts import command", SLOW),
        ("a wing", "import " + ", ".join(light), SLOW),
    ]
    for packages in ((), *MAY_IMPORT):
        names = [name for name in STEPS if allowed.get(name, ()) == packages]
        stages += [
            (name, import_statements(STEPS[name]), SLOW.difference(packages)) for name in names
        ]
    program = f"""
import sys
sys.path[:0] = {[str(folder) for folder in CODE_FOLDERS]}
for name, statements, unwanted in {stages}:
    exec(statements, {{}})
    if loaded := unwanted.intersection(sys.modules):
        sys.exit(f"{{name}} imports {{', '.join(loaded)}}")
import pytest

import frequency_shortcuts
assert all(callable(getattr(getattr(frequency_shortcuts, wing), name)) for wing, name in [
    ("spectrum", "keep"), ("shortcuts", "measure"), ("culling", "cull"), ("dfm", "write"), ("adcs", "class_spectra")
])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def as_started(monkeypatch):
    """The variables of this process are those from before the test afterwards."""
    for name in instructions.PORTABLE:
        monkeypatch.delenv(name, raising=False)


def test_it_is_too_late_once_a_library_is_imported(as_started):
    with pytest.raises(
        RuntimeError, match=r"torch chose other instructions .* start Python with `import"
    ):
        fs.Run(numerics="portable")
    assert not instructions.is_portable()
    with pytest.raises(ValueError, match="numerics 'exact': expected portable or fast"):
        fs.Run(numerics="exact")


def test_a_process_that_was_started_with_the_variables_is_portable(as_started, monkeypatch):
    for name, value in instructions.variables().items():
        monkeypatch.setenv(name, value)
    assert fs.Run(numerics="portable").numerics == "portable"


def test_the_command_sets_them_before_anything_is_loaded(as_started):
    code = (
        "import os, sys; from frequency_shortcuts import command\n"
        "try: command.main(['analyse', 'a:b', '--images', 'missing', '--numerics', 'portable'])\n"
        "except SystemExit: print(os.environ['ATEN_CPU_CAPABILITY'], sys.modules['torch'].get_num_threads())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["avx2", "1"] and "missing" in done.stderr


def test_what_a_processor_lacks_is_named_and_others_than_x86_only_use_one_thread(
    monkeypatch, tmp_path
):
    listed = tmp_path / "cpuinfo"
    monkeypatch.setattr(instructions, "CPUINFO", listed)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert instructions.variables() == instructions.PORTABLE  # a system that does not list them
    listed.write_text("model name\t: x\nflags\t\t: fpu avx2 fma\nbugs\t: none\n")
    assert instructions.variables() == instructions.PORTABLE
    listed.write_text("model name\t: x\nflags\t\t: fpu avx fma\nbugs\t: avx2\n")
    with pytest.raises(RuntimeError, match="lacks AVX2 or FMA"):
        instructions.variables()
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    assert instructions.variables() == instructions.THREADS


def test_every_instruction_of_numpy_above_avx2_is_switched_off():
    off = instructions.PORTABLE["NPY_DISABLE_CPU_FEATURES"].split()
    above = {name for name in numpy_build.__cpu_dispatch__ if name.startswith(("AVX512", "X86_V4"))}
    assert above <= {*off} and not {*off} & {
        *numpy_build.__cpu_baseline__,
        "AVX2",
        "FMA3",
        "X86_V3",
    }


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_square_roots_are_rounded_correctly(dtype):
    """Tolerance 0: the root in float64 is exact for float32, and C's for float64. PyTorch's own misses the last bit."""
    numbers = torch.rand(3, 500, dtype=dtype)
    expected = torch.tensor(
        [[math.sqrt(x) for x in row] for row in numbers.tolist()], dtype=torch.float64
    )
    assert torch.equal(numerics.square_root(numbers), expected.to(dtype))
    assert numerics.square_root(torch.tensor(4.0, dtype=dtype)).item() == 2


def test_no_tensor_takes_a_function_of_mkl_that_depends_on_the_processor():
    """Roots of tensors are those of `square_root`; what NumPy and C compute is the same everywhere."""
    call = re.compile(r"(?<!\bnp)(?<!\bmath)\.(sqrt|log10|tan|atan|asin|acos)\(")
    files = [path for path in Path(fs.__file__).parent.rglob("*.py") if path.stem != "numerics"]
    assert len(files) > 80 and [path for path in files if call.search(path.read_text())] == []
