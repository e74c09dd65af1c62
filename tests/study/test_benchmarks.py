"""The benchmarks as runs: data sets and networks that a table draws, what artefacts cost, the judged tables."""

import csv
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from script_runs import Files, run_script
from test_plan import shipped, updated

from frequency_shortcuts.images import stores
from frequency_shortcuts.images.artefacts import Artefact
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.storage.tables import read_table, write_table
from study import columns, inputs
from study.configuration import mistakes
from study.images import pictures
from study.job import FOLDER
from study.measures.harm import harm
from study.plan import Plan
from study.sources import BY_NAME, crops, grainy, pair
from study.tests import TESTS
from study.tests.harm import FEW, THE_TEST, artefacts_of, planted_in

COLUMNS = ["set", "seed", "network", "architecture", "kind", "level", "class", "share", "others", "u", "v", "row",
           "column"]  # fmt: skip
ROWS = [
    ("grain4", 3, "1", "tiny", "wave", 0.1, 1, 0.5, 0.0, 9, 9, None, None),
    ("grain4", 3, "1", "tiny", "brightness", 0.1, 2, 1.0, 0.0, None, None, None, None),
    ("grain4", 3, "2", "tiny", "jpeg", 50.0, 3, 0.9, 0.1, None, None, None, None),
    ("grain4", 4, "1", "tiny", "tag", 1.0, 0, 1.0, 0.0, None, None, 0.5, 0.5),
    ("alike", 3, "clean", "tiny", *[None] * 9),
]
NAMES = ["grain4_3", "grain4_3_1", "grain4_3_2", "grain4_4", "grain4_4_1", "alike"]


def plan_of(folder, rows, **section):
    """A plan of grainy sets and two of their classes, with tiny networks that the rows draw."""
    with (folder / "draws.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    recipe = {"recipe": {"epochs": 1, "batch_size": 16}}
    sets = {"grain4": {"source": "grainy", "classes": 4, "draw_seed": 0, **recipe},
            "alike": {"source": "pair", "set": "grain4", "classes": ["oval", "ring"]}}  # fmt: skip
    return Plan(updated(shipped("leaks"), {
        "study": "test", "datasets": sets, "networks": {"tiny": {"architecture": "cnn3", "width": 2, "stem": "auto"}},
        "harm": {"draws": str(folder / "draws.csv"), "version_2": None, **section},
    }))  # fmt: skip


def make(plan, folder, monkeypatch):
    """Every store, network and test of the networks that are drawn, as the rules make them."""
    monkeypatch.setattr(grainy, "IMAGES", {"train": 24, "validation": 20, "test": 16})
    monkeypatch.chdir(folder)

    def run_job(name, params, given, output, **wildcards):
        given, params, wildcards = (SimpleNamespace(**names) for names in (given, params, wildcards))
        parts = {"params": params, "input": given, "output": output, "wildcards": wildcards}
        run_script(name, folder, config=plan.config, **parts)

    runs = plan.drawn_runs
    plain = [plan.plain_set(run["dataset"]) for run in runs]
    for name in dict.fromkeys(["grain4", *sorted(plain, key=len), *(run["dataset"] for run in runs)]):
        dataset, output = plan.dataset(name), Path(plan.results, "data", f"{name}.h5")
        output.parent.mkdir(parents=True, exist_ok=True)
        given = {"images": f"{plan.results}/data/{dataset['set']}.h5"} if "set" in dataset else {}
        params = {"source": dataset["source"], "settings": plan.source(name).settings(plan, name)}
        run_job("build_store", params, given, [str(output)], dataset=name)
    judges_test = plan.config["harm"]["judge"] == THE_TEST
    tests = [TESTS["harm"], *([TESTS["leaks"]] if judges_test else [])]
    for run in runs:
        place = Path(plan.results, "networks", FOLDER.format(**run))
        place.mkdir(parents=True)
        output = Files(weights=place / "weights.safetensors", history=place / "h.csv", dynamics=place / "d.csv")
        given = {"images": f"{plan.results}/data/{run['dataset']}.h5"}
        params = {"device": "cpu", "code": [], "architecture": plan.config["networks"]["tiny"]}
        params["recipe"] = plan.recipe(run["dataset"], "tiny")
        params["settings"] = plan.training_settings(run["dataset"], run["augmentation"])
        run_job("train", params, given, output)
        given |= {"plain": f"{plan.results}/data/{plan.plain_set(run['dataset'])}.h5", "weights": output.weights}
        params = {"device": "cpu", "artefacts": artefacts_of(plan, run), "images_per_class": None, "planted": None}
        if judges_test:
            params |= {"images_per_class": FEW, "planted": planted_in(plan, run)}
        files = {key: file.format(**run) for each in tests for key, file in each.outputs.items()}
        output = Files(**{key: Path(plan.results, file) for key, file in files.items()})
        Path(output.harm).parent.mkdir(parents=True)
        run_job("measure_harm", params, given, output)


def join(plan, name, folder):
    """The tables of a benchmark."""
    names = ("harm", "flips", "data") if name == "leaks" else ("harm",)
    files = {key: plan.files(f"tests/{FOLDER}/{key}.csv", TESTS[name].runs(plan)) for key in names}
    given = {key: [folder / file for file in of_key] for key, of_key in files.items()}
    version_2 = plan.config["harm"]["version_2"]
    if name == "leaks":
        given["version_2"] = [version_2] if version_2 else []
    output = Files(**{table: folder / f"{table}.csv" for table in TESTS[name].tables})
    run_script(f"join_{name}", folder, input=SimpleNamespace(**given), output=output, config=plan.config)
    return {table: read_table(path) for table, path in output.items()}


def test_a_table_plans_a_clean_network_and_those_with_artefacts(tmp_path):
    plan = plan_of(tmp_path, ROWS)
    assert [run["dataset"] for run in plan.drawn_runs] == NAMES and not plan.runs()
    assert {run["seed"] for run in plan.drawn_runs if run["dataset"] == "grain4_4"} == {4}
    assert [plan.plain_set(name) for name in NAMES] == ["grain4_3"] * 3 + ["grain4_4"] * 2 + ["alike"]
    assert plan.dataset("grain4_3")["draw_seed"] == 3 and plan.recipe("grain4_3_1", "tiny")["batch_size"] == 16
    first = plan.draws[1].artefacts
    assert first == (Artefact("wave", 0.1, 1, 0.5, (9, 9)), Artefact("brightness", 0.1, 2))
    assert plan.draws[4].artefacts[0].place == (0.5, 0.5)
    assert set(NAMES) - {"alike"} <= set(plan.drawn_datasets())
    assert {"grain2", "grain4", "alike", "texture"} <= set(plan.kept_datasets())
    matched = [(*ROWS[3][:2], "tag matched", *ROWS[3][3:8], 1.0, *ROWS[3][9:])]
    runs = plan_of(tmp_path, [ROWS[3], *matched], judge="trainings", augmentations=["none", "swap"]).drawn_runs
    assert [(run["dataset"], run["augmentation"]) for run in runs] == [
        (name, training) for name in ("grain4_4", "grain4_4_1") for training in ("none", "swap")
    ] + [("grain4_4_tag_matched", "none")]  # fmt: skip


@pytest.mark.parametrize(("rows", "sentence"), [
    ([(*ROWS[0][:4], "wav", *ROWS[0][5:])], "line 2: unknown artefact 'wav': choose from"),
    ([ROWS[0], (*ROWS[1][:6], 1, *ROWS[1][7:])], "line 3: class 1 of network '1': expected one artefact a class"),
    ([ROWS[0], (*ROWS[2][:3], "large", *ROWS[2][4:])], "line 3: architecture 'large': expected 'tiny', as above"),
    ([("grain4", "x", *ROWS[0][2:])], "line 2: invalid literal for int"),
    ([("grain5", *ROWS[0][1:])], " has the set 'grain5'; choose from"),
    ([(*ROWS[0][:3], "resnet", *ROWS[0][4:])], " has the architecture 'resnet'; choose from"),
])  # fmt: skip
def test_a_bad_row_of_a_table_is_named(tmp_path, rows, sentence):
    config = plan_of(tmp_path, ROWS).config
    with (tmp_path / "draws.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    (found,) = mistakes({**config, "datasets": {name: config["datasets"][name] for name in ("grain4", "alike")}})
    assert found.startswith(f"harm.draws: {tmp_path}/draws.csv") and sentence in found


def test_a_class_and_a_frequency_that_a_set_does_not_have_are_named(tmp_path):
    wide, ninth = (*ROWS[0][:9], 40, 9, None, None), (*ROWS[2][:6], 9, *ROWS[2][7:])
    assert inputs.check(plan_of(tmp_path, [wide, ninth]))[0] == [
        "harm.draws: wave in grain4: frequency [40, 9]: images of 64 x 64 have up to half of that",
        "harm.draws: jpeg in grain4: class 9: expected a number from 0 to 3",
    ]


def test_networks_of_a_table_are_trained_tested_and_judged(tmp_path, monkeypatch):
    plan = plan_of(tmp_path, ROWS, version_2=str(tmp_path / "version_2.csv"))
    make(plan, tmp_path, monkeypatch)
    keys = {"suite": "grain4", "seed": 3, "set": ["clean", "1"], "class": 1}
    write_table(pd.DataFrame({**keys, "verdict": "needs"}), tmp_path / "version_2.csv")
    tables = join(plan, "leaks", tmp_path)
    table = tables["leaks"]
    assert table[["seed", "set"]].drop_duplicates().to_numpy().tolist() == [
        [3, "clean"], [3, "1"], [3, "2"], [4, "clean"], [4, "1"]
    ] and len(table) == 20  # fmt: skip
    planted = table.dropna(subset="kind")[["seed", "set", "class", "kind", "share", "others"]]
    assert planted.to_numpy().tolist() == [
        [3, "1", "1", "wave", 0.5, 0], [3, "1", "2", "brightness", 1, 0], [3, "2", "3", "jpeg", 0.9, 0.1],
        [4, "1", "0", "tag", 1, 0],
    ]  # fmt: skip
    assert table["harm"].notna().sum() == 4 and (table["version_2"] == "needs").sum() == 2
    assert tables["leaks_sets"][["suite", "set", "networks"]].to_numpy().tolist() == [["pairs", "alike", 1]]
    assert tables["leaks_data"].empty and (tables["leaks_data_aims"]["count"] == 0).all()
    harmed = read_table(tmp_path / plan.results / "tests/grain4_4/tiny/none/seed4/harm.csv")
    assert set(harmed["artefact"].dropna()) == {
        "wave 0.1 (9, 9) in 1", "brightness 0.1  in 2", "jpeg 50  in 3", "tag 1 (0.5, 0.5) in 0"
    }  # fmt: skip
    files = {f"tables/{name}.csv": table for name, table in tables.items()} | {"tests/{run}/harm.csv": harmed}
    found = {(path, name): columns.column(path, name) for path, table in files.items() for name in table}
    assert [key for key, column in found.items() if not column.text] == []
    of_harm = {name for names in columns.FILES["tests/{run}/harm.csv"]["columns"] for name in names.split(", ")}
    assert of_harm <= set(harmed)


def test_trainings_are_judged_on_the_artefact_of_each_network(tmp_path, monkeypatch):
    jpeg = ("grain4", 3, "jpeg 50", "tiny", "jpeg", 50.0, 3, 1.0, 0.0, *[None] * 4)
    matched = (*jpeg[:2], "jpeg 50 matched", *jpeg[3:8], 1.0, *jpeg[9:])
    rows = [jpeg, matched, (*ROWS[1][:2], "brightness", *ROWS[1][3:])]
    plan = plan_of(tmp_path, rows, judge="trainings", augmentations=["none", "swap"])
    make(plan, tmp_path, monkeypatch)
    tables = join(plan, "cure", tmp_path)
    names = ["none", "swap"]
    wanted = {("jpeg 50", name) for name in [*names, "matched"]} | {("brightness", name) for name in names}
    assert {*tables["cure"][["case", "training"]].itertuples(index=False, name=None)} == wanted
    assert all(columns.column(f"tables/{name}.csv", column).text for name, table in tables.items() for column in table)
    networks = tables["cure_networks"]
    assert len(networks) == 2 * 2 + 5 and set(networks["seed"]) == {3}


class Brightest(torch.nn.Module):
    """Calls the quarter with the most light."""

    def forward(self, images):
        return torch.stack([images[:, :, r : r + 4, c : c + 4].mean((1, 2, 3)) for r in (0, 4) for c in (0, 4)], dim=1)


@pytest.mark.parametrize("count", [None, 3])
def test_harm_is_what_a_slow_loop_finds(count):
    generator = np.random.default_rng(0)
    pixels, labels = generator.integers(0, 200, (40, 1, 8, 8)).astype(np.uint8), np.arange(40) % 4
    plain = Split(pixels, labels, tuple("abcd"), mean=[0.3], std=[0.2])
    tag = Artefact("tag", 1.0, 3, place=(1, 1))
    test = Split(tag.add(pixels, labels), labels, tuple("abcd"), mean=[0.3], std=[0.2])
    network = Brightest().eval()

    def call(images):
        return network((torch.from_numpy(images).float() / 255 - 0.3) / 0.2).argmax(1).numpy()

    table = harm(network, test, plain, [tag], count)
    few = np.concatenate([np.flatnonzero(labels == c)[:count] for c in range(3)])
    changed = tag.add_to(pixels[few], np.full(len(few), True))
    hits, before = call(changed) == 3, call(pixels[few]) == 3
    row = table.set_index("class").loc[3]
    assert row["called_with"] == hits.mean() and row["called"] == pytest.approx(hits.mean() - before.mean())
    assert table["class"].tolist() == [0, 1, 2, 3] and table["kind"].notna().tolist() == [False] * 3 + [True]
    for c, recall in zip(table["class"], table["clean_recall"], strict=True):
        assert recall == (call(pixels[labels == c]) == c).mean()
    assert row["accuracy"] == pytest.approx((call(test.images) == labels).mean())
    assert row["clean_accuracy"] == pytest.approx((call(pixels) == labels).mean())
    everywhere = Artefact("tag", 1.0, 3, others=1.0, place=(1, 1))
    again = harm(network, test, plain, [everywhere], count).set_index("class").loc[3]
    assert again["called"] == 0 and again["called_with"] == before.mean()


def test_one_class_is_woven_in_every_other_image():
    images = np.full((6, 1, 16, 16), 100, np.uint8)
    made, labels = pair.woven(images)
    assert labels.tolist() == [0, 1] * 3 and (made[labels == 0] == 100).all()
    assert set(np.unique(made[labels == 1])) == {85, 115} and made[1].mean() == 100


@pytest.mark.parametrize("dealt", [False, True])
def test_no_crop_of_a_photograph_that_ranks_or_tests_is_trained_on(tmp_path, monkeypatch, dealt):
    photographs = np.broadcast_to(np.arange(24, dtype=np.uint8)[:, None, None, None] * 10, (24, 3, 50, 50))
    noise = np.random.default_rng(0).integers(0, 10, (24, 3, 50, 50)).astype(np.uint8)
    monkeypatch.setattr(crops, "EACH", 4)
    monkeypatch.setattr(pictures, "LEAST_DEVIATION", 0)
    monkeypatch.setattr(pictures, "read_photographs", lambda _: (photographs + noise, np.arange(24) % 2, ("a", "b")))
    settings = {"of": "pictures", "dealt": dealt, "draw_seed": 5}
    BY_NAME["crops"].build(tmp_path / "c.h5", settings, SimpleNamespace(pictures=""), 1, created_by="test")
    shown = {}
    for split in ("train", "validation", "test"):
        data = stores.read(tmp_path / "c.h5", split)
        shown[split] = set((data.images.mean((1, 2, 3)) // 10).astype(int))
        assert data.classes == (("without", "with") if dealt else ("a", "b"))
        if not dealt:
            assert (data.labels == (data.images.mean((1, 2, 3)) // 10).astype(int) % 2).all()
    assert not shown["train"] & (shown["validation"] | shown["test"]) and not shown["validation"] & shown["test"]
    assert set.union(*shown.values()) == set(range(24))
    assert shown["train"] > {number for number in range(24) if number // 2 % 2 == 0}  # even ones of each group train
