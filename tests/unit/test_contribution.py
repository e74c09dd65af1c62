"""CITATION.cff, CONTRIBUTING.md and the workflow of the public CI are true."""

import re
import subprocess
import tomllib

import yaml

from conftest import ROOT

CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
README = (ROOT / "README.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
CI = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yaml").read_text())
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_the_citation_has_what_its_format_requires():
    assert {"cff-version", "message", "title", "authors"} <= set(CITATION)
    assert CITATION["cff-version"] == "1.2.0" and CITATION["type"] == "software" and CITATION["message"]
    for author in (*CITATION["authors"], *(one for work in CITATION["references"] for one in work["authors"])):
        assert "name" in author or {"family-names", "given-names"} <= set(author)
    assert all({"type", "title", "authors"} <= set(work) for work in CITATION["references"])


def test_the_citation_is_that_of_this_version():
    assert CITATION["version"] == PROJECT["version"]
    heading, sentence = re.search(r"^# (.+)\n\nA (.+?):", README).groups()
    assert CITATION["title"] == f"{heading}: a {sentence}"


def test_licence_and_authors_are_those_of_the_licence():
    licence = (ROOT / "LICENSE").read_text()
    assert CITATION["license"] == PROJECT["license"] == "MIT" and licence.startswith("MIT License\n")
    (holder,) = re.findall(r"^Copyright \(c\) \d{4} (.+)$", licence, re.MULTILINE)
    assert [author["name"] for author in CITATION["authors"]] == [holder]


def test_the_paper_is_the_one_of_the_readme():
    (paper,) = CITATION["references"]
    text = " ".join(README.split())
    assert paper["title"] in text and str(paper["year"]) in text
    assert paper["identifiers"][0]["value"].replace(":", " ") in text
    assert all(author["family-names"] in text for author in paper["authors"])


def test_the_page_for_contributors_is_short_and_its_commands_exist():
    assert len(CONTRIBUTING.splitlines()) <= 70
    assert {"lint", "check", "test", "test-all", "dry-runs"} <= set(re.findall(r"`make ([a-z-]+)`", CONTRIBUTING))


def test_ci_runs_lint_dry_runs_and_tests_and_each_week_all_tests_and_the_audit():
    commands = {name: [step["run"] for step in job["steps"] if "run" in step] for name, job in CI["jobs"].items()}
    assert commands == {
        "lint": ["make lint"], "dry-runs": ["make dry-runs"], "check": ["make check"], "test": ["make test"],
        "all": ["make test-all"], "audit": ["make audit"],
    }  # fmt: skip
    assert {command.removeprefix("make ") for lines in commands.values() for command in lines} <= TARGETS
    events = CI[True]  # YAML 1.1 reads `on` as true
    assert {"push", "pull_request", "schedule"} <= set(events)
    ((minute, hour, day, month, weekday),) = [entry["cron"].split() for entry in events["schedule"]]
    assert minute.isdigit() and hour.isdigit() and (day, month) == ("*", "*") and weekday in "0123456"
    weekly = {name for name, job in CI["jobs"].items() if job["if"] == "github.event_name == 'schedule'"}
    assert weekly == {"all", "audit"}
    assert {job["if"] for name, job in CI["jobs"].items() if name not in weekly} == {"github.event_name != 'schedule'"}


def test_ci_uses_a_python_that_the_package_allows():
    found = {step["with"]["python-version"] for job in CI["jobs"].values() for step in job["steps"] if "with" in step}
    assert {f">={version}" for version in found} == {PROJECT["requires-python"]}


def test_every_configuration_has_its_dry_run():
    done = subprocess.run(["make", "--dry-run", "dry-runs"], cwd=ROOT, capture_output=True, text=True, check=True)
    planned = set(re.search(r"for file in (.*); do", done.stdout)[1].split())
    assert planned == {f"config/{path.name}" for path in (ROOT / "config").glob("*.yaml")} - {"config/schema.yaml"}
