"""What the targets of every configuration need is planned, whatever a setting leaves out; no Snakemake runs here."""

import pytest
from test_configuration import SHIPPED
from test_plan import shipped, updated

from study import claims, figures, targets
from study.configuration import mistakes
from study.network_tests import TESTS
from study.plan import Plan

SETTINGS = {
    "as it is": {},
    "no phases": {"shortcuts": {"phase_seeds": "none"}},
    "no renditions": {"ood": {"renditions": []}},
    "no graded sets": {"graded": {"sets": 0}},
    "no transfer": {"transfer": []},
    "no methods": {"shortcuts": {"methods": []}},
    "no zeros": {"shortcuts": {"fills": ["swap"]}, "ood": {"fills": ["swap"]}},
}
SETTINGS["nothing"] = {
    **SETTINGS["no graded sets"],
    **SETTINGS["no renditions"],
    **SETTINGS["no phases"],
    "transfer": [],
}


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
    """Every file that a figure or a joined table is made from is a target, or is written with one."""
    made = {*targets.of_study(plan)}
    with_weights = {f"{file.rpartition('/')[0]}/{name}.csv" for file in made for name in ("history", "dynamics")}
    needed = [file for kind in figures.kinds(plan) for file in figures.inputs(plan, kind)]
    joined = [part for test in TESTS.values() if test.planned_tables(plan) for part in test.joined_files(plan).values()]
    needed += [file for part in joined for file in ([part] if isinstance(part, str) else part)]
    assert {*needed} <= made | with_weights | {*claims.files(plan)}


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
