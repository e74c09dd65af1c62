"""README, docs, site and citation: what they promise can be typed, and their links and modules exist."""

import re
import subprocess
import tomllib
from operator import attrgetter
from pathlib import Path

import pytest
import yaml

from bench import PAGES, gallery
from conftest import ROOT

PROSE = [*PAGES, ROOT / "CONTRIBUTING.md"]
README = PAGES[0].read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DEPENDENCIES = (
    (ROOT / "docs" / "development.md")
    .read_text()
    .partition("\n## Dependencies\n")[2]
    .partition("\n## ")[0]
)


@pytest.mark.parametrize("page", PROSE, ids=attrgetter("name"))
def test_a_page_has_short_lines_and_names_files_and_targets_that_are_there(page):
    text = page.read_text()
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    assert [
        line for line in prose.splitlines() if len(line) > 120 and not line.startswith("|")
    ] == []
    for name in re.findall(r"\]\(((?!http)[^)#]+)\)", text):
        assert (page.parent / name).exists(), name
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"`make ([a-z-]+)`", text)) <= set(targets)
    assert set(re.findall(r"^make ([a-z-]+)", text, re.MULTILINE)) <= set(targets)


def test_the_readme_lists_every_page():
    pages = {str(page.relative_to(ROOT)) for page in PROSE[1:]}
    assert pages <= set(re.findall(r"\]\(([^)]+)\)", README))
    assert README.partition("## Documentation\n")[2].startswith(
        "- [Quickstart](docs/quickstart.ipynb)"
    )


def test_every_picture_but_the_schematic_and_those_of_earlier_tables_is_made_by_make_gallery():
    shown = [
        Path(name).stem
        for page in PAGES
        for name in re.findall(r"!\[[^]]+\]\(([^)]+)\)", page.read_text())
    ]
    figures = [Path(name).name for study in gallery.STUDIES.values() for name in study["pictures"]]
    assert sorted(shown) == sorted(["schematic", "methods", *figures])


def test_every_package_is_named_with_its_extra_and_its_reason():
    listed = {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
    rows = dict(re.findall(r"^\| ([\w-]+) \| ([\w`/.]*) ?\| \w.* \|$", DEPENDENCIES, re.MULTILINE))
    for name, extra in rows.items():
        assert extra not in listed or any(
            re.split("[=<>]", line)[0] == name for line in listed[extra]
        ), name
    for path in (ROOT / "envs").glob("*.txt"):
        if path.name != "lock.txt":  # which also holds what these packages need
            lines = (
                line for line in path.read_text().splitlines() if line and not line.startswith("#")
            )
            assert {re.split("[=<>]", line)[0] for line in lines} <= rows.keys(), path


SCRIPTS = sorted((ROOT / "docs" / "gallery").glob("*.py"))


def test_the_modules_of_the_api_page_exist():
    named = re.findall(r"automodule:: ([\w.]+)", (ROOT / "docs" / "api.rst").read_text())
    assert len(named) == len(set(named)) > 20
    for name in named:
        path = ROOT / "src" / name.replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__init__.py").is_file(), name


def test_the_packages_of_the_site_are_pinned():
    lines = (ROOT / "envs" / "docs.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    extra = PROJECT["optional-dependencies"]["docs"]
    assert sorted(re.split("[=<>]", line)[0] for line in extra) == sorted(pinned)


def test_the_citation_is_that_of_this_version_of_its_authors_and_of_the_paper():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == PROJECT["version"]
    assert citation["title"].startswith(re.search(r"^# (.+)\n", README)[1])
    (holder,) = re.findall(
        r"^Copyright \(c\) \d{4} (.+)$", (ROOT / "LICENSE").read_text(), re.MULTILINE
    )
    assert citation["license"] == PROJECT["license"] == "MIT"
    assert [author["name"] for author in citation["authors"]] == [holder]
    (paper,) = citation["references"]
    text = " ".join(README.split())
    assert paper["title"] in text and paper["identifiers"][0]["value"].replace(":", " ") in text


def test_every_configuration_and_benchmark_has_its_dry_run():
    done = subprocess.run(
        ["make", "--dry-run", "dry-runs"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    planned = set(re.search(r"printf '%s.n' (.*) \|", done.stdout)[1].split())
    configurations = [
        path.name for path in (ROOT / "config").glob("*.yaml") if path.stem != "schema"
    ]
    benchmarks = [path.relative_to(ROOT) for path in (ROOT / "benchmarks").glob("*/Snakefile")]
    assert len(benchmarks) == 3
    assert planned == {f"--configfile=config/{name}" for name in configurations} | {
        f"--snakefile={path}" for path in benchmarks
    }


@pytest.mark.parametrize(
    ("target", "names"), [("study", ""), ("leaks", " -s benchmarks/leaks/Snakefile")]
)
def test_make_says_what_ends_the_lock_of_a_killed_study(tmp_path, target, names):
    """A program in the place of Snakemake fails, and leaves the lock of a killed one or none."""
    (tmp_path / ".venv/bin").mkdir(parents=True)
    program = tmp_path / ".venv/bin/snakemake"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    command = ["make", "-f", ROOT / "Makefile", "--old-file=.venv/ready", target]
    unlock = f"If no other Snakemake is at work here, type: .venv/bin/snakemake --unlock{names}\n"
    for locked in (False, True):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode and "Error 3" in done.stderr and (unlock in done.stdout) == locked
        (tmp_path / ".snakemake/locks").mkdir(parents=True, exist_ok=True)
        (tmp_path / ".snakemake/locks/0.input.lock").touch()


def test_the_container_has_the_locked_versions_and_the_python_of_ci():
    steps = re.sub(r"^#.*\n", "", (ROOT / "envs" / "Dockerfile").read_text(), flags=re.MULTILINE)
    copied = " ".join(re.findall(r"^COPY (.+) \S+$", steps, re.MULTILINE)).split()
    assert "envs/lock.txt" in copied and all((ROOT / name).exists() for name in copied)
    assert "--requirement envs/lock.txt\n" in steps and "--no-deps --editable .\n" in steps
    python = PROJECT["requires-python"].removeprefix(">=")
    assert re.findall(r"\d+\.\d+|==", steps) == [python] and f"FROM python:{python}-slim\n" in steps
    assert {
        *re.findall(r'python-version: "(.+?)"', (ROOT / ".github/workflows/ci.yaml").read_text())
    } == {python}
