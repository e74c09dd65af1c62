"""Images, spectra, networks and maps of the study: the contract of the files, and what they hold."""

import hashlib
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

from checkouts import CLASSES, EXTERNAL, MAPPED, NEUTRAL, PERCENTS, PLANTED, SHAPES, TRAINED, shape_of
from frequency_shortcuts import adcs, dfm, spectrum
from frequency_shortcuts.data import stores
from frequency_shortcuts.data.downloads import DOWNLOADS
from frequency_shortcuts.data.source import Source
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.weights import normalisation, read_metadata
from frequency_shortcuts.storage.tables import read_table


@pytest.mark.parametrize("dataset", SHAPES)
def test_image_stores_keep_the_contract(study, dataset):
    n_classes, channels, size = SHAPES[dataset]
    with h5py.File(study.results / "data" / f"{dataset}.h5") as file:
        for split in ("train", "validation", "test"):
            images, labels = file[split]["images"], file[split]["labels"]
            assert images.chunks is None and images.dtype == np.uint8
            assert images.shape == (len(labels), channels, size, size)
            assert labels.dtype == np.int64 and set(labels[:]) == set(range(n_classes))
        assert len(file.attrs["classes"]) == n_classes
        assert file.attrs["mean"].shape == file.attrs["std"].shape == (channels,)
        assert {"source", "dataset", "configured_source", "created_by"} <= set(file.attrs)
        assert ("planted" in file) == (dataset in (*NEUTRAL, "syn_2"))
        if dataset == "syn_2":
            assert file["planted/control_band"].shape == (size, size) and file.attrs["layout"] == "centred"
            assert file["planted/patterns"].shape == (4, size, size) and file["planted/patterns"].dtype == bool


def test_pictures_of_a_folder_are_stored_in_the_order_of_the_network_with_their_stylised_twins(study):
    log = (study.results / "logs" / "folder" / "pictures.log").read_text()
    assert "pictures/dots/broken.png" in log and "1 skipped" in log
    with h5py.File(study.results / "data" / "pictures.h5") as file:
        assert list(file.attrs["classes"]) == list(CLASSES) and "1 undecodable images skipped" in file.attrs["source"]
        assert sum(len(file[split]["labels"]) for split in ("train", "validation", "test")) == 24
        brightness = [file["test/images"][:][file["test/labels"][:] == c].mean() for c in range(3)]
        assert brightness[0] > brightness[2] > brightness[1]  # spots, checks, bands
        # Each twin was drawn as the negative of a picture.
        assert file["train/stylised"].shape == file["train/images"].shape and "stylised" not in file["test"]
        assert np.abs(255 - file["train/stylised"][:].astype(int) - file["train/images"][:]).mean() < 15


def test_the_store_of_fashion_mnist_leaves_the_sealed_images_out(study):
    published = DOWNLOADS["fashion_mnist"]
    (images, labels), _ = published.read(study.results / "data" / "raw" / "fashion_mnist")
    sealed = published.sealed(labels)
    digest = hashlib.sha256(sealed.astype("<i8").tobytes()).hexdigest()
    assert digest in (Path(__file__).parents[2] / "docs" / "method.md").read_text()
    rest = np.delete(images, sealed, axis=0)
    with h5py.File(study.results / "data" / "fashion_mnist.h5") as file:
        stored = np.concatenate([file[f"{split}/images"][:] for split in ("train", "validation")])
    assert sorted(map(bytes, stored)) == sorted(map(bytes, rest))


def test_a_rendition_matches_the_test_images(study):
    twin = stores.read(study.results / "data" / "ood" / "fashion_mnist" / "texture.h5", "test")
    test = stores.read(study.results / "data" / "fashion_mnist.h5", "test", 4)
    assert np.array_equal(twin.labels, test.labels) and twin.classes == test.classes
    assert np.array_equal(twin.mean, test.mean) and np.array_equal(twin.std, test.std)
    assert twin.images.shape == test.images.shape and not np.array_equal(twin.images, test.images)


@pytest.mark.parametrize("dataset", SHAPES)
def test_adcs_is_that_of_the_stored_test_images(study, dataset):
    n_classes, channels, size = SHAPES[dataset]
    test = stores.read(study.results / "data" / f"{dataset}.h5", "test")
    with h5py.File(study.results / "adcs" / f"{dataset}.h5") as file:
        amplitude, values = file["mean_amplitude"][:], file["adcs"][:]
        assert file.attrs["layout"] == "centred" and file.attrs["split"] == "test"
        assert np.array_equal(file["count"], np.bincount(test.labels))
        error, significant = file["standard_error"][:], file["adcs_significant"][:]
        assert file.attrs["shown"] == "adcs"
    assert amplitude.dtype == np.float64 and amplitude.shape == (n_classes, channels, size, size)
    if dataset != "pictures":  # whose network has a normalisation of its own
        seen = Source(test).take(np.arange(len(test)))
        slow = np.abs(np.fft.fftshift(np.fft.fft2(seen[test.labels == 1].double().numpy()), axes=(-2, -1)))
        assert np.allclose(amplitude[1], slow.mean(axis=0), rtol=1e-4, atol=1e-4)  # computed in float32
    assert values.dtype == np.int16 and np.array_equal(values, adcs.accumulate(amplitude))
    assert significant.dtype == np.int16
    assert np.array_equal(significant, adcs.accumulate_significant(amplitude, error))


@pytest.mark.parametrize("run", TRAINED)
def test_training_leaves_weights_history_and_dynamics(study, run):
    folder = study.results / "networks" / run
    assert architectures.load(folder / "weights.safetensors").fc.out_features == shape_of(run)[0]
    assert sorted(path.name for path in folder.iterdir()) == ["dynamics.csv", "history.csv", "weights.safetensors"]
    history, dynamics = pd.read_csv(folder / "history.csv"), pd.read_csv(folder / "dynamics.csv")
    assert list(history["epoch"]) == [0, 1] and "/".join(history.iloc[0, :3]) in run and history.notna().all(axis=None)
    assert set(dynamics["view"]) == {"full", "low-pass", "high-pass"}
    assert list(dynamics["iteration"].unique()) == [0, 2, 4][: dynamics["iteration"].nunique()]
    assert dynamics[["precision", "recall", "f1"]].apply(lambda score: score.between(0, 1)).all(axis=None)


def test_the_weights_of_an_external_network_are_those_of_its_checkpoint(study):
    folder = study.results / "networks" / EXTERNAL
    stored = architectures._read_weights(folder / "weights.safetensors")
    saved = torch.load(study.root / "my_network.pt", weights_only=True)["state_dict"]
    assert all(torch.equal(saved[f"module.{name}"], tensor) for name, tensor in stored.items())
    assert normalisation(folder / "weights.safetensors") == ([0.5] * 3, [0.25] * 3)
    table = read_table(study.results / "tables" / "networks.csv").set_index("network")
    accuracy = read_metadata(folder / "weights.safetensors")["test_accuracy"]
    assert table["test_accuracy"]["my_network"] == accuracy == 1  # it was made to tell them apart
    assert [path.name for path in folder.iterdir()] == ["weights.safetensors"]


@pytest.mark.parametrize("run", MAPPED)
def test_dfm_files_keep_the_contract(study, run):
    n_classes, _, size = shape_of(run)
    path = study.results / "dfm" / f"{run}.h5"
    with h5py.File(path) as file:
        assert file["loss_increment"].dtype == np.float32 and file["rank"].dtype == np.int32
        assert file["evaluated"].dtype == bool and file.attrs["layout"] == "centred"
        assert file.attrs["method"] == "screened" and file.attrs["split"] == "validation"
        assert file.attrs["fill"] == "zeros"
        assert file.attrs["baseline_loss"].shape == file.attrs["images_per_class"].shape == (n_classes,)
    maps, pairs = dfm.read(path), spectrum.ConjugatePairs(size, size)
    assert list(maps.masks) == list(PERCENTS)
    for percent, mask in maps.masks.items():
        assert mask.shape == (n_classes, size, size) and spectrum.symmetric(mask)
        assert np.array_equal(mask, dfm.dominant(pairs.gather(maps.score), pairs, percent))
    assert np.array_equal(pairs.gather(maps.rank), dfm.rank(pairs.gather(maps.score)))
    assert pairs.gather(maps.evaluated)[pairs.gather(maps.masks[5])].all()
    about = maps.attributes
    assert about["percent"] == 5 and about["target_recall"] == 0.98 and (about["expected_recall"] >= 0.98).all()
    assert (about["recall"] >= 0.98).all() and (about["recall_low"] <= about["recall"]).all()
    assert (about["passes"] <= len(pairs) * about["images_per_class"]).all()
    assert not list(path.parent.glob(f"{path.stem}.h5.*"))  # states


def test_the_truth_table_scores_every_run_class_and_ranking(study):
    table = pd.read_csv(study.results / "tables" / "truth.csv", keep_default_na=False, na_values=[""])
    names = ["dfm", "adcs", "adcs_high", "adcs_low", "dfm_size", "adcs_significant"]
    kinds = [f"{kind}{name}" for kind in ("radial", "other") for name in ("", *(f"_{name}" for name in names[1:]))]
    names += ["random", *kinds]
    at_truth, table = table[table["cut"] == "truth"], table[table["cut"] == "percent"]
    runs = table.groupby(["dataset", "seed"]).ngroups
    assert len(at_truth) == runs * (4 + 3) * len(names) and (at_truth["percent"] == 100 * at_truth["prevalence"]).all()
    assert set(table["ranking"]) == set(names) and set(table["percent"]) == set(PERCENTS)
    assert runs == 2 and len(table) == runs * 4 * 2 * len(names) * 4 and set(table["dataset"]) == {"plant_present"}
    nothing = table[(table["class"] == "C0") & (table["truth"] == "own")]
    assert (nothing["prevalence"] == 0).all()
    # Scores are there where the planted mask is used, and nowhere else.
    use = pd.read_csv(study.results / "tables" / "planted_use.csv").set_index(["dataset", "seed", "class"])["uses"]
    keys = pd.MultiIndex.from_frame(table[["dataset", "seed", "class"]])
    used = use.reindex(keys).eq(True).to_numpy()
    assert table.loc[~used, "average_precision"].isna().all() and not use.index.isin(["C0"], level=2).any()
    scores = table.loc[used, ["precision", "recall", "average_precision"]]
    assert scores.apply(lambda score: score.between(0, 1)).all(axis=None)


def test_the_stability_table_compares_the_seeds_of_each_network(study):
    table = pd.read_csv(study.results / "tables" / "stability.csv", keep_default_na=False)
    assert table.groupby(["dataset", "left", "right"]).size().to_dict() == {
        ("plant_present", "resnet18/none/seed0", "resnet18/none/seed1"): 4 * 4
    }
    left, right = (dfm.read_mask(study.results / "dfm" / f"{run}.h5", 5) for run in PLANTED)
    selected = table.query("percent == 5")
    assert np.allclose(selected["iou"], spectrum.overlap(left, right), atol=1e-5)
    assert selected["left_positions"].tolist() == left.sum(axis=(1, 2)).tolist()
    assert table[["iou", "random", "radial"]].apply(lambda share: share.between(0, 1)).all(axis=None)
