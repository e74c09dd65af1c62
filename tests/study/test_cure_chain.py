"""Train, find maps, train with them: the scripts of the rules on a small store, as config/cure.yaml plans them."""

import copy
import importlib
import sys
from types import SimpleNamespace

import h5py
import pandas as pd
import pytest
import torch
import yaml
from script_runs import Outputs, run_script
from snakemake.utils import update_config

from conftest import ROOT
from frequency_shortcuts.data import planted, stores
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.networks import architectures, training
from frequency_shortcuts.networks.reduction import MapReduction
from frequency_shortcuts.storage.tables import read_table
from study.dependencies import code_of
from study.plan import Plan
from study.settings import CURES

NAMES = ("none", *CURES)
CONFIG = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
update_config(CONFIG, yaml.safe_load((ROOT / "config" / "cure.yaml").read_text()))


def train(folder, store, name, maps):
    """One training as its rule starts it; returns its weights file."""
    plan = Plan(CONFIG)
    place = folder / "networks" / "plant_present" / "small" / name / "seed0"
    settings = copy.deepcopy(plan.training_settings("planted", name))
    settings |= {"epochs": 1, "dynamics": {"iterations": 1, "every": 1, "images_per_class": 2, "cutoff": 4}}
    params = SimpleNamespace(
        device="cpu", architecture={"architecture": "resnet18", "width": 4, "stem": "small"},
        recipe=plan.recipe("planted", "resnet18"), settings=settings,
    )  # fmt: skip
    output = Outputs(
        weights=place / "weights.safetensors", history=place / "history.csv", dynamics=place / "dynamics.csv"
    )
    given = SimpleNamespace(images=store, maps=maps, code=[])
    place.mkdir(parents=True)
    run_script("train", folder, params=params, input=given, output=output)
    assert not (place / "state.pt").exists()
    return output.weights


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Weights of every augmentation, and the maps of the first network."""
    folder = tmp_path_factory.mktemp("cure")
    design = planted.Design("present", size=16, channels=1, pairs=3, rings=((2, 4), (4, 6)))
    splits = {split: planted.images(design, 6, seed) for seed, split in enumerate(("train", "validation", "test"))}
    store, maps = folder / "data.h5", folder / "maps.h5"
    stores.write(store, splits, classes=design.classes, source="planted", created_by="test")
    weights = {"none": train(folder, store, "none", [])}
    params = SimpleNamespace(
        device="cpu", images=Plan(CONFIG).method_images("on_training_images") | {"images_per_class": 4}, limits={},
        method="culling", module=registry.module_of("culling"), percents=[5],
        settings=Plan(CONFIG).method_settings("on_training_images"),
    )  # fmt: skip
    given = SimpleNamespace(images=store, weights=weights["none"], code=[])
    wildcards = SimpleNamespace(seed="0")
    run_script("find_maps", folder, params=params, input=given, output=[str(maps)], wildcards=wildcards)
    for name in CURES:
        weights[name] = train(folder, store, name, [] if name == "afa" else str(maps))
    return weights, maps


@pytest.mark.slow
def test_the_maps_are_found_on_training_images(trained):
    with h5py.File(trained[1]) as file:
        assert file.attrs["split"] == "train" and file["mask/top_5"].shape == (3, 16, 16)


@pytest.mark.slow
def test_every_augmentation_gives_other_weights_that_load_as_any_network(trained):
    networks = {name: architectures.load(path) for name, path in trained[0].items()}
    first = networks["none"].state_dict()
    found = {name: network.state_dict()["conv1.weight"].numpy().tobytes() for name, network in networks.items()}
    assert len(set(found.values())) == len(NAMES)
    for network in networks.values():
        assert network.state_dict().keys() == first.keys()
        assert torch.isfinite(network(torch.zeros(2, 1, 16, 16))).all()


@pytest.mark.slow
def test_a_training_is_given_its_maps_and_settings(trained, monkeypatch, tmp_path):
    """With other maps, the script hands these to the training."""
    seen = []

    def record(*_, augmentation, reduction, **__):
        seen.append((augmentation, reduction))
        raise ValueError("seen")

    monkeypatch.setattr(training, "train", record)
    store = trained[1].with_name("data.h5")
    for name in ("dfmx", "afa"):
        with pytest.raises(SystemExit):
            train(tmp_path, store, name, str(trained[1]) if name == "dfmx" else [])
    (reduced, reduction), (waved, nothing) = seen
    with h5py.File(trained[1]) as file:
        assert reduction.identity == MapReduction(file["mask/top_5"][:], 0.3).identity
    assert (reduced.name, waved.name, waved.wave_strength) == ("dfmx", "afa", 10)
    assert nothing is None


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
