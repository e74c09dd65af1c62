"""CITATION.cff and the workflow of the public CI are true."""

import re
import subprocess
import tomllib

import yaml

from conftest import ROOT

CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
README = (ROOT / "README.md").read_text()
CI = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yaml").read_text())
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_the_citation_is_that_of_this_version_of_its_authors_and_of_the_paper():
    assert CITATION["version"] == PROJECT["version"]
    assert CITATION["title"].startswith(re.search(r"^# (.+)\n", README)[1])
    (holder,) = re.findall(r"^Copyright \(c\) \d{4} (.+)$", (ROOT / "LICENSE").read_text(), re.MULTILINE)
    assert CITATION["license"] == PROJECT["license"] == "MIT"
    assert [author["name"] for author in CITATION["authors"]] == [holder]
    (paper,) = CITATION["references"]
    text = " ".join(README.split())
    assert paper["title"] in text and paper["identifiers"][0]["value"].replace(":", " ") in text


def test_ci_runs_targets_of_the_makefile_on_a_python_that_the_package_allows():
    steps = [step for job in CI["jobs"].values() for step in job["steps"]]
    commands = {step["run"] for step in steps if "run" in step}
    assert commands == {f"make {name}" for name in ("lint", "dry-runs", "check", "test", "test-all", "audit")}
    assert {command.removeprefix("make ") for command in commands} <= TARGETS
    assert {f">={step['with']['python-version']}" for step in steps if "with" in step} == {PROJECT["requires-python"]}
    weekly = {name for name, job in CI["jobs"].items() if job["if"] == "github.event_name == 'schedule'"}
    assert weekly == {"all", "audit"}


def test_every_configuration_has_its_dry_run():
    done = subprocess.run(["make", "--dry-run", "dry-runs"], cwd=ROOT, capture_output=True, text=True, check=True)
    planned = set(re.search(r"for file in (.*); do", done.stdout)[1].split())
    assert planned == {f"config/{path.name}" for path in (ROOT / "config").glob("*.yaml")} - {"config/schema.yaml"}
