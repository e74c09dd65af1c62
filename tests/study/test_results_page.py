"""results/README.md describes every file that a study writes."""

import re

import pytest
import yaml
from snakemake.utils import update_config

from conftest import ROOT
from study import targets
from study.plan import Plan


def patterns(page):
    """A pattern of paths for each name in the first column of the tables of a page."""
    for cell in re.findall(r"^\| (`[^|]+) \| .+ \|$", page, re.MULTILINE):
        before = ""
        for name in re.findall(r"`([^`]+)`", cell):
            before = f"{before.rpartition('.')[0]}{name}" if name.startswith(".") else name
            pattern = re.escape(before).replace(r"\{run\}", r"[^/]+/[^/]+/[^/]+/seed\d+")
            yield re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", pattern) + (".*" if before.endswith("/") else ""))


@pytest.mark.parametrize("name", ["config", "benchmark", "experiments", "own"])
def test_the_page_of_results_describes_every_file_of_a_study(name):
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    update_config(config, yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text()))
    plan, described = Plan(config), [*patterns((ROOT / "results" / "README.md").read_text())]
    files = [*targets.of_study(plan), *plan.map_files()]
    paths = {target.removeprefix(f"{plan.results}/") for target in files}
    assert [path for path in paths if not any(pattern.fullmatch(path) for pattern in described)] == []
