"""What sources, rules and results say of themselves, and that outputs are planned under every setting."""

import re
import subprocess
import sys

import pytest
from configurations import FILES, KINDS, figures, shipped, typeset, updated
from test_configuration import SCHEMA

from conftest import ROOT
from frequency_shortcuts.images import artefacts
from study import outputs, runs
from study.configuration import mistakes
from study.datasets import complete, kind_of
from study.sources import BY_NAME, SOURCES

RULES = {
    path.stem: path.read_text() for path in sorted((ROOT / "workflow" / "rules").glob("*.smk"))
}
OF_BENCHMARKS = [path.read_text() for path in sorted((ROOT / "benchmarks").glob("*/Snakefile"))]
# What stands for a wildcard in an example of a path; for others x.
VALUES = {
    "run": "small/none/seed0",
    "maps": "dfm",
    "name": "table_1",
    "part": "0",
    "pictures": "pictures",
}


def written(texts):
    """An example of each path below the results that rules write; the figures of the study are not there."""
    for text in texts:
        for output in re.findall(r"^ +output:\n((?:        .*\n)+)", text, re.MULTILINE):
            for path in re.findall(r'"<results>/([^"]+)"', output):
                example = re.sub(r"\{+(\w+)\}+", lambda found: VALUES.get(found[1], "x"), path)
                yield example if "." in example else f"{example}/"


def test_a_rule_writes_each_table_and_a_file_has_one_rule():
    paths = list(written(RULES.values()))
    assert len(paths) == len(set(paths)) > 60
    found = {path[7:-4] for path in paths if re.fullmatch(r"tables/\w+\.csv", path)}
    assert found | {"table_2", "table_3"} == set(outputs.TABLES)
    assert typeset().keys() < set(outputs.TABLES)


def test_the_schema_has_the_keys_of_each_source_which_has_a_rule_of_its_own():
    dataset = SCHEMA["properties"]["datasets"]["additionalProperties"]
    assert dataset["properties"]["source"]["enum"] == list(BY_NAME)
    branches = {
        branch["if"]["properties"]["source"]["const"]: branch["then"] for branch in dataset["allOf"]
    }
    assert list(branches) == list(BY_NAME) and {source.kind for source in SOURCES} <= {*KINDS}
    for name, part in branches.items():
        assert part["title"] == f"`source: {name}`" and set(part["required"]) <= set(
            part["properties"]
        )
    kinds = branches["artefact"]["properties"]["kind"]["oneOf"]
    assert {kind["const"]: kind["description"] for kind in kinds} == {
        name: f"({kind.unit})" for name, kind in artefacts.KINDS.items()
    }
    assert len(BY_NAME) > len(SOURCES)


def test_snakemake_starts_without_the_packages_that_only_jobs_need():
    heavy = "{'torch', 'torchvision', 'scipy', 'h5py', 'PIL'}"
    modules = "configuration, dependencies, kept_outputs, outputs, runs, settings"
    code = f"import sys; from study import {modules}; print({heavy} & sys.modules.keys())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "workflow", text=True, capture_output=True
    )
    assert done.stdout == "set()\n", done.stderr


def patterns(page):
    """A pattern of paths for each name in the first column of the tables of a page."""
    for cell in re.findall(r"^\| (`[^|]+) \| .+ \|$", page, re.MULTILINE):
        before = ""
        for name in re.findall(r"`([^`]+)`", cell):
            before = f"{before.rpartition('.')[0]}{name}" if name.startswith(".") else name
            pattern = re.escape(before).replace(r"\{run\}", r"[^/]+/[^/]+/[^/]+/seed\d+")
            yield re.compile(
                re.sub(r"\\\{\w+\\\}", "[^/]+", pattern) + (".*" if before.endswith("/") else "")
            )


def test_the_page_of_results_describes_every_file_of_a_study():
    described = [*patterns((ROOT / "results" / "README.md").read_text())]
    drawn = [
        f"figures/{kind}_x.{suffix}" for kind in rules_of_figures() for suffix in ("svg", "png")
    ]
    paths = [*written([*RULES.values(), *OF_BENCHMARKS]), *drawn, "maps/x/x/small/none/seed0.h5"]
    assert [
        path for path in paths if not any(pattern.fullmatch(path) for pattern in described)
    ] == []


def rules_of_figures():
    """The rule of each kind of figure, and `paper_tables`: the tables that it reads."""
    _, *found = re.split(r"^rule (?:figure_)?(\w+):$", RULES["figures"], flags=re.MULTILINE)
    tables = (
        set(re.findall(r"<results>/tables/(\w+)\.csv", text.partition("output:")[0]))
        for text in found[1::2]
    )
    return dict(zip(found[::2], tables, strict=True))


SETTINGS = {
    "as it is": {},
    "no phases": {"shortcuts": {"phase_seeds": "none"}},
    "no renditions": {"ood": {"renditions": []}},
    "no graded sets": {"graded": {"sets": 0}},
    "no transfer": {"transfer": []},
    "no methods": {"shortcuts": {"methods": []}},
    "no zeros": {"shortcuts": {"fills": ["swap"]}, "ood": {"fills": ["swap"]}},
}
SETTINGS["nothing"] = (
    SETTINGS["no graded sets"]
    | SETTINGS["no renditions"]
    | SETTINGS["no phases"]
    | {"transfer": []}
)


def study(file, changes, kinds=KINDS):
    """The complete configuration of a file with changes, on data sets of these kinds alone."""
    config = updated(shipped(file), changes)
    for entry in config["plan"]:
        entry["datasets"] = [name for name in entry["datasets"] if kind_of(config, name) in kinds]
    config["plan"] = [entry for entry in config["plan"] if entry["datasets"]]
    whole = complete(config)
    assert not runs.table(whole)["maps"].any() or mistakes(config) == []
    return whole


def check(config):
    """Every table that a figure or a table of the paper shows is planned, and so is the figure of each claim."""
    found = runs.table(config)
    planned, reads = set(outputs.tables(config, found)), rules_of_figures()
    for kind, names in outputs.figures(found).items():
        assert not names or reads[kind] <= planned, kind
    if any(name.startswith("table_") for name in planned):
        assert reads["paper_tables"] - planned <= ({"ood"} if "table_3" not in planned else set())
    assert set(outputs.figures_of_claims(config, found).values()) <= set(figures(config))


@pytest.mark.parametrize("changes", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("file", FILES)
def test_what_a_setting_unplans_is_unplanned_with_its_tables_and_figures(file, changes):
    check(study(file, changes))


@pytest.mark.parametrize(
    "kinds", [("photographs",), ("planted", "photographs"), ("synthetic", "planted")]
)
@pytest.mark.parametrize("file", ["config", "test", "findings", "methods"])
def test_a_study_without_some_kinds_of_data_sets_is_planned(file, kinds):
    changes = {"transfer": []} if "photographs" not in kinds else {}
    check(study(file, changes, kinds))


def test_a_figure_is_drawn_if_all_its_tables_are_planned():
    drawn = {name: figures(study("config", changes)) for name, changes in SETTINGS.items()}
    assert "texture_fashion_mnist" in drawn["as it is"] and not any(
        "texture" in name for name in drawn["no phases"]
    )
    assert "ood_fashion_mnist" in drawn["no graded sets"] and "graded_all" in drawn["no renditions"]
    gone = [name for name in drawn["as it is"] if name not in drawn["nothing"]]
    assert {name.partition("_")[0] for name in gone} >= {"texture", "ood", "renditions", "graded"}
