"""The tables of tests hold the rows that the plan expects; a table that lacks some is named."""

import copy
import re

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from snakemake.utils import update_config
from torch import nn

from conftest import ROOT
from frequency_shortcuts.data import planted, stores
from frequency_shortcuts.evaluation import comparison, corrupted, curves, phase, shortcuts, usage, verdicts
from frequency_shortcuts.evaluation.method_scores import score_methods
from frequency_shortcuts.evaluation.truth import planted as planted_truth
from frequency_shortcuts.findings import study_tables
from frequency_shortcuts.networks.dynamics import Dynamics
from frequency_shortcuts.networks.recipe import Recipe
from frequency_shortcuts.networks.training import train
from frequency_shortcuts.spectrum import masks
from frequency_shortcuts.storage.tables import RUN, read_table, write_table
from study.expected_rows import ExpectedRows
from study.job import FOLDER
from study.plan import Plan
from study.testing import with_names

SIZE = 16
CONFIG = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
update_config(CONFIG, yaml.safe_load((ROOT / "config" / "test.yaml").read_text()))
CONFIG |= {
    # The same images under three names: a synthetic set, a planted one, and photographs.
    "plan": [
        {"datasets": ["syn_2", "plant_present", "photos"], "networks": ["small"], "augmentations": ["none"],
         "seeds": [0, 1], "methods": ["low_pass", "random"]}
    ],
    "datasets": {
        **{name: CONFIG["datasets"][name] for name in ("syn_2", "plant_present")}, "photos": {"source": "store"},
    },
    "networks": {"small": {}},
    "transfer": [{"dataset": "photos", "maps_of": "small/none", "tested_on": "small/none"}],
}  # fmt: skip
CONFIG["shortcuts"] |= {"controls": 2, "radial": None, "others": 1, "images_per_class": None, "negatives": None}
CONFIG["robustness"]["cutoffs"] = [2, 8, 100]  # the last is beyond the corner
TRAINING = {"epochs": 2, "images_per_class": 4, "dynamics": {"iterations": 5, "every": 2, "cutoff": 4.0}}
for kind in ("synthetic", "planted", "photographs"):
    CONFIG["training"][kind] = {**copy.deepcopy(TRAINING), "validation_per_class": None}
CONFIG["training"]["recipe"]["batch_size"] = 4
PLAN = Plan(CONFIG)


def folder_of(root, dataset, seed=0):
    return root / FOLDER.format(dataset=dataset, network="small", augmentation="none", seed=seed)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The tables of all tests of one run of each data set, as the library makes them: (test, data set) -> file."""
    root = tmp_path_factory.mktemp("tables")
    design = planted.Design("present", size=SIZE, channels=1, pairs=3, rings=((2, 4), (4, 6)))
    splits = {split: planted.images(design, 4, seed) for seed, split in enumerate(("train", "validation", "test"))}
    about = {"classes": design.classes, "source": "planted", "created_by": "test"}
    stores.write(root / "photos.h5", splits, **about)
    truth = {"planted": design.planted(), "planted_about": design.about()}
    for name in ("syn_2", "plant_present"):
        stores.write(root / f"{name}.h5", splits, **about, **truth)
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 3))
    found = {}
    for dataset in PLAN.datasets():
        run = {"dataset": dataset, "network": "small", "augmentation": "none", "seed": 0}
        data, name = stores.read(root / f"{dataset}.h5", "test"), "/".join(map(str, run.values()))
        with h5py.File(root / "syn_2.h5") as file:
            planes = planted_truth(file)
        maps = planes["any"]
        mask = dict.fromkeys(CONFIG["dfm"]["percents"], maps)
        methods = dict.fromkeys(PLAN.methods(**run), mask)
        settings = PLAN.section("robustness", "cutoffs", "band_width")
        tables = {
            "shortcuts": shortcuts.measure(network, data, maps, run=name, **PLAN.shortcut_settings()),
            "phase": phase.measure(network, data, maps, run=name),
            "curves": curves.filtered_recall(network, data, **settings),
            "corruptions": corrupted.corrupted_recall(network, data, names=CONFIG["robustness"]["corruptions"]),
            "method_rates": comparison.compare(network, data, methods, run=name, **PLAN.comparison_settings(dataset)),
        }
        if dataset == "syn_2":
            bands = masks.bands(SIZE, SIZE, CONFIG["synthesis"]["band_edges"])
            tables["bandstop"] = shortcuts.band_stop(network, data, bands)
        if dataset == "photos":
            ood = shortcuts.measure(
                network, data, maps, run=name, false_positives=False,
                **PLAN.shortcut_settings(parts=["keep"], fills=CONFIG["ood"]["fills"]),
            )  # fmt: skip
            tables["ood"] = pd.concat([ood.assign(rendition=one) for one in PLAN.renditions(dataset)])
            tables["method_scores"] = pd.DataFrame({"method": list(methods), "passes": 3, "truth": None})
        else:
            tables["planted_use"] = usage.planted_use(network, data, planes["own"], neutral=0)
            scored = dict.fromkeys(methods, np.random.default_rng(0).random((3, SIZE, SIZE)))
            tables["method_scores"] = score_methods(scored, planes, draws=2)
        done = train(
            copy.deepcopy(network), stores.read(root / f"{dataset}.h5", "train"), data,
            Recipe(epochs=TRAINING["epochs"], batch_size=4), seed=0, dynamics=Dynamics(data, **TRAINING["dynamics"]),
        )  # fmt: skip
        tables |= {"history": done.history, "dynamics": done.dynamics}
        for test, table in tables.items():
            path = found[test, dataset] = folder_of(root, dataset) / f"{test}.csv"
            table = with_names(table, data.classes, *({"class", "true_class", "called_class"} & set(table)))
            write_table(table, path, **run)
    pairs = read_table(found["shortcuts", "photos"]).query("part == 'keep'").drop(columns=RUN)
    ends = [f"small/none/seed{seed}" for seed in (0, 1)]
    pairs = pd.concat([pairs.assign(dataset="photos", maps_of=end, tested_on=end) for end in ends])
    write_table(pairs, root / "transfer.csv")
    found["transfer", "photos"] = root / "transfer.csv"
    return found


@pytest.fixture
def planned(written):
    root = written["transfer", "photos"].parent
    return ExpectedRows(PLAN, [str(root / f"{name}.h5") for name in PLAN.datasets()])


def read(planned, test, path):
    return planned.read_transfer(path) if test == "transfer" else planned.read_runs(test, [path])


@pytest.mark.slow
def test_whole_tables_are_read_as_they_are(written, planned):
    for (test, _), path in written.items():
        pd.testing.assert_frame_equal(read(planned, test, path), read_table(path))


@pytest.mark.slow
def test_a_table_that_was_cut_anywhere_is_named(written, planned, tmp_path):
    """At line ends and other places of each table, among them nothing, and the heading alone."""
    generator, cuts = np.random.default_rng(0), 0
    for (test, dataset), path in written.items():
        whole = path.read_bytes()
        ends = np.array([place.end() for place in re.finditer(b"\n", whole)])[:-1]
        some = [0, ends[0], ends[-1], *generator.choice(ends, min(20, len(ends)), replace=False)]
        some += generator.integers(1, len(whole) - 1, 10).tolist()
        copied = folder_of(tmp_path, dataset) / path.name
        copied.parent.mkdir(parents=True, exist_ok=True)
        for length in some:
            copied.write_bytes(whole[:length])
            with pytest.raises(ValueError, match=rf"^{copied}.*delete it and run again$"):
                read(planned, test, copied)
            cuts += 1
    assert cuts > 500


@pytest.mark.slow
def test_the_table_of_another_run_and_rows_that_are_there_twice_are_named(written, planned, tmp_path):
    path = written["shortcuts", "photos"]
    other = folder_of(tmp_path, "photos", seed=1) / "shortcuts.csv"
    other.parent.mkdir(parents=True)
    other.write_bytes(path.read_bytes())
    with pytest.raises(
        ValueError, match=rf"^{other} holds 0 of 1 rows of dataset photos, .* seed 1, class C0, part keep"
    ):
        planned.read_runs("shortcuts", [other])
    table = read_table(path)
    again = folder_of(tmp_path, "photos") / "shortcuts.csv"
    random = table.index[table["filter"] == "random"]
    write_table(pd.concat([table, table.loc[random[:1]]]), again)
    with pytest.raises(
        ValueError, match=r"holds 3 of 2 rows of .*filter random: it was cut short, or is that of other"
    ):
        planned.read_runs("shortcuts", [again])
    write_table(pd.concat([table.drop(random[1]), table.loc[random[:1]]]), again)  # one draw twice instead of two
    with pytest.raises(ValueError, match=rf"^{again} holds a row twice: delete"):
        planned.check_runs("shortcuts", [again])


@pytest.mark.slow
def test_more_draws_in_the_configuration_than_in_the_table_are_noticed(written):
    config = copy.deepcopy(CONFIG)
    config["shortcuts"]["controls"] = 3
    path = written["shortcuts", "photos"]
    planned = ExpectedRows(Plan(config), [str(path.parents[4] / "photos.h5")])
    with pytest.raises(ValueError, match=r"holds 2 of 3 rows of .*filter random"):
        planned.read_runs("shortcuts", [path])


@pytest.mark.slow
def test_joined_tables_hold_all_runs(written, planned, tmp_path):
    """Each joined table passes when whole, and is named when its last row is missing."""

    def all_runs(test):
        tables = [
            read_table(written[test, run["dataset"]]).assign(seed=run["seed"])
            for run in PLAN.runs()
            if (test, run["dataset"]) in written
        ]
        return pd.concat(tables)

    joined = {test: all_runs(test) for test in ("dynamics", "bandstop", "corruptions", "planted_use")}
    joined["networks"] = pd.DataFrame(PLAN.runs())
    joined["shortcuts"] = study_tables.verdict_table(all_runs("shortcuts"), 0.6)
    joined["ood"] = study_tables.mean_over_draws(all_runs("ood"), [*RUN, "rendition"], ["tpr"])
    pairs = ["dataset", "maps_of", "tested_on"]
    transfer = read_table(written["transfer", "photos"])
    joined["transfer"] = study_tables.mean_over_draws(transfer, pairs, ["tpr", "fpr"])
    path = tmp_path / "table.csv"
    for name, table in joined.items():
        write_table(table, path)
        assert len(planned.read_joined(name, path)) == len(table)
        for count in (1, len(table) // 2):
            write_table(table.iloc[:-count], path)
            with pytest.raises(ValueError, match=rf"^{path} holds \d+ of \d+ rows of .*: it was cut short"):
                planned.read_joined(name, path)
    assert set(verdicts.over_seeds(joined["shortcuts"])["seeds"]) == {2}
