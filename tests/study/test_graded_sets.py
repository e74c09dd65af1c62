"""The rule of the graded sets: its script on tiny sets, and what a plan with and without them holds."""

import copy
from types import SimpleNamespace

import pytest
import yaml
from script_runs import Outputs, run_script
from snakemake.utils import update_config

from conftest import ROOT
from frequency_shortcuts.storage.checksums import DamagedFile
from frequency_shortcuts.storage.tables import read_table, write_table
from study import outputs
from study.plan import Plan
from study.tables import read_joined

CONFIG = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
update_config(CONFIG, yaml.safe_load((ROOT / "config" / "test.yaml").read_text()))


def plan(**graded):
    config = copy.deepcopy(CONFIG)
    config["graded"] |= graded
    return Plan(config)


def test_the_script_writes_both_tables_and_leaves_no_state(tmp_path):
    mine = plan()
    output = Outputs(classes=tmp_path / "graded.csv", dynamics=tmp_path / "graded_dynamics.csv")
    params = SimpleNamespace(device="cpu", seeds=mine.graded_seeds(), settings=mine.graded_settings())
    run_script("measure_graded", tmp_path, params=params, input=SimpleNamespace(code=[]), output=output)
    classes, dynamics = (read_joined(path, mine) for path in output)
    assert classes["seed"].unique().tolist() == [0, 1] and len(classes) == 2 * 5
    assert dynamics.columns.tolist() == ["seed", "iteration", "class", "precision", "recall", "f1"]
    assert dynamics["iteration"].unique().tolist() == [0, 2, 4] and len(dynamics) == 3 * 2 * 5
    assert sorted(path.name for path in tmp_path.glob("graded*")) == ["graded.csv", "graded_dynamics.csv"]
    write_table(classes[classes["seed"] == 0], output.classes)
    with pytest.raises(DamagedFile, match="it lacks 1"):
        read_joined(output.classes, mine)
    write_table(classes[1:], output.classes)
    with pytest.raises(DamagedFile, match="it lacks rows of 0"):
        read_joined(output.classes, mine)
    assert set(read_table(output.dynamics)["class"]) == {"C0", "C1", "C2", "C3", "C4"}


def test_a_plan_has_graded_sets_or_none():
    files = {f"results/test/{name}" for name in ("tables/graded.csv", "tables/graded_dynamics.csv",
             "figures/graded_all.svg", "tables/graded.html")}  # fmt: skip
    assert files <= set(outputs.of_study(plan()))
    without = plan(sets=0)
    assert not any("graded" in file for file in outputs.of_study(without)) and without.graded_seeds() == []
    assert plan(sets=3, first_seed=7).graded_seeds() == [7, 8, 9]
