"""The whole DAG on config/test.yaml: the contract of every file, second runs, and what an edit runs again."""

import os
import re
import shutil
from functools import partial

import h5py
import nbformat
import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from conftest import PICTURES
from frequency_shortcuts import adcs, dfm, spectrum
from frequency_shortcuts.data import stores
from frequency_shortcuts.evaluation import phase_verdicts, truth
from frequency_shortcuts.evaluation.cross import own_map_advantage
from frequency_shortcuts.evaluation.hits import rates, read_hits
from frequency_shortcuts.findings import definitions, judge
from frequency_shortcuts.maps import exchange
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.weights import identity
from frequency_shortcuts.storage.checksums import read_hdf5, verify_checksum
from frequency_shortcuts.storage.tables import RUN, read_table
from ro_crates import entities, violations
from study.crate import changed
from study.figures import FIGURES
from study.outputs import CRATE
from study.testing import with_names

RUNS = [
    "syn_2/resnet18/none/seed0",
    "syn_2/resnet18/none/seed1",
    "fashion_mnist/resnet18/none/seed0",
    "fashion_mnist/resnet18/autoaugment/seed0",
    "pictures/resnet18/sin/seed0",
    "plant_present/resnet18/none/seed0",
]
PLANNED = [*RUNS[:4], RUNS[5], RUNS[4]]  # in the order of the plan
SHAPES = {"syn_2": (4, 3, 32), "fashion_mnist": (10, 1, 32), "pictures": (3, 3, 24), "plant_present": (4, 3, 32)}
NEUTRAL = {"syn_2": "C0", "plant_present": "C0"}


def of(run):
    return SHAPES[run.split("/")[0]]


@pytest.mark.parametrize("dataset", SHAPES)
def test_image_stores_keep_the_contract(study, dataset):
    n_classes, channels, size = SHAPES[dataset]
    with h5py.File(study.results / "data" / f"{dataset}.h5") as file:
        for split in ("train", "validation", "test"):
            pictures, labels = file[split]["images"], file[split]["labels"]
            assert pictures.dtype == np.uint8 and pictures.shape == (len(labels), channels, size, size)
            assert pictures.chunks is None
            assert labels.dtype == np.int64 and set(labels[:]) == set(range(n_classes))
        assert len(file.attrs["classes"]) == n_classes
        assert file.attrs["mean"].shape == file.attrs["std"].shape == (channels,)
        assert {"source", "checksum", "created_by"} <= set(file.attrs)
        assert ("planted" in file) == (dataset in NEUTRAL)
        if dataset == "syn_2":
            assert file["planted/control_band"].shape == (size, size) and file.attrs["layout"] == "centred"
            assert file["planted/patterns"].shape == (4, size, size) and file["planted/patterns"].dtype == bool


def test_fashion_mnist_is_whole(study):
    with h5py.File(study.results / "data" / "fashion_mnist.h5") as file:
        sizes = {split: len(file[split]["labels"]) for split in ("train", "validation", "test")}
    assert sizes == {"train": 54_000, "validation": 6_000, "test": 10_000}


def test_the_undecodable_picture_is_counted_and_named(study):
    log = (study.results / "logs" / "folder" / "pictures.log").read_text()
    assert "skipped pictures/dots/broken.png, which does not decode" in log and ", 1 skipped" in log
    with h5py.File(study.results / "data" / "pictures.h5") as file:
        assert "1 undecodable images skipped" in file.attrs["source"]
        assert sum(len(file[split]["labels"]) for split in ("train", "validation", "test")) == 24


def test_the_stylised_twins_lie_beside_the_training_images(study):
    with h5py.File(study.results / "data" / "pictures.h5") as file:
        assert file["train/stylised"].shape == file["train/images"].shape and "stylised" not in file["test"]
        # conftest drew each twin as the negative of a picture.
        assert np.abs(255 - file["train/stylised"][:].astype(int) - file["train/images"][:]).mean() < 15


@pytest.mark.parametrize("rendition", ["inverted", "texture"])
def test_renditions_match_the_test_images(study, rendition):
    twin = stores.read(study.results / "data" / "ood" / "fashion_mnist" / f"{rendition}.h5", "test")
    test = stores.read(study.results / "data" / "fashion_mnist.h5", "test", 4)
    assert np.array_equal(twin.labels, test.labels) and twin.classes == test.classes
    assert np.array_equal(twin.mean, test.mean) and np.array_equal(twin.std, test.std)
    assert twin.images.shape == test.images.shape and not np.array_equal(twin.images, test.images)


@pytest.mark.parametrize("dataset", SHAPES)
def test_adcs_is_that_of_the_stored_test_images(study, dataset):
    n_classes, channels, size = SHAPES[dataset]
    test = stores.read(study.results / "data" / f"{dataset}.h5", "test")
    seen, _ = test.tensors()
    with h5py.File(study.results / "adcs" / f"{dataset}.h5") as file:
        amplitude, values = file["mean_amplitude"][:], file["adcs"][:]
        assert file.attrs["layout"] == "centred" and file.attrs["split"] == "test"
        assert np.array_equal(file["count"], np.bincount(test.labels))
        error, significant = file["standard_error"][:], file["adcs_significant"][:]
        assert file.attrs["shown"] == "adcs"
    assert amplitude.dtype == np.float64 and amplitude.shape == (n_classes, channels, size, size)
    slow = np.abs(np.fft.fftshift(np.fft.fft2(seen[test.labels == 1].double().numpy()), axes=(-2, -1))).mean(axis=0)
    assert np.allclose(amplitude[1], slow, rtol=1e-4, atol=1e-4)  # the file was computed in float32
    assert values.dtype == np.int16 and np.array_equal(values, adcs.accumulate(amplitude))
    assert significant.dtype == np.int16
    assert np.array_equal(significant, adcs.accumulate_significant(amplitude, error))


@pytest.mark.parametrize("run", RUNS)
def test_training_leaves_weights_history_and_dynamics(study, run):
    folder = study.results / "networks" / run
    assert architectures.load(folder / "weights.safetensors").fc.out_features == of(run)[0]
    assert sorted(path.name for path in folder.iterdir()) == ["dynamics.csv", "history.csv", "weights.safetensors"]
    history, dynamics = pd.read_csv(folder / "history.csv"), pd.read_csv(folder / "dynamics.csv")
    assert list(history["epoch"]) == [0, 1] and "/".join(history.iloc[0, :3]) in run and history.notna().all(axis=None)
    assert set(dynamics["view"]) == {"full", "low-pass", "high-pass"}
    assert list(dynamics["iteration"].unique()) == [0, 2, 4][: dynamics["iteration"].nunique()]
    assert dynamics[["precision", "recall", "f1"]].apply(lambda score: score.between(0, 1)).all(axis=None)


@pytest.mark.parametrize("run", RUNS)
def test_dfm_files_keep_the_contract(study, run):
    n_classes, _, size = of(run)
    path = study.results / "dfm" / f"{run}.h5"
    with h5py.File(path) as file:
        assert file["loss_increment"].dtype == np.float32 and file["rank"].dtype == np.int32
        assert file["evaluated"].dtype == bool and file.attrs["layout"] == "centred"
        assert file.attrs["method"] == "screened" and file.attrs["split"] == "validation"
        assert file.attrs["fill"] == "zeros"
        weights = study.results / "networks" / run / "weights.safetensors"
        assert file.attrs["weights_sha256"] == identity(weights)
        assert file.attrs["baseline_loss"].shape == file.attrs["images_per_class"].shape == (n_classes,)
    found, pairs = dfm.read(path), spectrum.ConjugatePairs(size, size)
    assert list(found.masks) == [1, 5, 10, 20]
    for percent, mask in found.masks.items():
        assert mask.shape == (n_classes, size, size) and spectrum.symmetric(mask)
        assert np.array_equal(mask, dfm.dominant(pairs.gather(found.loss_increment), pairs, percent))
    assert np.array_equal(pairs.gather(found.rank), dfm.rank(pairs.gather(found.loss_increment)))
    assert pairs.gather(found.evaluated)[pairs.gather(found.masks[5])].all()
    about = found.attributes
    assert about["percent"] == 5 and about["target_recall"] == 0.98 and (about["expected_recall"] >= 0.98).all()
    assert (about["recall"] >= 0.98).all() and (about["recall_low"] <= about["recall"]).all()
    assert (about["passes"] <= len(pairs) * about["images_per_class"]).all()
    assert not list(path.parent.glob(f"{path.stem}.h5.*"))  # states


@pytest.mark.parametrize("run", [run for run in RUNS if run != RUNS[1]])
def test_the_smallest_seed_of_each_network_is_culled_on_two_halves(study, run):
    n_classes, _, size = of(run)
    path = study.results / "stability" / f"{run}.h5"
    whole = dfm.read(study.results / "dfm" / f"{run}.h5")
    with h5py.File(path) as file:
        assert sorted(file["mask"]) == ["top_1", "top_10", "top_20", "top_5"]
        for name, stored in file["mask"].items():
            assert stored.shape == (2, n_classes, size, size) and stored.dtype == bool
            assert spectrum.symmetric(stored[:]) and not np.array_equal(stored[0], stored[1]), name
        assert file.attrs["layout"] == "centred" and "created_by" in file.attrs
        # Together they are the images that ranked the pairs.
        assert np.array_equal(file.attrs["images_per_class"].sum(axis=0), whole.attributes["images_per_class"])
        assert file.attrs["weights_sha256"] == whole.attributes["weights_sha256"]
    assert not list(path.parent.glob("*.state"))


def test_other_seeds_are_culled_once(study):
    assert not (study.results / "stability" / f"{RUNS[1]}.h5").exists()


@pytest.fixture
def kept_files(study):
    """Calls with paths of results keep these files; they are restored, with their times, after the test."""
    kept = {}

    def keep(*paths):
        kept.update({path: (path.read_bytes(), path.stat()) for path in paths})

    yield keep
    for path, (content, status) in kept.items():
        path.write_bytes(content)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_the_truth_table_scores_every_run_class_and_ranking(study):
    table = pd.read_csv(study.results / "tables" / "truth.csv", keep_default_na=False, na_values=[""])
    names = ["dfm", "adcs", "adcs_high", "adcs_low", "dfm_size", "adcs_significant"]
    names += [
        "random",
        *(f"{kind}{name}" for kind in ("radial", "other") for name in ("", *(f"_{n}" for n in names[1:]))),
    ]
    at_truth, table = table[table["cut"] == "truth"], table[table["cut"] == "percent"]
    runs = table.groupby(["dataset", "seed"]).ngroups
    assert len(at_truth) == runs * (4 + 3) * len(names) and (at_truth["percent"] == 100 * at_truth["prevalence"]).all()
    assert set(table["ranking"]) == set(names) and set(table["percent"]) == {1, 5, 10, 20}
    assert len(table) == runs * 4 * 2 * len(names) * 4 and set(table["dataset"]) == {"syn_2", "plant_present"}
    with h5py.File(study.results / "data" / "syn_2.h5") as file:
        planted = truth.planted(file)
    nothing = table[(table["class"] == "C0") & (table["truth"] == "own")]
    assert (nothing["prevalence"] == 0).all()
    # Scores are there where the planted mask is used, and nowhere else.
    use = pd.read_csv(study.results / "tables" / "planted_use.csv").set_index(["dataset", "seed", "class"])["uses"]
    keys = pd.MultiIndex.from_frame(table[["dataset", "seed", "class"]])
    used = use.reindex(keys).eq(True).to_numpy()
    assert table.loc[~used, "average_precision"].isna().all() and not use.index.isin(["C0"], level=2).any()
    scores = table.loc[used, ["precision", "recall", "average_precision"]]
    assert scores.apply(lambda score: score.between(0, 1)).all(axis=None)
    mask = dfm.read_mask(study.results / "dfm" / f"{RUNS[1]}.h5", 10)
    selected = table.query("dataset == 'syn_2' and seed == 1 and ranking == 'dfm' and percent == 10")
    selected = selected.set_index(["truth", "class"])
    for name, masks in planted.items():
        for c in (1, 2, 3):
            row = selected.loc[(name, f"C{c}")]
            assert row["positions"] == mask[c].sum()
            if use["syn_2", 1, f"C{c}"]:
                assert row["precision"] == pytest.approx((mask[c] & masks[c]).sum() / mask[c].sum(), abs=1e-5)
                assert row["recall"] == pytest.approx((mask[c] & masks[c]).sum() / masks[c].sum(), abs=1e-5)


def test_the_stability_table_compares_every_two_runs_and_the_halves(study):
    table = pd.read_csv(study.results / "tables" / "stability.csv", keep_default_na=False)
    found = table.groupby(["dataset", "comparison"]).size().to_dict()
    assert found == {
        ("syn_2", "seeds"): 4 * 4, ("syn_2", "images"): 4 * 4,
        ("fashion_mnist", "augmentations"): 4 * 10, ("fashion_mnist", "images"): 2 * 4 * 10,
        ("pictures", "images"): 4 * 3,
        ("plant_present", "images"): 4 * 4,
    }  # fmt: skip
    left, right = (dfm.read_mask(study.results / "dfm" / f"{run}.h5", 5) for run in RUNS[2:4])
    selected = table.query("dataset == 'fashion_mnist' and comparison == 'augmentations' and percent == 5")
    assert list(selected["left"].unique()) == ["resnet18/none/seed0"] and selected["class"].nunique() == 10
    assert np.allclose(selected["iou"], spectrum.overlap(left, right), atol=1e-5)
    assert selected["left_positions"].tolist() == left.sum(axis=(1, 2)).tolist()
    assert table[["iou", "random", "radial"]].apply(lambda share: share.between(0, 1)).all(axis=None)


def test_cullings_by_several_jobs_give_the_same_files(study):
    """Of all images, and of both halves of them."""
    (study.root / "parts.yaml").write_text(yaml.safe_dump({"study": "parts", "culling": {"parts": 2}}))
    files = [f"{folder}/syn_2/resnet18/none/seed0.h5" for folder in ("dfm", "stability")]
    targets = [f"results/parts/{file}" for file in files]
    done = study.snakemake(*targets, "--cores", "all", extra=["parts.yaml"])
    assert done.returncode == 0 and done.stdout.count("Culling the frequencies") == 3 * 2, done.stdout
    assert not list((study.root / "results" / "parts" / "dfm").rglob("*part*"))
    for file, count in zip(files, (7, 4), strict=True):
        whole, joined = (h5py.File(study.root / "results" / name / file) for name in ("test", "parts"))
        with whole, joined:
            names = []
            whole.visititems(
                lambda name, item, names=names: names.append(name) if isinstance(item, h5py.Dataset) else None
            )
            assert all(np.array_equal(whole[name], joined[name]) for name in names) and len(names) == count
            assert set(whole.attrs) == set(joined.attrs)
            for name in set(whole.attrs) - {"created_by"}:
                assert np.array_equal(whole.attrs[name], joined.attrs[name]), name


def test_culling_and_testing_use_different_images(study):
    ranked = stores.read(study.results / "data" / "fashion_mnist.h5", "validation")
    judged = stores.read(study.results / "data" / "fashion_mnist.h5", "test")
    seen = {image.tobytes() for image in ranked.images}
    assert not any(image.tobytes() in seen for image in judged.images)


@pytest.mark.parametrize("run", RUNS)
def test_the_shortcut_table_holds_every_filter(study, run):
    n_classes = of(run)[0]
    table = pd.read_csv(study.results / "tests" / run / "shortcuts.csv", keep_default_na=False, na_values=[""])
    assert "/".join(map(str, table[["dataset", "network", "augmentation"]].iloc[0])) == run.rsplit("/", 1)[0]
    rows = table.groupby(["class", "part", "fill", "filter"]).size().unstack(fill_value=0)  # noqa: PD010
    expected = {"unfiltered": 1, "dfm": 1, "random": 5, "radial": 5, "low_pass": 1, "other": n_classes - 1}
    removed = rows.index.get_level_values("part") == "remove"
    assert rows[~removed].eq(pd.Series(expected)).all(axis=None)
    assert rows[removed].eq(pd.Series(expected | {"radial": 0, "low_pass": 0, "other": 0})).all(axis=None)
    assert set(table["fill"]) == {"zeros", "swap"} and removed.sum() == (~removed).sum()
    neutral = NEUTRAL.get(run.split("/")[0])
    assert len(rows) == 2 * (2 * n_classes - (neutral is not None))  # nothing is put into images of its own class
    assert set(table.loc[table["neutral"], "class"]) == ({neutral} if neutral else set())
    assert neutral not in set(table.loc[table["fill"] == "swap", "class"])
    assert (table["tpr_low"] <= table["tpr"]).all() and (table["tpr"] <= table["tpr_high"]).all()
    sizes = table[table["filter"].isin(["dfm", "random", "radial"])].groupby("class")["positions"].nunique()
    assert (sizes == 1).all()


@pytest.mark.parametrize("run", RUNS)
def test_filters_waves_and_corruptions_keep_the_contract(study, run):
    n_classes, _, size = of(run)
    folder = study.results / "tests" / run
    curves, corrupted = (read_table(folder / f"{name}.csv") for name in ("curves", "corruptions"))
    rates = ["class", "images", "tpr", "tpr_low", "tpr_high", "fpr", "accuracy"]
    runs = ["dataset", "network", "augmentation", "seed"]
    assert list(curves) == [*runs, "filter", "low", "high", *rates]
    assert list(corrupted) == [*runs, "corruption", "strength", *rates]
    # Two cutoffs and bands of 8: the corner lies at 22.6 or, at 24 pixels, 17.0 cycles per image.
    assert len(curves) == n_classes * (1 + 2 + 2 + 3)
    assert len(corrupted) == n_classes * (1 + 2 * 5)
    for table in (curves, corrupted):
        assert table["images"].between(1, 4).all() and table["accuracy"].between(0, 1).all()
        assert (table["tpr_low"] <= table["tpr"]).all() and (table["tpr"] <= table["tpr_high"]).all()
    plain = curves.loc[curves["filter"] == "unfiltered", "tpr"]
    assert list(plain) == list(corrupted.loc[corrupted["corruption"] == "none", "tpr"])
    with h5py.File(folder / "sensitivity.h5") as file:
        error, about = file["error"][:], dict(file.attrs)
        assert error.dtype == np.float32 and error.shape == (n_classes, size, size)
        assert file["unperturbed_error"].shape == file["count"].shape == (n_classes,)
        assert file["count"][:].max() == 2
    assert about["layout"] == "centred" and "created_by" in about and about["split"] == "test"
    assert about["rms"] == 0.125 and about["norm"] == 0.125 * size
    assert len(about["classes"]) == n_classes
    assert np.array_equal(np.isnan(error[0]), spectrum.radius(size, size) > 6)
    assert all(spectrum.symmetric(np.nan_to_num(plane)) for plane in error)


def test_the_table_of_corruptions_says_which_classes_have_a_shortcut(study):
    corrupted, verdicts, curves = (
        read_table(study.results / "tables" / f"{name}.csv") for name in ("corruptions", "shortcuts", "curves")
    )
    keys = ["dataset", "network", "augmentation", "seed", "class"]
    strong = verdicts[verdicts["headline"]].set_index(keys)["verdict"] == "strong"
    rows = list(corrupted[keys].itertuples(index=False))
    assert list(strong.reindex(rows, fill_value=False)) == list(corrupted["strong_shortcut"])
    for table, name in ((corrupted.drop(columns="strong_shortcut"), "corruptions"), (curves, "curves")):
        parts = [read_table(study.results / "tests" / run / f"{name}.csv") for run in PLANNED]
        pd.testing.assert_frame_equal(table, pd.concat(parts, ignore_index=True))


def test_the_band_stop_table_changes_sum_to_zero(study):
    table = pd.read_csv(study.results / "tests" / RUNS[0] / "bandstop.csv")
    assert len(table) == 6 * 4 * 4 and set(table["true_class"]) == {"C0", "C1", "C2", "C3"}
    assert np.allclose(table.groupby(["removed", "true_class"])["delta_percent"].sum(), 0)


def test_ood_and_transfer_tables_hold_every_test(study):
    ood = pd.read_csv(study.results / "tests" / RUNS[2] / "ood.csv", keep_default_na=False, na_values=[""])
    assert len(ood) == 2 * 10 * 2 * (1 + 1 + 5 + 5 + 1 + 9) and set(ood["rendition"]) == {"inverted", "texture"}
    assert set(ood["fill"]) == {"zeros", "swap"} and set(ood["part"]) == {"keep"} and "fpr" not in ood
    transfer = pd.read_csv(study.results / "tests" / "transfer.csv")
    assert set(transfer["maps_of"]) == {"resnet18/none/seed0"}
    assert set(transfer["tested_on"]) == {"resnet18/autoaugment/seed0"}
    assert set(transfer["fill"]) == {"zeros", "swap"} and set(transfer["part"]) == {"keep"}
    joined = {name: read_table(study.results / "tables" / f"{name}.csv") for name in ("ood", "transfer")}
    assert len(joined["ood"]) == 2 * 2 * (2 * 10 + 3) * 6 and len(joined["transfer"]) == 10 * 2 * 4
    assert set(joined["transfer"]["filter"]) == {"unfiltered", "dfm", "low_pass", "other"}
    assert joined["transfer"]["negatives"].notna().all() and "negatives" not in joined["ood"]


def test_the_hits_are_those_of_the_tables(study):
    for run in RUNS:
        n_classes, path = of(run)[0], study.results / "tests" / run / "hits.h5"
        assert path.stat().st_size < 2**20
        with h5py.File(path) as file:
            hits, classes = read_hits(file), list(file.attrs["classes"])
        table = rates(hits).replace({"class": dict(enumerate(classes))})
        written = read_table(study.results / "tests" / run / "shortcuts.csv")
        columns = ["class", "part", "fill", "filter", "draw", "images", "negatives"]
        pd.testing.assert_frame_equal(table[columns], written[columns], check_dtype=False)
        np.testing.assert_allclose(table["tpr"], written["tpr"], rtol=0, atol=1e-5)
        assert len(classes) == n_classes
    ood, transfer = study.results / "tests" / RUNS[2] / "ood_hits.h5", study.results / "tests" / "transfer_hits.h5"
    with h5py.File(ood) as renditions, h5py.File(transfer) as pairs:
        assert set(renditions) == {"inverted", "texture"} and list(pairs) == ["pair0"]
        advantage = own_map_advantage(read_hits(renditions["inverted"]))
        assert list(advantage["fill"]) == ["zeros", "swap"] and advantage["advantage"].notna().all()


def test_every_class_is_tested_with_every_map(study):
    matrix, advantage = (
        read_table(study.results / "tables" / f"{name}.csv") for name in ("cross_matrix", "own_map_advantage")
    )
    keys = ["dataset", "network", "augmentation", "seed", "fill"]
    own = matrix["class"] == matrix["map"]
    sizes = matrix.groupby(keys, sort=False).size()
    means = [matrix[rows].groupby(keys, sort=False)["measure"].mean() for rows in (own, ~own)]
    found = advantage.set_index(keys)
    assert (found["classes"] ** 2 == sizes).all() and len(found) == 2 * len(RUNS)
    np.testing.assert_allclose(found["advantage"], (means[0] - means[1]).loc[found.index], rtol=0, atol=1e-5)
    assert found["advantage"].between(found["advantage_low"] - 1e-9, found["advantage_high"] + 1e-9).all()
    for dataset, neutral in NEUTRAL.items():
        mine = matrix[matrix["dataset"] == dataset]
        assert neutral not in {*mine["class"], *mine["map"]} and set(mine.loc[mine["headline"], "fill"]) == {"swap"}


def test_the_maps_of_mixture_are_tested_on_the_images_of_those_of_the_culling(study):
    advantage = read_table(study.results / "tables" / "method_own_map_advantage.csv")
    assert set(advantage["method"]) == {"mixture"} and len(advantage) == 2 * len(RUNS)
    for run in RUNS:
        found = dfm.read_mask(study.results / "maps" / "mixture" / f"{run}.h5", 5)
        with read_hdf5(study.results / "tests" / run / "hits.h5") as file:
            own, other = read_hits(file), read_hits(file["methods/mixture"])
            assert "maps_of_mixture_sha256" in file.attrs
        for name in ("labels", "unfiltered", "negatives", "donors"):
            assert np.array_equal(getattr(own, name), getattr(other, name))
        assert set(other.trials["filter"]) == {"dfm", "low_pass", "other"}
        mine = other.trials[other.trials["filter"] == "dfm"].set_index("class")["mask"]
        assert all(np.array_equal(other.masks[mine[c]], mask) for c, mask in enumerate(found))
    findings = read_table(study.results / "tables" / "findings.csv").query("method == 'mixture'")
    assert {"d", "e1", "g"} <= set(findings["finding"]) and set(findings["role"]) == {"beside"}
    assert findings["p_holm"].isna().all() and findings["verdict"].isna().all()


def test_phases_and_amplitudes_are_tested_with_the_donors_of_the_shortcut_tests(study):
    read = partial(pd.read_csv, keep_default_na=False, na_values=[""])
    for run in RUNS:
        tests = read(study.results / "tests" / run / "shortcuts.csv")
        with read_hdf5(study.results / "tests" / run / "hits.h5") as file:
            table = phase_verdicts.phase_rates(phase_verdicts.read_phase_hits(file["phase"]))
            table = with_names(table, list(file.attrs["classes"]))
        classes = of(run)[0] - (run.split("/")[0] in NEUTRAL)
        assert len(table) == classes * 2 * 3 and set(table["kept"]) == {"both", "amplitude", "phase"}
        same = tests.query("part == 'keep' and fill == 'swap' and filter == 'dfm'").reset_index(drop=True)
        mine = table.query("region == 'map' and kept == 'both'").reset_index(drop=True)
        columns = ["class", "positions", "images", "negatives", "tpr", "fpr"]
        pd.testing.assert_frame_equal(mine[columns], same[columns], check_dtype=False)
    joined = read_table(study.results / "tables" / "phase.csv")
    assert len(joined) == sum(of(run)[0] - (run.split("/")[0] in NEUTRAL) for run in RUNS)
    assert set(joined["verdict"].dropna()) <= {"amplitude", "phase", "either", "both", "undecided"}


def test_published_maps_are_tested_beside_ours(study):
    read = partial(pd.read_csv, keep_default_na=False, na_values=[""])
    own_table, external = (
        read(study.results / "tests" / RUNS[4] / f"{name}.csv") for name in ("shortcuts", "published_theirs")
    )
    assert list(own_table) == list(external) and len(own_table) == len(external)
    keys = ["class", "part", "fill", "filter", "draw"]
    assert own_table[keys].equals(external[keys])
    unfiltered = (table[table["filter"] == "unfiltered"].set_index(keys)["tpr"] for table in (own_table, external))
    assert next(unfiltered).equals(next(unfiltered))
    with pytest.warns(UserWarning, match="lacked their conjugate partner"):
        masks = exchange.read(study.root / "theirs.pkl")
    own = external[external["filter"] == "dfm"]
    assert list(own["positions"]) == [*masks.sum(axis=(1, 2))] * 4
    table, verdicts = (read(study.results / "tables" / f"{name}.csv") for name in ("published", "shortcuts"))
    assert list(table["maps"]) == ["ours", "theirs"] * (3 * 4)
    assert set(table["verdict"].dropna()) <= {"strong", "weak", "none", "too few images"}
    selected = table[table["maps"] == "ours"].drop(columns="maps").reset_index(drop=True)
    same = verdicts.query("dataset == 'pictures' and augmentation == 'sin'").reset_index(drop=True)
    # Whole numbers have another type beside fractions.
    pd.testing.assert_frame_equal(selected[list(same)], same, check_dtype=False)


def test_maps_are_handed_over_in_all_published_layouts(study):
    stem = f"results/test/published/{RUNS[2]}"
    done = study.snakemake(f"{stem}/hfss/top_5.pkl", "--cores", "1")
    assert done.returncode == 0 and done.stdout.count("for the published tools") == 1, done.stdout
    maps = dfm.read(study.results / "dfm" / f"{RUNS[2]}.h5")
    for layout in exchange.LAYOUTS:
        for percent in (1, 5, 10, 20):
            handed = exchange.read(study.root / stem / layout / f"top_{percent}.pkl", (10, 32, 32))
            assert np.array_equal(handed, maps.mask(percent))
    planned = study.snakemake("published_maps", "--dry-run").stdout
    assert re.search(r"export_maps +5\n", planned) and "train" not in planned, planned


def test_maps_that_do_not_fit_are_refused_with_one_sentence(study):
    (study.root / "wrong.yaml").write_text(
        yaml.safe_dump({"published": [{**PICTURES["published"][0], "dataset": "syn_2", "augmentation": "none"}]})
    )
    target = f"results/test/tests/{RUNS[0]}/published_theirs.csv"
    done = study.snakemake(target, "--cores", "1", extra=["wrong.yaml"])
    sentence = "theirs.pkl holds maps of 3 classes at 24 x 24, but 4 classes at 32 x 32 are expected"
    assert done.returncode != 0 and f"ERROR in published: {sentence}" in done.stdout, done.stdout
    assert "Traceback" not in done.stdout and not (study.root / target).exists()


def test_tables_join_all_runs(study):
    tables = {path.stem: pd.read_csv(path, keep_default_na=False) for path in (study.results / "tables").glob("*.csv")}
    assert {
        "findings",
        "finding_numbers",
        "graded",
        "graded_dynamics",
        "networks",
        "dynamics",
        "bandstop",
        "shortcuts",
        "shortcuts_over_seeds",
        "cross_matrix",
        "own_map_advantage",
        "method_cross_matrix",
        "method_own_map_advantage",
        "method_ood_advantage",
        "method_transfer_advantage",
        "phase",
        "ood",
        "ood_advantage",
        "transfer",
        "transfer_advantage",
        "published",
        "table_1",
        "table_2",
        "table_3",
        "truth",
        "planted_use",
        "stability",
        "curves",
        "corruptions",
        "runtimes",
        "provenance",
    } == set(tables)
    assert len(tables["networks"]) == len(RUNS)
    assert len(tables["shortcuts"]) == sum(2 * (2 * of(run)[0] - (run.split("/")[0] in NEUTRAL)) for run in RUNS)
    assert set(tables["shortcuts"]["verdict"]) <= {"strong", "weak", "none", "too few images", ""}
    chosen = "dataset == 'syn_2' and `class` == 'C1' and part == 'keep' and fill == 'swap'"
    (selected,) = tables["shortcuts_over_seeds"].query(chosen).to_dict("records")
    two = tables["shortcuts"].query(chosen)["tpr_unfiltered"].astype(float)
    assert tables["shortcuts"].query(chosen)["headline"].all() and selected["headline"]
    assert selected["seeds"] == 2
    assert np.isclose(float(selected["tpr_unfiltered_mean"]), two.mean(), atol=1e-5)
    assert np.isclose(float(selected["tpr_unfiltered_sd"]), two.std(ddof=1), atol=1e-5)
    steps = {
        "train",
        "adcs",
        "cull",
        "cull_halves",
        "find_maps",
        "bandstop",
        "shortcuts",
        "planted_use",
        "robustness",
        "ood",
        "graded",
        "transfer",
    }
    steps |= {"published"}
    assert set(tables["runtimes"]["step"]) == steps


def test_findings_follow_from_the_tables_of_the_study(study):
    table, numbers = (read_table(study.results / "tables" / f"{name}.csv") for name in ("findings", "finding_numbers"))
    assert list(table) == judge.COLUMNS and list(dict.fromkeys(table["finding"])) == list(definitions.FINDINGS)
    judged = table[table["role"] == "decides"]
    assert {"fashion_mnist", "pictures"} == set(judged.loc[judged["finding"] == "d", "data"])  # a row for each set
    decides = judged[judged["data"] != "pictures"].set_index("finding")
    numbers = numbers[numbers["data"] != "pictures"]
    # One width, and transfers within one architecture; all else has data.
    assert set(decides.index[decides["verdict"] == definitions.NO_DATA]) == {"e2", "f"}
    advantages = read_table(study.results / "tables" / "own_map_advantage.csv").set_index([*RUN, "fill"])["advantage"]
    for letter, augmentation in (("d", "none"), ("g", "autoaugment")):
        expected = advantages["fashion_mnist", "resnet18", augmentation, 0, "zeros"]
        assert decides["value"][letter] == pytest.approx(expected, abs=1e-5)
    assert decides["networks"]["a"] <= 2 and decides["networks"]["b"] == 2  # a rank correlation may be missing
    joined = numbers.groupby(["finding", "role"])["value"].mean()
    for letter in ("b", "d", "e1", "g"):
        assert joined[letter, "decides"] == pytest.approx(decides["value"][letter], abs=1e-5)


def test_tables_are_typeset_and_stand_in_the_report(study):
    folder = study.results / "tables"
    pages = {path.stem for path in folder.glob("*.html")}
    assert pages == {path.stem for path in folder.glob("*.tex")}
    too_long = {"dynamics", "graded_dynamics", "bandstop"}
    behind_findings = {"finding_numbers", "ood_advantage", "transfer_advantage"}
    behind_findings |= {"method_cross_matrix", "method_ood_advantage", "method_transfer_advantage"}
    assert pages == {path.stem for path in folder.glob("*.csv")} - too_long - behind_findings
    report = (study.results / "report.html").read_text()
    for name in pages:
        rows = read_table(folder / f"{name}.csv")
        assert (folder / f"{name}.html").read_text().count("<tr>") == 1 + min(len(rows), 2000)
        assert r"\toprule" in (folder / f"{name}.tex").read_text()
        assert f"tables/{name}.html" in report


def test_the_tables_of_the_paper_are_laid_out_from_ours(study):
    tables = {path.stem: read_table(path) for path in (study.results / "tables").glob("*.csv")}
    baselines = [("fashion_mnist", "resnet18", "none"), ("pictures", "resnet18", "sin")]
    architectures = ["dataset", "network", "augmentation"]
    assert list(tables["table_1"][architectures].drop_duplicates().itertuples(index=False, name=None)) == baselines
    assert list(tables["table_2"]["augmentation"].unique()) == ["autoaugment"]
    assert list(tables["table_1"]["class"][:3]) == ["T-shirt/top", "Trouser", "Pullover"]  # the data set's own order
    single = tables["shortcuts"].query("dataset != 'syn_2' and part == 'keep' and fill == 'zeros'")  # of one seed
    merged = tables["table_1"].merge(single, on=[*architectures, "class"], validate="one_to_one")
    assert len(merged) == 13 and np.allclose(merged["tpr_dfm_mean"], merged["tpr_dfm"])
    third = tables["table_3"].query("augmentation == 'autoaugment' and filter == 'radial'").set_index("class")
    chosen = "augmentation == 'autoaugment' and fill == 'zeros' and filter == 'radial' and rendition == 'texture'"
    ood = tables["ood"].query(chosen)
    assert len(third) == 10 and np.allclose(third["tpr_texture_mean"], ood.set_index("class")["tpr"][third.index])


def test_provenance_describes_the_run_of_the_study(study):
    recorded = read_table(study.results / "tables" / "provenance.csv").set_index("key")["value"]
    assert recorded["study"] == "test" and recorded["devices of the networks"] == "cpu"
    with h5py.File(study.results / "data" / "syn_2.h5") as file:
        assert recorded["configuration"].removeprefix("digest ") in file.attrs["created_by"]
        assert file.attrs["checksum"][:12] in recorded["data set syn_2"]
    used = yaml.safe_load((study.results / "config.yaml").read_text())
    assert used["plan"] == PICTURES["plan"] and used["networks"]["resnet18"]["width"] == 4
    again = study.snakemake("--dry-run", "--quiet", "rules", extra=["results/test/config.yaml"])
    assert "Nothing to be done" in again.stdout, again.stdout


def test_the_crate_describes_every_file_of_the_study(study):
    done = study.snakemake("crate", "--cores", "1")
    assert done.returncode == 0, done.stdout
    assert violations(study.results) == [] and changed(study.results) == []
    files = {name for name, entity in entities(study.results).items() if entity["@type"] == "File"}
    there = {str(path.relative_to(study.results)) for path in study.results.rglob("*") if path.is_file()}
    # Other tests export maps and a zipped report. Logs and benchmarks are described as folders.
    others = ("logs", "benchmarks", "published", "report.zip")
    rest = {path for path in there - files if path.split("/")[0] not in others}
    assert files <= there and rest == {CRATE, "data/raw/fashion_mnist/.snakemake_timestamp"}
    given = {part["@id"] for part in entities(study.results)["#run"]["object"]}
    assert {"config.yaml", "#images-pictures", "#images-fashion_mnist", "#maps-theirs", "#seeds-of-training"} <= given


def test_every_figure_is_drawn_by_an_executed_notebook(study):
    drawn = {path.stem for path in (study.results / "figures").glob("*.svg")}
    assert drawn == {path.stem for path in (study.results / "figures").glob("*.png")}
    notebooks = list((study.results / "notebooks").glob("*.ipynb"))
    of_kind = {kind: [name for name in drawn if name.startswith(f"{kind}_")] for kind in FIGURES}
    kinds = {kind for kind, names in of_kind.items() if names}
    assert {path.stem for path in notebooks} == kinds | {"table_1", "table_2", "table_3"}
    for path in notebooks:
        cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
        assert all(cell.execution_count for cell in cells), path
        shown = [output for output in cells[-1].outputs if "image/png" in output.get("data", {})]
        assert len(shown) == len(of_kind.get(path.stem, [])), path
    for path in (study.results / "figures").glob("*.png"):
        with Image.open(path) as picture:
            assert picture.width > 300 and len(picture.convert("RGB").getcolors(2**24)) > 8, path


def test_a_second_run_has_nothing_to_do(study):
    done = study.snakemake("--cores", "all", "--resources", "gpu=1")
    assert done.returncode == 0 and "Nothing to be done" in done.stdout, done.stdout


def test_jobs_on_a_machine_without_a_gpu_take_one_core_and_ask_for_none(study):
    if shutil.which("nvidia-smi"):
        pytest.skip("this machine has a GPU")
    facts = read_table(study.results / "tables" / "provenance.csv").set_index("key")["value"]
    assert facts["threads of a job"] == "1"


def test_the_report_target_and_snakemakes_own_report_hold_the_numbers(study):
    done = study.snakemake("--report", "own.html")
    assert done.returncode == 0, done.stdout
    networks_table = pd.read_csv(study.results / "tables" / "networks.csv", keep_default_na=False)
    accuracy = networks_table.query("dataset == 'fashion_mnist' and augmentation == 'autoaugment'")["test_accuracy"]
    for report in (study.results / "report.html", study.root / "own.html"):
        text = report.read_text()
        assert "What came out" in text and f"{float(accuracy.iloc[0]):.2f}" in text
        assert "shortcuts_fashion_mnist.svg" in text and "System Message" not in text


def test_an_edit_runs_again_only_what_uses_it(study):
    path = study.root / "src" / "frequency_shortcuts" / "evaluation" / "truth.py"
    before = path.read_text()
    try:
        path.write_text(before + "\n# edited\n")
        planned = study.snakemake("--dry-run").stdout
    finally:
        path.write_text(before)
    jobs = {line.split()[0] for line in planned.partition("Job stats")[2].splitlines() if line.split()[1:2] != []}
    assert "truth" in jobs and not {"train", "cull", "stability", "adcs", "shortcuts"} & jobs, planned


def test_a_changed_setting_runs_again_only_what_reads_it(study):
    (study.root / "percent.yaml").write_text(yaml.safe_dump({"shortcuts": {"percent": 10}}))
    planned = study.snakemake("--dry-run", extra=["percent.yaml"]).stdout
    jobs = {line.split()[0] for line in planned.partition("Job stats")[2].splitlines() if line.split()[1:2] != []}
    assert {"shortcuts", "ood", "transfer"} <= jobs and not {"train", "cull", "adcs", "published"} & jobs, planned


def test_swapped_settings_of_robustness_are_noticed(study):
    (study.root / "swapped.yaml").write_text(
        yaml.safe_dump({"robustness": {"images_per_class": 8, "band_width": 4, "seed": 0}})
    )
    planned = study.snakemake("--dry-run", extra=["swapped.yaml"]).stdout
    jobs = {line.split()[0] for line in planned.partition("Job stats")[2].splitlines() if line.split()[1:2] != []}
    assert "robustness" in jobs and not {"train", "cull", "adcs", "shortcuts"} & jobs, planned


def test_a_job_that_fails_says_why_and_leaves_what_is_finished(study):
    weights = study.results / "networks" / RUNS[0] / "weights.safetensors"
    tested = study.results / "tests" / RUNS[0] / "bandstop.csv"
    kept = {path: (path.read_bytes(), path.stat()) for path in (weights, tested)}
    others = {path: path.read_bytes() for path in study.results.rglob("*.csv") if path != tested}
    try:
        shutil.copy(study.results / "networks" / RUNS[2] / "weights.safetensors", weights)
        tested.unlink()
        done = study.snakemake(str(tested.relative_to(study.root)), "--cores", "1", "--rerun-triggers", "mtime")
    finally:
        for path, (content, status) in kept.items():  # with their times, so that later tests draw nothing again
            path.write_bytes(content)
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert done.returncode != 0
    assert "ERROR in bandstop: " in done.stdout and "Traceback" not in done.stdout, done.stdout
    assert all(path.read_bytes() == content for path, content in others.items())


# From here on, results are made again, so that tables of run times are due.


def test_a_damaged_result_is_named_with_the_command_that_makes_it_again(study, kept_files):
    tested, maps = (study.results / f"{name}" for name in (f"tests/{RUNS[0]}/shortcuts.csv", f"dfm/{RUNS[0]}.h5"))
    kept_files(tested, maps)
    content, status, expected = bytearray(maps.read_bytes()), maps.stat(), tested.read_bytes()
    content[len(content) // 3] ^= 4
    maps.write_bytes(content)
    os.utime(maps, ns=(status.st_atime_ns, status.st_mtime_ns))
    tested.unlink()
    target = str(tested.relative_to(study.root)), "--cores", "1"
    done = study.snakemake(*target)
    name = maps.relative_to(study.root)
    sentence = f"{name}: its contents do not match its checksum, the file is damaged; make it again: "
    assert done.returncode != 0 and f"ERROR in shortcuts: {sentence}rm {name}, then the same command" in done.stdout
    maps.unlink()
    done = study.snakemake(*target)
    assert done.returncode == 0, done.stdout
    assert tested.read_bytes() == expected and verify_checksum(maps)


@pytest.mark.parametrize(
    ("target", "name", "other", "problem"),
    [
        ("tables/truth.csv", f"dfm/{RUNS[0]}.h5", f"dfm/{RUNS[1]}.h5", f"its run is {RUNS[1]}, not {RUNS[0]}"),
        ("figures/adcs_syn_2.svg", "adcs/syn_2.h5", "adcs/plant_present.h5", "its dataset is plant_present, not syn_2"),
    ],
)
def test_a_result_in_the_place_of_another_is_refused(study, kept_files, target, name, other, problem):
    made, path = study.results / target, study.results / name
    kept_files(made, path, *study.results.glob("figures/adcs_*"), study.results / "notebooks" / "adcs.ipynb")
    made.unlink()
    shutil.copy(study.results / other, path)
    done = study.snakemake(str(made.relative_to(study.root)), "--cores", "1", "--rerun-triggers", "mtime")
    name = path.relative_to(study.root)
    assert done.returncode != 0
    assert f"{name}: {problem}; make it again: rm {name}, then the same command" in done.stdout, done.stdout
