"""The benchmarks as runs: data sets and networks that a table draws, what artefacts cost, the judged tables."""

import csv
import itertools
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from configurations import shipped, updated
from script_runs import Files, run_script

from benchmarks import draws
from benchmarks.harm import harm
from conftest import ROOT
from frequency_shortcuts.analysis.subject import AnalysedNetwork
from frequency_shortcuts.images.artefacts import Artefact
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.storage.tables import RUN, read_table
from study import columns, datasets, settings
from study.configuration import mistakes
from study.sources import grainy, source_of

COLUMNS = ["set", "seed", "network", "architecture", "kind", "level", "class", "share", "others", "u", "v", "row",
           "column"]  # fmt: skip
ROWS = [
    ("grain4", 3, "1", "tiny", "wave", 0.1, 1, 0.5, 0.0, 9, 9, None, None),
    ("grain4", 3, "1", "tiny", "brightness", 0.1, 2, 1.0, 0.0, None, None, None, None),
    ("grain4", 3, "2", "tiny", "jpeg", 50.0, 3, 0.9, 0.1, None, None, None, None),
    ("grain4", 4, "1", "tiny", "tag", 1.0, 0, 1.0, 0.0, None, None, 0.5, 0.5),
    ("grain2", 3, "clean", "tiny", *[None] * 9),
]
NAMES = ["grain4_3", "grain4_3_1", "grain4_3_2", "grain4_4", "grain4_4_1", "grain2_3"]
RESULTS = Path("results", "test")
TABLES = {
    "leaks": ["leaks", "leaks_aims", "leaks_data", "leaks_data_aims"],
    "cure": ["cure", "cure_networks", "cure_aims"],
}


class Benchmark:
    """A benchmark on grainy sets of four and of two classes, with tiny networks that the rows draw.

    trainings : of each network; by default the exchange test is judged
    """

    def __init__(self, folder, rows, trainings=None):
        write_draws(folder, rows)
        recipe = {"recipe": {"epochs": 1, "batch_size": 16}}
        sets = {
            "grain4": {"source": "grainy", "classes": 4, "draw_seed": 0, **recipe},
            "grain2": {"source": "grainy", "classes": 2, "draw_seed": 0, **recipe},
        }
        networks = {"tiny": {"architecture": "cnn3", "width": 2, "stem": "auto"}}
        config = updated(
            shipped("leaks"), {"study": "test", "datasets": sets, "networks": networks}
        )
        drawn = draws.read(str(folder / "draws.csv"))
        config["drawn"] = dict(draws.datasets(drawn, config["datasets"]))
        self.config = datasets.complete(config)
        self.networks = draws.table(drawn, config["datasets"], trainings or ["none"])
        self.judges_test = trainings is None

    def rows(self):
        return self.networks.to_dict("records")


def write_draws(folder, rows):
    with (folder / "draws.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])


def make(benchmark, folder, monkeypatch):
    """Every store, network and test of the networks that are drawn, as the rules make them."""
    monkeypatch.setattr(grainy, "IMAGES", {"train": 24, "validation": 20, "test": 16})
    monkeypatch.chdir(folder)
    config = benchmark.config

    def run_job(name, params, given, output, **wildcards):
        given, params, wildcards = (
            SimpleNamespace(**names) for names in (given, params, wildcards)
        )
        parts = {"params": params, "input": given, "output": output, "wildcards": wildcards}
        run_script(name, folder, config=config, **parts)

    def store(name):
        return str(RESULTS / "data" / f"{name}.h5")

    (RESULTS / "data").mkdir(parents=True)
    plain = sorted({row["plain"] for row in benchmark.rows()}, key=len)
    for name in dict.fromkeys(["grain4", *plain, *benchmark.networks["dataset"]]):
        source = source_of(config, name)
        given = {
            key: path.replace("<results>", str(RESULTS)) for key, path in source.files().items()
        }
        params = {
            "source": config["datasets"][name]["source"],
            "settings": source.settings(),
        }
        run_job("build_store", params, given, [store(name)], dataset=name)
    for row in benchmark.rows():
        place = RESULTS / "networks" / row["dataset"] / row["run"]
        place.mkdir(parents=True)
        output = Files(
            weights=place / "weights.safetensors", history=place / "h.csv", dynamics=place / "d.csv"
        )
        given = {"images": store(row["dataset"])}
        params = {"code": [], "architecture": config["networks"]["tiny"]}
        params["recipe"] = settings.recipe(config, row["dataset"], "tiny")
        params["settings"] = settings.training(config, row["dataset"], row["augmentation"])
        run_job("train", params, given, output)
        given |= {"plain": store(row["plain"]), "weights": output.weights}
        alike = "architecture" if benchmark.judges_test else "seed"
        artefacts = draws.tested_artefacts(benchmark.networks, row, alike=alike)
        params = {"artefacts": artefacts, "planted": draws.of_one_class(row)}
        place = RESULTS / "tests" / row["dataset"] / row["run"]
        place.mkdir(parents=True)
        files = {"harm": "harm.csv"}
        if benchmark.judges_test:
            files = {
                "answers": "exchanges.h5",
                "exchanges": "exchanges.csv",
                "data": "data.csv",
                **files,
            }
        output = Files(**{key: place / file for key, file in files.items()})
        run_job("benchmarks/measure_harm", params, given, output)
        if not benchmark.judges_test and row["augmentation"] == "none":
            output = Files(refit=place / "refit.csv")
            run_job("benchmarks/cure/measure_refit", params, given, output)


def join(benchmark, name, folder):
    """The tables of a benchmark, from the folder of its results."""
    given = {}
    for key in ("harm", "exchanges", "data") if name == "leaks" else ("harm",):
        pattern = f"{RESULTS}/tests/{{dataset}}/{{run}}/{key}.csv"
        given[key] = [folder / file for file in draws.files(benchmark.networks, pattern)]
    networks = benchmark.networks
    if name == "cure":
        plain = networks.query("augmentation == 'none'")
        pattern = f"{RESULTS}/tests/{{dataset}}/{{run}}/refit.csv"
        given["refit"] = [folder / file for file in draws.files(plain, pattern)]
    if name == "leaks":
        networks = networks[[*RUN, "suite", "set", "architecture"]]
    output = Files(**{table: folder / f"{table}.csv" for table in TABLES[name]})
    params = SimpleNamespace(networks=networks.to_dict("records"))
    parts = {
        "input": SimpleNamespace(**given),
        "output": output,
        "params": params,
        "config": benchmark.config,
    }
    run_script(f"benchmarks/{name}/join", folder, **parts)
    return {table: read_table(path) for table, path in output.items()}


@pytest.mark.parametrize("name", ["leaks", "cure", "methods"])
def test_the_configurations_of_the_benchmarks_are_right(name):
    config, table = updated(shipped(name)), ROOT / "benchmarks" / name / "draws.csv"
    if table.exists():
        config["drawn"] = dict(draws.datasets(draws.read(str(table)), config["datasets"]))
    assert mistakes(config) == []


def test_a_table_plans_a_clean_network_and_those_with_artefacts(tmp_path):
    benchmark = Benchmark(tmp_path, ROWS)
    networks, config = benchmark.networks, benchmark.config
    assert networks["dataset"].tolist() == NAMES and not config["plan"]
    assert set(networks.loc[networks["dataset"] == "grain4_4", "seed"]) == {4}
    assert networks["plain"].tolist() == ["grain4_3"] * 3 + ["grain4_4"] * 2 + ["grain2_3"]
    assert config["datasets"]["grain4_3"]["draw_seed"] == 3
    assert settings.recipe(config, "grain4_3_1", "tiny")["batch_size"] == 16
    assert len(draws.read(str(tmp_path / "draws.csv"), seeds=(4, 5))) == 2
    drawn = draws.read(str(tmp_path / "draws.csv"))
    assert drawn[1].artefacts == (
        Artefact("wave", 0.1, 1, 0.5, (9, 9)),
        Artefact("brightness", 0.1, 2),
    )
    assert drawn[4].artefacts[0].place == (0.5, 0.5)
    assert set(NAMES) == set(config["drawn"])
    named = {
        name: dataset for name, dataset in config["datasets"].items() if name not in config["drawn"]
    }
    assert mistakes({**config, "datasets": named}) == []
    networks = Benchmark(tmp_path, [ROWS[3]], ["none", "swap"]).networks
    assert networks[["dataset", "augmentation"]].to_numpy().tolist() == [
        [name, training] for name in ("grain4_4", "grain4_4_1") for training in ("none", "swap")
    ]


def test_networks_of_a_table_are_trained_tested_and_judged(tmp_path, monkeypatch):
    benchmark = Benchmark(tmp_path, ROWS)
    make(benchmark, tmp_path, monkeypatch)
    tables = join(benchmark, "leaks", tmp_path)
    table = tables["leaks"]
    assert table[["seed", "set"]].drop_duplicates().to_numpy().tolist() == [
        [3, "clean"], [3, "1"], [3, "2"], [4, "clean"], [4, "1"]
    ] and len(table) == 22  # fmt: skip
    planted = table.dropna(subset="kind")[["seed", "set", "class", "kind", "share", "others"]]
    assert planted.to_numpy().tolist() == [
        [3, "1", "1", "wave", 0.5, 0], [3, "1", "2", "brightness", 1, 0], [3, "2", "3", "jpeg", 0.9, 0.1],
        [4, "1", "0", "tag", 1, 0],
    ]  # fmt: skip
    assert table["harm"].notna().sum() == 4
    assert set(tables["leaks_aims"]["images"]) == {"grain4", "grain2"}
    assert tables["leaks_data"].empty and (tables["leaks_data_aims"]["count"] == 0).all()
    harmed = read_table(RESULTS / "tests/grain4_4/tiny/none/seed4/harm.csv")
    assert set(harmed["artefact"].dropna()) == {
        "wave 0.1 (9, 9) in 1", "brightness 0.1  in 2", "jpeg 50  in 3", "tag 1 (0.5, 0.5) in 0"
    }  # fmt: skip
    files = {f"tables/{name}.csv": table for name, table in tables.items()} | {
        "tests/{run}/harm.csv": harmed
    }
    found = {
        (path, name): columns.column(path, name) for path, table in files.items() for name in table
    }
    assert [key for key, column in found.items() if not column.text] == []
    of_harm = {
        name
        for names in columns.FILES["tests/{run}/harm.csv"]["columns"]
        for name in names.split(", ")
    }
    assert of_harm <= set(harmed)


def test_trainings_are_judged_on_the_artefact_of_each_network(tmp_path, monkeypatch):
    jpeg = ("grain4", 3, "jpeg 50", "tiny", "jpeg", 50.0, 3, 1.0, 0.0, *[None] * 4)
    rows = [jpeg, (*ROWS[1][:2], "brightness", *ROWS[1][3:])]
    benchmark = Benchmark(tmp_path, rows, ["none", "swap"])
    # Networks that learn nothing within an epoch are refused by the analysis.
    monkeypatch.setattr(AnalysedNetwork, "measure", lambda *_: (0.5, 0.001, 16))
    make(benchmark, tmp_path, monkeypatch)
    tables = join(benchmark, "cure", tmp_path)
    cures = ("none", "swap", "refit")
    wanted = {*itertools.product(("jpeg 50", "brightness"), cures)}
    assert {*tables["cure"][["case", "training"]].itertuples(index=False, name=None)} == wanted
    assert all(
        columns.column(f"tables/{name}.csv", column).text
        for name, table in tables.items()
        for column in table
    )
    networks = tables["cure_networks"]
    assert len(networks) == 3 * 4 and set(networks["seed"]) == {3}
    refitted = networks[networks["training"] == "refit"]
    assert (refitted["parts"] != "").all()


class Brightest(torch.nn.Module):
    """Calls the quarter with the most light."""

    def forward(self, images):
        return torch.stack(
            [images[:, :, r : r + 4, c : c + 4].mean((1, 2, 3)) for r in (0, 4) for c in (0, 4)],
            dim=1,
        )


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
    assert row["called_with"] == hits.mean() and row["called"] == pytest.approx(
        hits.mean() - before.mean()
    )
    assert table["class"].tolist() == [0, 1, 2, 3] and table["kind"].notna().tolist() == [
        False
    ] * 3 + [True]
    for c, recall in zip(table["class"], table["clean_recall"], strict=True):
        assert recall == (call(pixels[labels == c]) == c).mean()
    assert row["accuracy"] == pytest.approx((call(test.images) == labels).mean())
    assert row["clean_accuracy"] == pytest.approx((call(pixels) == labels).mean())
