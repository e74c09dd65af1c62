"""The package, built as for an index (the wheel from the sdist) and installed elsewhere; lines of README and docs."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from small_stores import class_folders
from test_readme import README
from waves_and_network import MEAN, SIZE, STD, WaveNetwork, images_and_labels

import frequency_shortcuts as fs
from conftest import ROOT
from frequency_shortcuts import example, shortcuts

PACKAGE = ROOT / "src" / "frequency_shortcuts"
LINES = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
BUILD = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
NAMES = """
import frequency_shortcuts as fs

for name in fs.__all__:
    getattr(fs, name)
print(fs.__file__, fs.__version__, sep="\\n")
"""


def call(*command, stderr=subprocess.STDOUT, **options):
    done = subprocess.run(
        [sys.executable, *command], text=True, stdout=subprocess.PIPE, stderr=stderr, **options
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
    shutil.copytree(
        PACKAGE,
        folder / "source" / "src" / PACKAGE.name,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    call("-c", BUILD, folder, cwd=folder / "source")
    pip, quick = ("-m", "pip", "--disable-pip-version-check"), ("--no-deps", "--no-index")
    call(
        *pip,
        "wheel",
        *quick,
        "--no-build-isolation",
        "--wheel-dir",
        folder,
        *folder.glob("*.tar.gz"),
    )
    call(*pip, "install", *quick, "--target", folder / "installed", *folder.glob("*.whl"))
    return folder / "installed"


def run(installed, folder, *command, **options):
    """Run Python on the installed package and the dependencies of this environment, and not on the checkout."""
    # One thread: beside other tests, several wait for each other most of the time.
    environment = {
        **os.environ,
        "PYTHONPATH": str(installed),
        "MPLBACKEND": "agg",
        "OMP_NUM_THREADS": "1",
    }
    return call(*command, cwd=folder, env=environment, **options)


def test_the_package_holds_all_files_of_the_library_and_its_names_load(installed, tmp_path):
    files = {
        path.relative_to(PACKAGE)
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert Path("py.typed") in files and all(
        (installed / PACKAGE.name / path).is_file() for path in files
    )
    place, version = run(installed, tmp_path, "-c", NAMES).splitlines()
    assert Path(place).is_relative_to(installed)
    assert version == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_the_command_of_the_package_explains_itself(installed, tmp_path):
    text = run(installed, tmp_path, installed / "bin" / "frequency-shortcuts", "--help")
    assert "analyse" in text and "data" in text


def test_the_lines_of_the_readme_print_what_it_shows(installed, tmp_path):
    assert textwrap.indent(LINES, "    ") in example.__doc__
    lines = run(installed, tmp_path, "-c", LINES, stderr=subprocess.DEVNULL).splitlines()
    shown = re.search(r"```text\n(.*?)```", README, re.DOTALL)[1].splitlines()
    assert (
        set(shown) - {"..."} <= set(lines)
        and lines[-1] == shown[-1]
        and max(map(len, lines)) <= 100
    )


def test_the_pictures_of_an_analysis_are_saved(tmp_path):
    images, labels = images_and_labels()
    result = fs.analyse(WaveNetwork(), images, labels, mean=MEAN, std=STD, maps=True)
    result.save(tmp_path)
    for name in ("exchanges", "cards", "shortcuts"):
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert picture.width > 500


def test_the_parts_work_in_the_lines_of_the_docs(small_network, capsys):
    code = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs" / "own_networks.md").read_text(), re.DOTALL
    )[-2]
    images, labels = torch.randn(12, 3, 10, 9), np.arange(12) % 3
    names = {"network": small_network(3, 3), "images": images, "labels": labels, "n_classes": 3}
    exec(
        code,
        names | {"test_images": images.flip(0), "test_labels": labels[::-1].copy()},
        done := {},
    )
    assert done["increments"].shape == (3, len(done["pairs"])) and done["masks"].shape == (3, 10, 9)
    kinds = {"unfiltered", "dfm", "random", "radial", "low_pass", "other"}
    assert set(shortcuts.rates(done["hits"])["filter"]) == kinds
    assert "verdict" in capsys.readouterr().out


def test_the_first_lines_work(tmp_path, monkeypatch, capsys):
    class_folders(images := tmp_path / "pictures", *images_and_labels())
    names = {
        "network": WaveNetwork(),
        "images": images,
        "transform": fs.Preprocessing(MEAN, STD, SIZE),
    }
    monkeypatch.chdir(tmp_path)
    code = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs" / "own_networks.md").read_text(), re.DOTALL
    )[0]
    exec(code, names, done := {})
    assert (tmp_path / "results" / "analysis" / "report.html").is_file() and len(
        done["result"].exchanges
    ) == 4
    assert capsys.readouterr().out.startswith("What each class follows: ")
