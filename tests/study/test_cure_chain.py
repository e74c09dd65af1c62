"""Train, find maps, train with them: the scripts of the rules on a small store, as config/cure.yaml plans them."""

import importlib
import sys
from types import SimpleNamespace

import pandas as pd
import yaml
from script_runs import run_script
from snakemake.utils import update_config

from conftest import ROOT
from frequency_shortcuts.storage.tables import read_table
from study.dependencies import code_of
from study.plan import Plan
from study.settings import CURES

NAMES = ("none", *CURES)
CONFIG = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
update_config(CONFIG, yaml.safe_load((ROOT / "config" / "cure.yaml").read_text()))


def test_the_table_leaves_out_networks_that_are_not_compared(tmp_path, monkeypatch):
    script = importlib.import_module("make_cure_table")
    monkeypatch.setattr(script, "read_joined", lambda path, plan: read_table(path))  # the tables are small
    sys.path.insert(0, str(ROOT / "tests" / "unit"))
    from test_cure import study

    names = ("networks", "shortcuts", "ood", "corruptions")
    given = {name: tmp_path / f"{name}.csv" for name in names}
    other = study(strong={"none": 3}, network="large")
    for name, *tables in zip(names, study(), other, strict=True):
        pd.concat(tables).to_csv(given[name], index=False)
    params, output = SimpleNamespace(networks=[["zoo", "small"]]), [str(tmp_path / "cure.csv")]
    for missing in ({}, {"ood": [], "corruptions": []}):
        read = SimpleNamespace(**given | missing)
        run_script("make_cure_table", tmp_path, params=params, input=read, output=output, config=CONFIG)
        table = read_table(output[0])
        measures = {"strong_shortcuts", "map_tpr_fpr", "test_accuracy"}
        assert set(table["network"]) == {"small"} and (set(table["measure"]) == measures) == bool(missing)


def test_only_a_training_with_maps_depends_on_what_reads_and_uses_them():
    plan, files = Plan(CONFIG), {f"src/frequency_shortcuts/{name}.py" for name in ("maps/dfm", "networks/reduction")}
    for name in NAMES:
        found = set(code_of("train.py", modules=plan.training_modules(name)))
        assert found >= files if name.startswith("dfmx") else not found & files
