"""The comparison of methods, cut down: from a network and images to tables and figures, by the scripts of the rules."""

import importlib
import json
import re
from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from matplotlib import pyplot as plt
from snakemake.utils import update_config

from script_runs import Outputs, run_script  # isort: skip  # it adds the folder of scripts
import make_tables
from conftest import ROOT
from frequency_shortcuts.data import planted, stores
from frequency_shortcuts.evaluation.cross import own_map_advantage
from frequency_shortcuts.evaluation.method_scores import CONTROL
from frequency_shortcuts.evaluation.verdicts import verdicts
from frequency_shortcuts.figures import explorer
from frequency_shortcuts.figures import methods as drawings
from frequency_shortcuts.maps import methods as package
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.method import find
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.storage.tables import RUN, read_table, write_table
from study import outputs
from study.plan import Plan

pytestmark = pytest.mark.slow
SMALL = {
    "culling": {"patch": 2},
    "hfss": {"candidates": 6, "parents": 2},
    "greedy": {"ranking": "gradient"},
    "learned": {"steps": 2, "images_per_class": 2},
    "shapley": {"rings": 2},
    "rise": {"masks": 4},
}
SEEDS = (0, 1)
CONFIG = {
    "study": "small",
    "checkpoint_minutes": 2,
    "plan": [
        {"datasets": ["plant_present"], "networks": ["small"], "augmentations": ["none"], "seeds": list(SEEDS),
         "methods": list(registry.METHODS)}
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
OWN_METHOD = """
from dataclasses import dataclass
import numpy as np
import pandas as pd

@dataclass(frozen=True)
class Settings:
    weight: float = 1.0

def passes(settings, size):
    return 0

def scores(workspace, settings):
    return np.full((workspace.n_classes, len(workspace.pairs)), settings.weight)
"""


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """The folder of a small comparison on one planted set, with two seeds."""
    folder = tmp_path_factory.mktemp("compared")
    design = planted.Design("present", size=16, channels=1, pairs=3, rings=((2, 4), (4, 6)))
    splits = {split: planted.images(design, 4, seed) for seed, split in enumerate(("train", "validation", "test"))}
    store = folder / "plant_present.h5"
    stores.write(
        store, splits, classes=design.classes, source="planted", created_by="test", planted=design.planted(),
        planted_about=design.about(),
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
        mine = []
        for name in registry.METHODS:
            path = folder / "maps" / name / f"{place}.h5"
            path.parent.mkdir(parents=True, exist_ok=True)
            params = SimpleNamespace(
                device="cpu", images={"split": "validation", "images_per_class": None}, limits={}, method=name,
                module=registry.module_of(name), settings=SMALL.get(name, {}), percents=[5, 20],
            )  # fmt: skip
            given = SimpleNamespace(images=store, weights=weights, code=[])
            wildcards = SimpleNamespace(seed=str(seed))
            run_script("find_maps", folder, params=params, input=given, output=[str(path)], wildcards=wildcards)
            assert not list(path.parent.glob("*.state*"))
            mine.append(path)
        output = Outputs(rates=folder / "tests" / place / "rates.csv", scores=folder / "tests" / place / "scores.csv")
        params = SimpleNamespace(
            device="cpu", images={"split": "test", "images_per_class": None}, names=list(registry.METHODS),
            settings={"fills": ["zeros", "swap"], "controls": 2, "seed": 0},
        )  # fmt: skip
        given = SimpleNamespace(images=store, weights=weights, maps=mine)
        run_script("compare_methods", folder, params=params, input=given, output=output)
        rates.append(output.rates)
        scores.append(output.scores)
        maps += mine
    output = Outputs(**{name: folder / f"{name}.csv" for name in ("methods", "rates", "overlap")})
    given = SimpleNamespace(rates=rates, scores=scores, use=[], waves=[], maps=maps, stores=[store])
    run_script("make_method_tables", folder, params=None, input=given, output=output, config=CONFIG)
    return folder


def test_every_method_has_a_file_of_scores_and_maps(compared):
    for name in registry.METHODS:
        with h5py.File(compared / "maps" / name / "plant_present/small/none/seed0.h5") as file:
            assert file["score"].shape == (3, 16, 16)
            assert file["mask/top_5"][:].sum(axis=(1, 2)) == pytest.approx(12, abs=1)
            assert (np.sort(np.unique(file["rank"][0])) == np.arange(130)).all()
            assert file.attrs["method"] == name
            assert (file.attrs["passes"] > 0) == (name not in ("adcs", "energy", "low_pass", "random"))


def test_the_table_of_scores_has_every_method_and_truth(compared):
    table = read_table(compared / "methods.csv")
    counts = table.groupby(["method", "seed", "truth"]).size()
    assert len(counts) == len(registry.METHODS) * len(SEEDS) * 2  # own and any
    energy = table[(table["method"] == "energy") & (table["truth"] == "own")]
    assert set(energy["class"]) == {"C1", "C2"}
    assert table["average_precision"].between(0, 1).all()


def test_the_table_of_rates_has_all_sizes_and_its_controls(compared):
    table = read_table(compared / "rates.csv")
    kept = table[(table["part"] == "keep") & (table["method"] != "unfiltered")]
    assert set(kept["method"]) == {*registry.METHODS, CONTROL}
    assert set(kept["percent"]) == {5, 20}
    # The neutral class is not tested with the fill swap.
    assert set(kept.loc[kept["fill"] == "swap", "class"]) == {"C1", "C2"}
    assert set(kept.loc[kept["fill"] == "zeros", "class"]) == {"C0", "C1", "C2"}
    controls = kept[kept["method"].isin([CONTROL, "low_pass"])]
    best = controls.assign(measure=controls["tpr"] - controls["fpr"]).groupby(["seed", "fill", "percent", "class"])
    merged = kept.merge(best["measure"].max().rename("expected").reset_index())
    np.testing.assert_allclose(merged["best_control"], merged["expected"], atol=1e-5)
    assert table.loc[table["part"] == "remove", "fpr"].isna().all()


def test_the_use_of_a_wave_is_read_from_its_tests():
    tests = pd.DataFrame(
        {"test": ["without the wave", "unfiltered", "wave", "unfiltered"], "tpr": [0.1, 0.9, 0.5, 0.9]}
    )
    tests = pd.concat([tests, tests.assign(tpr=0.9, seed=1)]).fillna({"seed": 0})
    tests = tests.assign(**{"dataset": "waved", "network": "small", "augmentation": "none", "class": "Shirt"})
    found = importlib.import_module("make_method_tables").use_of_waves(tests)
    assert dict(zip(found["seed"], found["uses"], strict=True)) == {0: True, 1: False}
    assert set(found) == {"dataset", "network", "augmentation", "seed", "class", "uses"}


def test_the_overlap_compares_the_seeds(compared):
    table = read_table(compared / "overlap.csv").groupby("method")["overlap"].mean()
    assert table["low_pass"] == 1
    assert table["random"] < 0.5


@pytest.mark.parametrize("kind", ["truth", "rates", "deletion", "cost", "overlap"])
def test_figures_name_the_methods(compared, kind):
    scores, rates = read_table(compared / "methods.csv"), read_table(compared / "rates.csv")
    figure = {
        "truth": lambda: drawings.truth(scores, {"plant_present": "present"}, 0.95),
        "rates": lambda: drawings.rates(rates, "keep"),
        "deletion": lambda: drawings.rates(rates, "remove"),
        "cost": lambda: drawings.cost(scores, rates, 5),
        "overlap": lambda: drawings.overlap(read_table(compared / "overlap.csv"), 5),
    }[kind]()
    figure.canvas.draw()
    texts = {text.get_text() for axis in figure.axes for text in axis.get_yticklabels()}
    texts |= {text.get_text() for legend in figure.legends for text in legend.get_texts()}
    texts |= {text.get_text() for axis in figure.axes for text in axis.texts}
    if kind in ("rates", "deletion"):  # five have colours
        assert {"culling", "gradient", "other methods"} <= texts
    else:
        assert {"culling", "hfss", "greedy", "learned", "shapley", "rise"} <= texts
    plt.close(figure)


TESTED = [next(iter(registry.METHODS))]  # the methods whose maps the study tests beside those of its culling


def test_the_explorer_offers_every_method_of_each_network_with_its_rates(compared):
    places = [f"plant_present/small/none/seed{seed}" for seed in SEEDS]
    tests, hits, maps = [], [], []
    for seed, place in zip(SEEDS, places, strict=True):
        own = compared / "dfm" / f"{place}.h5"
        own.parent.mkdir(parents=True, exist_ok=True)
        own.write_bytes((compared / "maps" / "culling" / f"{place}.h5").read_bytes())
        folder = compared / "tests" / place
        written = {"hits": folder / "hits.h5", "shortcuts": folder / "shortcuts.csv"}
        run_script(
            "measure_shortcuts", compared, output=Outputs(**written),
            params=SimpleNamespace(
                device="cpu", percent=5, split="test", images_per_class=None, phase=seed == SEEDS[0],
                settings={"fills": ("zeros", "swap"), "controls": 5, "negatives": None, "seed": 0},
                methods=TESTED if seed == SEEDS[0] else [],
                method_settings={"fills": ("zeros", "swap"), "controls": 0, "radial": 0, "seed": 0},
            ),
            input=SimpleNamespace(
                images=compared / "plant_present.h5", weights=compared / f"{seed}.safetensors", dfm=own,
                methods=[str(compared / "maps" / name / f"{place}.h5") for name in TESTED if seed == SEEDS[0]],
            ),
        )  # fmt: skip
        tests.append(str(written["shortcuts"]))
        hits.append(written["hits"])
        maps += [str(compared / "maps" / name / f"{place}.h5") for name in registry.METHODS][: None if seed else 3]
    of_hits = {
        "shortcuts": lambda hits, _: verdicts(hits),
        "own_map_advantage": lambda hits, _: own_map_advantage(hits),
    }
    measured = make_tables.measured(hits, of_hits, of_methods=["own_map_advantage"])
    judged, of_method = measured["shortcuts"], measured["method_own_map_advantage"]
    # The maps of the method are those of the culling here, and so is their advantage.
    assert list(of_method)[: len(RUN) + 1] == [*RUN, "method"] and set(of_method["method"]) == set(TESTED)
    same = measured["own_map_advantage"].query("seed == @SEEDS[0]")
    pd.testing.assert_frame_equal(of_method.drop(columns="method"), same, check_dtype=False)
    write_table(judged, compared / "shortcuts.csv")
    tested = {
        "percent": 5,
        "split": "test",
        "images_per_class": None,
        "seed": 0,
        "fills": ["zeros", "swap"],
        "strong": 0.6,
    }
    given = SimpleNamespace(
        stores=[compared / "plant_present.h5"] * 2, tests=tests,
        weights=[compared / f"{seed}.safetensors" for seed in SEEDS],
        dfm=[str(compared / "dfm" / f"{place}.h5") for place in places], maps=maps,
        shortcuts=compared / "shortcuts.csv", hits=hits, rates=[str(compared / "tests" / places[1] / "rates.csv")],
    )  # fmt: skip
    params, page = SimpleNamespace(study="small", most=12, tested=tested), compared / "explorer.html"
    run_script("write_explorer", compared, params=params, input=given, output=[str(page)], config=CONFIG)
    (data,) = re.findall(r'type="application/json" id="data">(.*?)</script>', page.read_text(), re.DOTALL)
    first, second = json.loads(data)["datasets"][0]["networks"]
    assert [method["name"] for method in first["methods"]] == [explorer.OWN, *list(registry.METHODS)[:3]]
    assert [method["name"] for method in second["methods"]] == [explorer.OWN, *registry.METHODS]
    # Its table is not given, but the tests of the study have the maps of one of its methods.
    assert [method["measured"] for method in first["methods"]] == [["5"], ["5"], [], []]
    assert [method["measured"] for method in second["methods"]] == [["5"]] + [["5", "20"]] * len(registry.METHODS)
    # The maps of the study are here those of a method: both tests have the same images, donors and rates.
    of_method = second["methods"][1 + list(registry.METHODS).index("culling")]["sizes"][0]
    for mine, theirs in zip(second["methods"][0]["sizes"][0]["classes"], of_method["classes"], strict=True):
        assert mine["reduced"] == theirs["reduced"]
        for one, other in zip(mine["rates"], theirs["rates"], strict=True):
            assert (one is None) == (other is None)  # the neutral class is not tested with the fill swap
            assert one is None or one["rows"]["the map"] == other["rows"]["the map"]


def test_a_new_method_is_one_file_and_one_line(tmp_path, monkeypatch):
    (tmp_path / "brightness.py").write_text(OWN_METHOD)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    monkeypatch.setitem(registry.METHODS, "brightness", "brightness")
    images, labels = torch.zeros(4, 1, 8, 8), np.array([0, 0, 1, 1])
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 2))
    found = find(registry.load("brightness"), network, images, labels, 2, weight=2.0)
    assert found.score.tolist() == [[2.0] * 34] * 2 and found.passes == 0
    assert found.settings == {"weight": 2.0}


def test_the_plan_of_the_benchmark_compares_all_methods():
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    update_config(config, yaml.safe_load((ROOT / "config" / "benchmark.yaml").read_text()))  # as Snakemake does
    plan = Plan(config)
    assert {plan.method(name)["method"] for name in plan.methods()} == set(registry.METHODS)
    assert len(plan.map_files()) == 29 * 16
    assert "results/benchmark/figures/method_truth_all.svg" in outputs.of_methods(plan)
    assert plan.method_modules("greedy") == [registry.module_of("greedy"), registry.module_of("gradient")]
    assert outputs.of_methods(Plan(config | {"plan": [{**config["plan"][0], "methods": []}]})) == []
