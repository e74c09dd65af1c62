"""What tests, sources and results say of themselves, and that targets are planned under every setting."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_configuration import SCHEMA, SHIPPED
from test_plan import plan, shipped, updated

from conftest import ROOT
from frequency_shortcuts.images import artefacts
from study import claims, targets, tests
from study.catalogue import TABLES
from study.configuration import mistakes
from study.plan import KINDS, Plan
from study.sources import BY_NAME, SOURCES
from study.tests import TESTS

FOLDER = Path(tests.__path__[0])


def test_every_module_of_the_folder_is_a_test():
    assert set(TESTS) == {path.stem for path in FOLDER.glob("[!_]*.py")}
    names = [name for test in TESTS.values() for name in test.tables]
    assert len(names) == len(set(names)) and set(names) <= set(TABLES)


def test_a_study_writes_the_files_of_all_its_tests_once():
    planned = plan()
    files = [file for test in TESTS.values() for file in test.files(planned)]
    assert len(files) == len(set(files)) and set(files) <= set(targets.of_study(planned))
    hits = [file for file in files if file.endswith("/hits.h5")]
    assert hits == TESTS["shortcuts"].files(planned, "hits") and len(hits) == len(planned.runs())
    assert not TESTS["transfer"].files(planned)


def test_the_schema_has_the_keys_of_each_source_which_has_a_rule_of_its_own():
    dataset = SCHEMA["properties"]["datasets"]["additionalProperties"]
    assert dataset["properties"]["source"]["enum"] == list(BY_NAME)
    branches = {branch["if"]["properties"]["source"]["const"]: branch["then"] for branch in dataset["allOf"]}
    assert list(branches) == list(BY_NAME) and {source.kind for source in SOURCES} <= {*KINDS}
    for name, part in branches.items():
        assert part["title"] == f"`source: {name}`" and set(part["required"]) <= set(part["properties"])
    kinds = branches["artefact"]["properties"]["kind"]["oneOf"]
    assert {kind["const"]: kind["description"] for kind in kinds} == {
        name: f"({kind.unit})" for name, kind in artefacts.KINDS.items()
    }
    assert len(BY_NAME) > len(SOURCES)


def test_snakemake_starts_without_the_packages_that_only_jobs_need():
    heavy = "{'torch', 'torchvision', 'scipy', 'pandas', 'h5py', 'PIL'}"
    found = f"print({heavy} & sys.modules.keys())"
    code = f"import sys, study.configuration, study.dependencies, study.targets; {found}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "workflow", text=True, capture_output=True)
    assert done.stdout == "set()\n", done.stderr


def patterns(page):
    """A pattern of paths for each name in the first column of the tables of a page."""
    for cell in re.findall(r"^\| (`[^|]+) \| .+ \|$", page, re.MULTILINE):
        before = ""
        for name in re.findall(r"`([^`]+)`", cell):
            before = f"{before.rpartition('.')[0]}{name}" if name.startswith(".") else name
            pattern = re.escape(before).replace(r"\{run\}", r"[^/]+/[^/]+/[^/]+/seed\d+")
            yield re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", pattern) + (".*" if before.endswith("/") else ""))


@pytest.mark.parametrize("name", ["config", "benchmark", "findings", "own"])
def test_the_page_of_results_describes_every_file_of_a_study(name):
    plan, described = Plan(updated(shipped(name))), [*patterns((ROOT / "results" / "README.md").read_text())]
    files = [*targets.of_study(plan), *plan.map_files()]
    paths = {target.removeprefix(f"{plan.results}/") for target in files}
    assert [path for path in paths if not any(pattern.fullmatch(path) for pattern in described)] == []


SETTINGS = {
    "as it is": {},
    "no phases": {"shortcuts": {"phase_seeds": "none"}},
    "no renditions": {"ood": {"renditions": []}},
    "no graded sets": {"graded": {"sets": 0}},
    "no transfer": {"transfer": []},
    "no methods": {"shortcuts": {"methods": []}},
    "no zeros": {"shortcuts": {"fills": ["swap"]}, "ood": {"fills": ["swap"]}},
}
SETTINGS["nothing"] = SETTINGS["no graded sets"] | SETTINGS["no renditions"] | SETTINGS["no phases"] | {"transfer": []}


def study(file, changes, kinds=("synthetic", "planted", "photographs")):
    """The plan of a configuration file with changes, on data sets of these kinds alone."""
    config = updated(shipped(file), changes)
    whole = Plan(config)
    for entry in config["plan"]:
        entry["datasets"] = [name for name in entry["datasets"] if whole.kind_of(name) in kinds]
    config["plan"] = [entry for entry in config["plan"] if entry["datasets"]]
    plan = Plan(config)
    assert not plan.mapped_runs() or mistakes(config) == []
    return plan


def check(plan):
    """Every table that claims follow from is a target, and so is the figure of each claim."""
    made = {*targets.of_study(plan)}
    of_claims = [file for files in claims.sources(plan).values() for file in files]
    assert set(of_claims) <= made
    assert set(claims.figures(plan).values()) <= set(targets.figures(plan))


@pytest.mark.parametrize("changes", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("file", SHIPPED)
def test_what_a_setting_unplans_is_unplanned_with_its_tables_and_figures(file, changes):
    check(study(file, changes))


@pytest.mark.parametrize("kinds", [("photographs",), ("planted", "photographs"), ("synthetic", "planted")])
@pytest.mark.parametrize("file", ["config", "test", "findings", "benchmark"])
def test_a_study_without_some_kinds_of_data_sets_is_planned(file, kinds):
    changes = {"transfer": []} if "photographs" not in kinds else {}
    plan = study(file, changes, kinds)
    if plan.mapped_runs():
        check(plan)


def test_a_figure_is_drawn_if_all_its_tables_are_planned():
    drawn = {name: targets.figures(study("config", changes)) for name, changes in SETTINGS.items()}
    assert "texture_fashion_mnist" in drawn["as it is"] and not any("texture" in name for name in drawn["no phases"])
    assert "ood_fashion_mnist" in drawn["no graded sets"] and "graded_all" in drawn["no renditions"]
    gone = [name for name in drawn["as it is"] if name not in drawn["nothing"]]
    assert {name.partition("_")[0] for name in gone} >= {"texture", "ood", "renditions", "graded"}
