"""How many files an addition touches, tried in a copy of the repository."""

import os
import shutil
import subprocess
import sys

import pytest

from conftest import ROOT


@pytest.fixture
def copy(tmp_path):
    """A copy of the files of the repository, but for stored results."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        if not name.startswith("docs/data/") and (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def python(folder, *arguments):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (folder / "src", folder / "workflow")))}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def changed(folder):
    """The files that are no longer those of the repository."""
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    names = {str(path.relative_to(folder)) for path in files if not path.name.startswith(".")}
    there = {name for name in names if (ROOT / name).is_file()}
    return names - {name for name in there if (folder / name).read_bytes() == (ROOT / name).read_bytes()}


LINES = """
def _lines(pixels: FloatArray, amplitude: float) -> FloatArray:
    return pixels + 255 * amplitude * (1 - 2 * (np.arange(pixels.shape[-2])[:, None] % 2))


AMPLITUDE = """
ROW = """
    "lines": Kind(
        _lines, (0.02, 0.04), AMPLITUDE, 1, FINE, RAISED, tried=(0.01, 0.015, 0.03, 0.05), alike=0.5, share=0.1,
        cases={"lines": (7, (0.02, 0.04))},
    ),
}  # fmt: skip
CASES = """
USE = """
import numpy as np
from frequency_shortcuts.data.artefacts import Artefact
from frequency_shortcuts.evaluation import cure, forensics
from study.configuration import mistakes
from study.plan import Plan
from study.schema import DEFAULTS
import yaml

config = yaml.safe_load(DEFAULTS.read_text())
leak = {"source": "artefact", "set": "fashion_mnist", "kind": "lines", "level": 0.02, "class": "Shirt"}
assert mistakes(config | {"datasets": config["datasets"] | {"leak": leak}}) == []
assert Plan(config).cure_settings()["cases"][-1] == "lines"
assert cure.draw(480, "lines", range(10), (32, 32)).kind == "lines"
images, labels = np.random.default_rng(0).integers(100, 150, (90, 1, 32, 32), dtype=np.uint8), np.arange(90) % 3
grey = Artefact("lines", 0.04, 1).add(images, labels)[:, 0].astype(np.float32)
found = forensics.Forensics(forensics.fingerprints(grey), labels, 3, grey, np.arange(90)).traces(1, range(3))
assert "lines" in {trace.artefact for trace in found}
"""


def test_an_artefact_needs_its_function_its_row_and_a_line_of_the_docs(copy):
    """The tests of artefacts are of all kinds in the table; config/README.md, which `make docs` writes, lists them."""
    table = copy / "src" / "frequency_shortcuts" / "data" / "artefacts.py"
    table.write_text(table.read_text().replace("\nAMPLITUDE = ", LINES, 1).replace("\n}  # fmt: skip\n", ROW, 1))
    python(copy, "-c", USE)
    python(copy, "-m", "study.reference")
    assert changed(copy) == {"src/frequency_shortcuts/data/artefacts.py", "config/README.md"}
    tests = ("tests/unit/test_artefacts.py", "tests/unit/test_leaks.py", "tests/study/test_configuration.py")
    python(copy, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests, "-k", "not page_of_results")


METHOD = """
import yaml
import frequency_shortcuts as fs
from frequency_shortcuts.maps.methods import registry
from study.configuration import mistakes
from study.schema import DEFAULTS

assert registry.load(registry.resolve("alike")[0]).__name__.endswith("alike") and fs.Search("alike").method == "alike"
config = yaml.safe_load(DEFAULTS.read_text())
config["plan"][0]["methods"], config["methods"]["mine"] = ["alike", "mine"], {"method": "alike"}
assert mistakes(config) == []
"""


def insert(file, line, new):
    """Put a new line behind a line of a file."""
    text = file.read_text()
    assert text.count(line) == 1
    file.write_text(text.replace(line, line + new))


def test_a_method_needs_its_module_its_name_a_case_of_the_tests_and_a_row_of_the_docs(copy):
    folder, tests = copy / "src" / "frequency_shortcuts" / "maps" / "methods", "tests/unit/test_methods.py"
    (folder / "alike.py").write_text((folder / "gradients.py").read_text())
    insert(folder / "registry.py", '    "random": "baselines:Random",\n', '    "alike": "alike",\n')
    insert(copy / tests, '    "random": ("random", {}),\n', '    "alike": ("alike", {}),\n')
    insert(copy / "docs" / "methods.md", "| --- | --- | --- | --- |\n", "| `alike` | as gradient | | 0 |\n")
    python(copy, "-c", METHOD)
    python(copy, "-m", "study.reference")
    python(copy, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", tests, "-k", "alike or is_tested")
    modules = {f"src/frequency_shortcuts/maps/methods/{name}.py" for name in ("alike", "registry")}
    assert changed(copy) == {*modules, tests, "docs/methods.md"}


AUGMENTATION = """
import torch, yaml
from frequency_shortcuts.networks.augmentation import Augmentation
from study.configuration import mistakes
from study.schema import DEFAULTS

images = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
assert torch.equal(Augmentation("dark", shift=0, flip=False)(images), (images // 2).float())
config = yaml.safe_load(DEFAULTS.read_text())
config["plan"][0]["augmentations"] = ["none", "dark"]
assert mistakes(config) == []
"""


def test_an_augmentation_needs_its_function_and_its_name_twice(copy):
    """Beside these, it needs a test; config/README.md, which `make docs` writes, lists it: four files."""
    module = copy / "src" / "frequency_shortcuts" / "networks" / "augmentation.py"
    text = module.read_text().replace('"augmix": augmix}', '"augmix": augmix, "dark": lambda images: images // 2}')
    module.write_text(text)
    schema = copy / "config" / "schema.yaml"
    schema.write_text(
        schema.read_text().replace("[none, autoaugment, augmix, sin,", "[none, autoaugment, augmix, dark, sin,")
    )
    python(copy, "-c", AUGMENTATION)
    python(copy, "-m", "study.reference")
    assert changed(copy) == {str(file.relative_to(copy)) for file in (module, schema)} | {"config/README.md"}
