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
    ),
}  # fmt: skip
"""
NAME = '                  - {const: lines, description: "(amplitude, pixels from 0 to 1)"}'
USE = """
import numpy as np
from frequency_shortcuts.images.artefacts import Artefact
from frequency_shortcuts.data_check import forensics
from study.configuration import mistakes
from study.schema import DEFAULTS
import yaml

config = yaml.safe_load(DEFAULTS.read_text())
leak = {"source": "artefact", "set": "fashion_mnist", "kind": "lines", "level": 0.02, "class": "Shirt"}
assert mistakes(config | {"datasets": config["datasets"] | {"leak": leak}}) == []
images, labels = np.random.default_rng(0).integers(100, 150, (90, 1, 32, 32), dtype=np.uint8), np.arange(90) % 3
grey = Artefact("lines", 0.04, 1).add(images, labels)[:, 0].astype(np.float32)
found = forensics.Forensics(forensics.fingerprints(grey), labels, 3, grey, np.arange(90)).traces(1, range(3))
assert "lines" in {trace.artefact for trace in found}
"""


def test_an_artefact_needs_its_function_its_row_and_its_name_in_the_schema(copy):
    """The tests of artefacts are of all kinds in the table; config/README.md, which `make docs` writes, lists them."""
    table = copy / "src" / "frequency_shortcuts" / "images" / "artefacts.py"
    table.write_text(table.read_text().replace("\nAMPLITUDE = ", LINES, 1).replace("\n}  # fmt: skip\n", ROW, 1))
    schema, last = copy / "config" / "schema.yaml", '{const: line, description: "(opacity of white)"}'
    schema.write_text(schema.read_text().replace(last, f"{last}\n{NAME}"))
    python(copy, "-c", USE)
    python(copy, "-m", "study.reference")
    assert changed(copy) == {"src/frequency_shortcuts/images/artefacts.py", "config/schema.yaml", "config/README.md"}
    tests = ("tests/unit/test_artefacts.py", "tests/unit/test_leaks.py", "tests/study/test_configuration.py")
    python(copy, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests, "-k", "not page_of_results")
