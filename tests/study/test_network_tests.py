"""The descriptions of the tests of networks, which rules, outputs, tables, estimate and docs ask."""

import pytest
from test_plan import plan

from conftest import ROOT
from frequency_shortcuts.data.corruptions import STRENGTHS
from frequency_shortcuts.evaluation import usage
from study import outputs
from study.network_tests import planted_use, registry, robustness
from study.work import DataSet

DATA = DataSet(4, 3, 32, {"train": 100, "validation": 8, "test": 60})


@pytest.mark.parametrize("name", registry.TESTS)
def test_each_test_has_a_script_that_names_its_outputs(name):
    test = registry.TESTS[name]
    text = (ROOT / "workflow" / "scripts" / test.script).read_text()
    assert test.name == name and test.outputs
    for key in test.outputs if len(test.outputs) > 1 else ():
        assert f".{key}" in text


def test_a_study_writes_the_files_of_all_its_tests_once():
    planned = plan(published=[{"name": "hfss", "dataset": "photos", "network": "small", "augmentation": "augmix"}])
    files = registry.files_of_study(planned)
    assert len(files) == len(set(files)) and set(files) <= set(outputs.of_study(planned))
    assert "results/laptop/tests/photos/small/augmix/seed3/published_hfss.csv" in files
    hits = [file for file in files if file.endswith("/hits.h5")]
    assert hits == registry.TESTS["shortcuts"].files(planned, "hits") and len(hits) == len(planned.runs())
    assert not any("method_rates" in file or "wave" in file for file in files)
    assert not registry.TESTS["transfer"].files(planned)


def test_the_tables_of_the_tests_have_keys_and_names():
    found = {name: keys for name, _, keys in registry.tables()}
    assert found["published"] == found["shortcuts"] == ("class", "part", "fill", "filter")
    assert found["transfer"][:2] == ("maps_of", "tested_on") and "hits" not in found and "sensitivity" not in found


def test_the_constants_of_the_cost_are_those_of_the_library():
    assert len(STRENGTHS) == robustness.STRENGTHS and usage.DRAWS == planted_use.DRAWS


def test_phases_cost_something_where_they_are_tested():
    planned, test = plan(), registry.TESTS["shortcuts"]
    last, *_, first = (run for run in planned.runs(network="small", augmentation="augmix", dataset="photos"))
    assert test.cost(planned, first, DATA) > test.cost(planned, last, DATA) > 0


def test_transfer_tests_have_no_random_masks():
    settings = registry.TESTS["transfer"].settings(plan())["settings"]
    assert (settings["controls"], settings["radial"], settings["parts"]) == (0, 0, ["keep"])
