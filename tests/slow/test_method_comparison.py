"""The comparison of methods, cut down: from a network and images to tables and figures, by the scripts of the rules."""

from types import SimpleNamespace

import h5py
import numpy as np
import pytest
import yaml
from script_runs import Outputs, join_test, run_script, run_test
from snakemake.utils import update_config

from conftest import ROOT
from frequency_shortcuts.data import planted, stores
from frequency_shortcuts.evaluation.method_scores import CONTROL
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.storage.tables import read_table
from study import targets
from study.plan import Plan

METHODS = ["culling", "rise", "energy", "low_pass", "random"]  # unit tests run each method
SMALL = {"culling": {"patch": 2}, "rise": {"masks": 4}}
SEEDS = (0, 1)
CONFIG = {
    "study": "small",
    "checkpoint_minutes": 2,
    "plan": [
        {"datasets": ["plant_present"], "networks": ["small"], "augmentations": ["none"], "seeds": list(SEEDS),
         "methods": METHODS}
    ],
    "datasets": {"plant_present": {"source": "store"}},  # both fills are compared
    "networks": {"small": {}},
    "shortcuts": {
        "parts": ["keep"], "fills": ["zeros", "swap"], "controls": 2, "radial": None, "others": None, "negatives": None,
        "seed": 0,
    },
    "ood": {"renditions": []},
    "dfm": {"percents": [5, 20]},
}  # fmt: skip


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """The folder of a small comparison on one planted set, with two seeds."""
    folder = tmp_path_factory.mktemp("compared")
    design = planted.Design("present", size=16, channels=1, pairs=3, rings=((2, 4), (4, 6)))
    splits = {split: planted.images(design, 4, seed) for seed, split in enumerate(("train", "validation", "test"))}
    store = folder / "plant_present.h5"
    stores.write(
        store, splits, classes=design.classes, source="planted", created_by="test",
        planted=(design.planted(), design.about()),
    )  # fmt: skip
    with h5py.File(store) as file:
        statistics = {name: file.attrs[name].tolist() for name in ("mean", "std")}
    n_classes = len(design.classes)
    architecture = architectures.Architecture(
        "resnet18", n_classes=n_classes, channels=1, size=16, width=4, stem="small"
    )
    rates, scores, maps = [], [], []
    for seed in SEEDS:
        run = {"dataset": "plant_present", "network": "small", "augmentation": "none", "seed": seed}
        weights, place = folder / f"{seed}.safetensors", f"plant_present/small/none/seed{seed}"
        network = architectures.build(architecture, seed)
        architectures.save(weights, network.state_dict(), architecture, run | statistics)
        files = []
        for name in METHODS:
            path = folder / "maps" / name / f"{place}.h5"
            path.parent.mkdir(parents=True, exist_ok=True)
            search = {
                "own": False, "method": name, "modules": [registry.module_of(name)], "settings": SMALL.get(name, {}),
                "split": "validation", "images_per_class": None, "limits": {}, "percents": [5, 20],
            }  # fmt: skip
            params = SimpleNamespace(device="cpu", search=search, part=[0, 1])
            given = SimpleNamespace(images=store, weights=weights, code=[])
            wildcards = SimpleNamespace(seed=str(seed))
            run_script("find_maps", folder, params=params, input=given, output=[str(path)], wildcards=wildcards)
            assert not list(path.parent.glob("*.state*"))
            files.append(path)
        output = Outputs(rates=folder / "tests" / place / "rates.csv", scores=folder / "tests" / place / "scores.csv")
        params = SimpleNamespace(
            device="cpu", images={"split": "test", "images_per_class": None}, names=METHODS,
            settings={"fills": ["zeros", "swap"], "controls": 2, "seed": 0},
        )  # fmt: skip
        given = SimpleNamespace(images=store, weights=weights, maps=files)
        run_test("compare_methods", folder, params=params, input=given, output=output)
        rates.append(output.rates)
        scores.append(output.scores)
        maps += files
    output = [str(folder / f"{name}.csv") for name in ("methods", "method_rates", "method_overlap")]
    given = SimpleNamespace(rates=rates, scores=scores, use=[], maps=maps, stores=[store])
    join_test("compare_methods", folder, input=given, output=output, config=CONFIG)
    return folder


def test_every_method_has_a_file_of_scores_and_maps(compared):
    for name in METHODS:
        with h5py.File(compared / "maps" / name / "plant_present/small/none/seed0.h5") as file:
            assert file["score"].shape == (3, 16, 16)
            assert file["mask/top_5"][:].sum(axis=(1, 2)) == pytest.approx(12, abs=1)
            assert (np.sort(np.unique(file["rank"][0])) == np.arange(130)).all()
            assert file.attrs["method"] == name
            assert (file.attrs["passes"] > 0) == (name not in METHODS[-3:])


def test_the_table_of_scores_has_every_method_and_truth(compared):
    table = read_table(compared / "methods.csv")
    counts = table.groupby(["method", "seed", "truth"]).size()
    assert len(counts) == len(METHODS) * len(SEEDS) * 2  # own and any
    energy = table[(table["method"] == "energy") & (table["truth"] == "own")]
    assert set(energy["class"]) == {"C1", "C2"}
    assert table["average_precision"].between(0, 1).all()


def test_the_table_of_rates_has_all_sizes_and_its_controls(compared):
    table = read_table(compared / "method_rates.csv")
    kept = table[(table["part"] == "keep") & (table["method"] != "unfiltered")]
    assert set(kept["method"]) == {*METHODS, CONTROL}
    assert set(kept["percent"]) == {5, 20}
    # The neutral class is not tested with the fill swap.
    assert set(kept.loc[kept["fill"] == "swap", "class"]) == {"C1", "C2"}
    assert set(kept.loc[kept["fill"] == "zeros", "class"]) == {"C0", "C1", "C2"}
    controls = kept[kept["method"].isin([CONTROL, "low_pass"])]
    best = controls.assign(measure=controls["tpr"] - controls["fpr"]).groupby(["seed", "fill", "percent", "class"])
    merged = kept.merge(best["measure"].max().rename("expected").reset_index())
    np.testing.assert_allclose(merged["best_control"], merged["expected"], atol=1e-5)
    assert table.loc[table["part"] == "remove", "fpr"].isna().all()


def test_the_overlap_compares_the_seeds(compared):
    table = read_table(compared / "method_overlap.csv").groupby("method")["overlap"].mean()
    assert table["low_pass"] == 1
    assert table["random"] < 0.5


def test_the_plan_of_the_benchmark_compares_its_methods():
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    update_config(config, yaml.safe_load((ROOT / "config" / "benchmark.yaml").read_text()))  # as Snakemake does
    plan = Plan(config)
    assert len(plan.map_files()) == len(plan.runs()) * len(plan.methods())
    figures = {f"results/benchmark/figures/method_truth_{name}.svg" for name in ("main", "all")}
    assert figures <= set(targets.of_methods(plan))
    assert plan.search("maps/greedy")["modules"] == [registry.module_of("greedy"), registry.module_of("gradient")]
    assert targets.of_methods(Plan(config | {"plan": [{**config["plan"][0], "methods": []}]})) == []
