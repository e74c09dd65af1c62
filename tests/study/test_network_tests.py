"""The descriptions of the tests of networks, which rules, outputs, tables and docs ask."""

import pytest
from test_plan import plan

from conftest import ROOT
from study import outputs
from study.network_tests import registry


@pytest.mark.parametrize("name", registry.TESTS)
def test_each_test_has_a_script_that_names_its_outputs(name):
    test = registry.TESTS[name]
    text = (ROOT / "workflow" / "scripts" / test.script).read_text()
    assert test.name == name and test.outputs
    for key in test.outputs if len(test.outputs) > 1 else ():
        assert f".{key}" in text


def test_a_study_writes_the_files_of_all_its_tests_once():
    planned = plan()
    files = registry.files_of_study(planned)
    assert len(files) == len(set(files)) and set(files) <= set(outputs.of_study(planned))
    hits = [file for file in files if file.endswith("/hits.h5")]
    assert hits == registry.TESTS["shortcuts"].files(planned, "hits") and len(hits) == len(planned.runs())
    assert not any("method_rates" in file or "wave" in file for file in files)
    assert not registry.TESTS["transfer"].files(planned)
