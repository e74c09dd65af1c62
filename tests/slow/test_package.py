"""The package, built as for an index (the wheel from the sdist) and installed beside the checkout, not from it."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from test_readme import README

from conftest import ROOT

PACKAGE = ROOT / "src" / "frequency_shortcuts"
LINES = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
BUILD = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
NAMES = """
import frequency_shortcuts as fs

for name in [*fs.NAMES, *fs.PUBLIC]:
    getattr(fs, name)
print(fs.__file__, fs.__version__, sep="\\n")
"""


def call(*command, **options):
    done = subprocess.run(
        [sys.executable, *command], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder with the installed package alone; PyTorch brings setuptools, so that nothing is downloaded."""
    folder = tmp_path_factory.mktemp("package")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (folder / "source").mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / "source")
    shutil.copytree(PACKAGE, folder / "source" / "src" / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
    call("-c", BUILD, folder, cwd=folder / "source")
    pip, quick = ("-m", "pip", "--disable-pip-version-check"), ("--no-deps", "--no-index")
    call(*pip, "wheel", *quick, "--no-build-isolation", "--wheel-dir", folder, *folder.glob("*.tar.gz"))
    call(*pip, "install", *quick, "--target", folder / "installed", *folder.glob("*.whl"))
    return folder / "installed"


def run(installed, folder, *command):
    """Run Python on the installed package and the dependencies of this environment, and not on the checkout."""
    return call(*command, cwd=folder, env={**os.environ, "PYTHONPATH": str(installed), "MPLBACKEND": "agg"})


def test_the_package_holds_all_files_of_the_library_and_its_names_load(installed, tmp_path):
    files = {path.relative_to(PACKAGE) for path in PACKAGE.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert Path("py.typed") in files and all((installed / PACKAGE.name / path).is_file() for path in files)
    place, version = run(installed, tmp_path, "-c", NAMES).splitlines()
    assert Path(place).is_relative_to(installed)
    assert version == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_the_command_of_the_package_explains_itself(installed, tmp_path):
    text = run(installed, tmp_path, installed / "bin" / "frequency-shortcuts", "--help")
    assert "analyse" in text and "data" in text


def test_the_lines_of_the_readme_run_on_the_package(installed, tmp_path):
    run(installed, tmp_path, "-c", LINES)
