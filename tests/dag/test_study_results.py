"""Images, spectra, networks, maps and tests of the study: the contract of the files, and what they hold."""

import hashlib
import re
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

from checkouts import (
    CLASSES,
    EXTERNAL,
    FASHION,
    MAPPED,
    NEUTRAL,
    SHAPES,
    STYLISED,
    TRAINED,
    dataset_of,
    shape_of,
)
from conftest import ROOT
from frequency_shortcuts import adcs, dfm
from frequency_shortcuts.exchange import answers, verdict
from frequency_shortcuts.images import stores
from frequency_shortcuts.images.source import Source
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.weights import normalisation, read_metadata
from frequency_shortcuts.shortcuts.cross import own_map_advantage
from frequency_shortcuts.shortcuts.hits import rates, read_hits
from frequency_shortcuts.storage.hdf5 import read_hdf5
from frequency_shortcuts.storage.tables import RUN, read_table
from study.runs import folder
from study.sources.downloads import DOWNLOADS
from study.tested_networks import with_names

PERCENTS = (1, 5, 10, 20)


def test_every_file_says_what_it_holds_and_of_what_it_is(study):
    page = (ROOT / "results" / "README.md").read_text()
    known = {"description", "units", "DIMENSION_LABELS", *re.findall(r"`(\w+)`:", page)}
    for path in sorted(study.results.glob("**/*.h5")):
        with h5py.File(path) as file:
            items = [file]
            file.visititems(lambda name, item, items=items: items.append(item))
            assert set().union(*(item.attrs for item in items)) <= known, path
            described = [
                item
                for item in items
                if "description" in item.attrs and all(one.label for one in item.dims)
            ]
            assert described == [item for item in items if isinstance(item, h5py.Dataset)], path
            of_run = len(path.relative_to(study.results).parts) > 4
            name = (
                f"{file.attrs['dataset']}/{folder(file.attrs)}"
                if of_run
                else file.attrs.get("dataset", "transfer_hits")
            )
            assert name in str(path)


@pytest.mark.parametrize("dataset", SHAPES)
def test_image_stores_keep_the_contract(study, dataset):
    n_classes, channels, size = SHAPES[dataset]
    with h5py.File(study.results / "data" / f"{dataset}.h5") as file:
        for split in ("train", "validation", "test"):
            images, labels = file[split]["images"], file[split]["labels"]
            assert images.shape == (len(labels), channels, size, size) and set(labels[:]) == set(
                range(n_classes)
            )
        assert len(file.attrs["classes"]) == n_classes
        assert file.attrs["mean"].shape == file.attrs["std"].shape == (channels,)
        assert {"source", "dataset", "configured_source", "created_by"} <= set(file.attrs)
        assert ("planted" in file) == (dataset in (*NEUTRAL, "syn_2"))
        if dataset == "syn_2":
            assert (
                file["planted/control_band"].shape
                == file["planted/patterns"].shape[1:]
                == (size, size)
            )


def test_pictures_of_a_folder_are_stored_in_the_order_of_the_network_with_their_stylised_twins(
    study,
):
    log = (study.results / "logs" / "images" / "pictures.log").read_text()
    assert "pictures/dots/broken.png" in log and "1 skipped" in log
    with h5py.File(study.results / "data" / "pictures.h5") as file:
        assert (
            list(file.attrs["classes"]) == list(CLASSES)
            and "1 undecodable images skipped" in file.attrs["source"]
        )
        assert sum(len(file[split]["labels"]) for split in ("train", "validation", "test")) == 24
        brightness = [file["test/images"][:][file["test/labels"][:] == c].mean() for c in range(3)]
        assert brightness[0] > brightness[2] > brightness[1]  # spots, checks, bands
        # Each twin was drawn as the negative of a picture.
        assert (
            file["train/stylised"].shape == file["train/images"].shape
            and "stylised" not in file["test"]
        )
        assert (
            np.abs(255 - file["train/stylised"][:].astype(int) - file["train/images"][:]).mean()
            < 15
        )


def test_the_store_of_fashion_mnist_leaves_the_sealed_images_out(study):
    published = DOWNLOADS["fashion_mnist"]
    (images, labels), _ = published.read(study.results / "data" / "raw" / "fashion_mnist")
    sealed = published.numbered(labels, published.sealed)
    digest = hashlib.sha256(sealed.astype("<i8").tobytes()).hexdigest()
    assert digest in (Path(__file__).parents[2] / "CHANGELOG.md").read_text()
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
        slow = np.abs(
            np.fft.fftshift(np.fft.fft2(seen[test.labels == 1].double().numpy()), axes=(-2, -1))
        )
        assert np.allclose(
            amplitude[1], slow.mean(axis=0), rtol=1e-4, atol=1e-4
        )  # computed in float32
    assert values.dtype == np.int16 and np.array_equal(values, adcs.accumulate(amplitude))
    assert significant.dtype == np.int16
    assert np.array_equal(significant, adcs.accumulate_significant(amplitude, error))


@pytest.mark.parametrize("run", TRAINED)
def test_training_leaves_weights_history_and_dynamics(study, run):
    folder = study.results / "networks" / run
    assert architectures.load(folder / "weights.safetensors").fc.out_features == shape_of(run)[0]
    assert sorted(path.name for path in folder.iterdir()) == [
        "dynamics.csv",
        "history.csv",
        "weights.safetensors",
    ]
    history, dynamics = read_table(folder / "history.csv"), read_table(folder / "dynamics.csv")
    assert (
        list(history["epoch"]) == [0, 1]
        and "/".join(history.iloc[0, :3]) in run
        and history.notna().all(axis=None)
    )
    assert set(dynamics["view"]) == {"full", "low-pass", "high-pass"}
    assert list(dynamics["iteration"].unique()) == [0, 2, 4][: dynamics["iteration"].nunique()]
    assert (
        dynamics[["precision", "recall", "f1"]]
        .apply(lambda score: score.between(0, 1))
        .all(axis=None)
    )


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
    maps = dfm.read(path)
    assert list(maps.masks) == list(PERCENTS) and {*map(np.shape, maps.masks.values())} == {
        (n_classes, size, size)
    }
    about = maps.attributes
    assert [about[name] for name in ("method", "split", "fill")] == [
        "screened",
        "validation",
        "zeros",
    ]
    assert about["baseline_loss"].shape == about["images_per_class"].shape == (n_classes,)
    assert (
        about["percent"] == 5 and about["target_recall"] == 0.98 and (about["recall"] >= 0.98).all()
    )
    assert not list(path.parent.glob(f"{path.stem}.h5.*"))  # states


def test_the_truth_table_scores_every_run_class_and_ranking(study):
    table = read_table(study.results / "tables" / "truth.csv")
    assert set(table["dataset"]) == {"plant_present"}
    assert set(table["ranking"]) == {"dfm", "adcs", "dfm_size", "adcs_significant", "random"}
    assert len(table) == 2 * 4 * 5  # runs, classes and rankings
    # Scores are there where the planted mask is used, and nowhere else.
    use = read_table(study.results / "tables" / "planted_use.csv").set_index(
        ["dataset", "seed", "class"]
    )["uses"]
    keys = pd.MultiIndex.from_frame(table[["dataset", "seed", "class"]])
    used = use.reindex(keys).eq(True).to_numpy()
    assert (
        table.loc[~used, "average_precision"].isna().all()
        and not use.index.isin(["C0"], level=2).any()
    )
    assert table.loc[used, "average_precision"].between(0, 1).all()


@pytest.mark.parametrize("run", MAPPED)
def test_the_shortcut_table_holds_every_filter(study, run):
    n_classes = shape_of(run)[0]
    table = read_table(study.results / "tests" / run / "shortcuts.csv")
    assert "/".join(map(str, table[RUN[:3]].iloc[0])) == run.rsplit("/", 1)[0]
    rows = table.groupby(["class", "part", "fill", "filter"]).size().unstack(fill_value=0)  # noqa: PD010
    expected = {
        "unfiltered": 1,
        "dfm": 1,
        "random": 5,
        "radial": 20,
        "low_pass": 1,
        "other": n_classes - 1,
    }
    removed = rows.index.get_level_values("part") == "remove"
    assert rows[~removed].eq(pd.Series(expected)).all(axis=None)
    assert (
        rows[removed]
        .eq(pd.Series(expected | {"radial": 0, "low_pass": 0, "other": 0}))
        .all(axis=None)
    )
    assert set(table["fill"]) == {"zeros", "swap"} and removed.sum() == (~removed).sum()
    neutral = NEUTRAL.get(dataset_of(run))
    assert len(rows) == 2 * (
        2 * n_classes - (neutral is not None)
    )  # nothing is put into images of its own class
    assert set(table.loc[table["neutral"], "class"]) == ({neutral} if neutral else set())
    assert neutral not in set(table.loc[table["fill"] == "swap", "class"])
    assert (table["tpr_low"] <= table["tpr"]).all() and (table["tpr"] <= table["tpr_high"]).all()
    sizes = (
        table[table["filter"].isin(["dfm", "random", "radial"])]
        .groupby("class")["positions"]
        .nunique()
    )
    assert (sizes == 1).all()


@pytest.mark.parametrize("run", MAPPED)
def test_all_networks_with_maps_are_shown_images_with_parts_of_other_classes(study, run):
    folder = study.results / "tests" / run
    table = read_table(folder / "exchanges.csv")
    assert len(table) == shape_of(run)[0] - (dataset_of(run) in NEUTRAL)
    assert (
        table[[*verdict.MEASURED, "recall", "reason"]].notna().all(axis=None)
        and (table["images"] > 0).all()
    )
    assert set(table["verdict"]) <= set(verdict.VERDICTS)
    joined = read_table(study.results / "tables" / "exchanges.csv")
    of_run = (joined[RUN[:2]] == table[RUN[:2]].iloc[0]).all(axis=1) & (
        joined["seed"] == table["seed"].iloc[0]
    )
    pd.testing.assert_frame_equal(joined[of_run].reset_index(drop=True), table, check_dtype=False)
    with read_hdf5(folder / "exchanges.h5") as file:
        again = with_names(answers.rates(answers.read_answers(file)), file.attrs["classes"])
    again = again.replace({"follows": {"": np.nan}})
    pd.testing.assert_frame_equal(
        again, table[list(again)], check_dtype=False, atol=1e-5, rtol=1e-5
    )


def test_graded_sets_have_a_row_a_class_and_their_dynamics(study):
    classes, dynamics = (
        read_table(study.results / "tables" / f"{name}.csv")
        for name in ("graded", "graded_dynamics")
    )
    assert classes["seed"].tolist() == [0] * 5 + [1] * 5 and set(dynamics["class"]) == {
        f"C{c}" for c in range(5)
    }
    assert dynamics.columns.tolist() == ["seed", "iteration", "class", "precision", "recall", "f1"]
    assert dynamics["iteration"].unique().tolist() == [0, 2, 4] and len(dynamics) == 3 * 2 * 5
    assert (classes["ring"].isna() == (classes["class"] == "C0")).all() and classes[
        "gain"
    ].notna().sum() == 8
    last = dynamics[dynamics["iteration"] > 0].groupby(["seed", "class"])["f1"].mean()
    np.testing.assert_allclose(classes.set_index(["seed", "class"])["earliness"], last, rtol=1e-4)


def test_maps_of_the_tested_size_have_the_rates_of_the_shortcut_test(study):
    sizes = read_table(study.results / "tables" / "sizes.csv")
    assert set(sizes["percent"]) == set(PERCENTS) and set(sizes["filter"]) == {"dfm", "low_pass"}
    tested = read_table(study.results / "tests" / FASHION / "shortcuts.csv").query(
        "part == 'keep' and fill == 'zeros'"
    )
    both = sizes[sizes["percent"] == 5].merge(
        tested, on=[*RUN, "class", "filter"], suffixes=("", "_tested")
    )
    assert len(both) == 2 * 10
    for name in ("positions", "negatives", "tpr", "fpr", "fpr_high"):
        assert np.allclose(both[name], both[f"{name}_tested"])


def test_ood_and_transfer_tables_hold_every_test(study):
    ood = read_table(study.results / "tests" / FASHION / "ood.csv")
    assert len(ood) == 2 * 10 * 2 * (1 + 1 + 5 + 5 + 1 + 9) and set(ood["rendition"]) == {
        "inverted",
        "texture",
    }
    assert set(ood["fill"]) == {"zeros", "swap"} and set(ood["part"]) == {"keep"}
    assert set(ood.loc[ood["fpr"].isna(), "filter"]) == {"radial"}
    of_twin = read_table(study.results / "tests" / STYLISED / "ood.csv")
    assert set(of_twin["rendition"]) == {"grey"} and set(of_twin["images"]) == {4}
    transfer = read_table(study.results / "tests" / "transfer.csv")
    assert set(transfer["maps_of"]) == {"my_network/none/seed0"}
    assert set(transfer["tested_on"]) == {"resnet18/sin/seed0"}
    assert set(transfer["fill"]) == {"zeros", "swap"} and set(transfer["part"]) == {"keep"}
    joined = {
        name: read_table(study.results / "tables" / f"{name}.csv") for name in ("ood", "transfer")
    }
    assert len(joined["ood"]) == 2 * (2 * 10 + 2 * 3) * 6 and len(joined["transfer"]) == 3 * 2 * 4
    assert set(joined["transfer"]["filter"]) == {"unfiltered", "dfm", "low_pass", "other"}
    assert all(table["negatives"].notna().all() for table in joined.values())


def test_the_hits_are_those_of_the_tables(study):
    for run in MAPPED:
        n_classes, path = shape_of(run)[0], study.results / "tests" / run / "hits.h5"
        assert path.stat().st_size < 2**20
        with h5py.File(path) as file:
            hits, classes = read_hits(file), list(file.attrs["classes"])
        table = rates(hits).replace({"class": dict(enumerate(classes))})
        written = read_table(study.results / "tests" / run / "shortcuts.csv")
        columns = ["class", "part", "fill", "filter", "draw", "images", "negatives"]
        pd.testing.assert_frame_equal(table[columns], written[columns], check_dtype=False)
        np.testing.assert_allclose(table["tpr"], written["tpr"], rtol=0, atol=1e-5)
        assert len(classes) == n_classes
    ood, transfer = (
        study.results / "tests" / FASHION / "ood_hits.h5",
        study.results / "tests" / "transfer_hits.h5",
    )
    with h5py.File(ood) as renditions, h5py.File(transfer) as pairs:
        assert set(renditions) == {"inverted", "texture"} and list(pairs) == ["pair0"]
        advantage = own_map_advantage(read_hits(renditions["inverted"]))
        assert list(advantage["fill"]) == ["zeros", "swap"] and advantage["advantage"].notna().all()


def test_the_maps_of_mixture_are_tested_on_the_images_of_those_of_the_culling(study):
    advantage = read_table(study.results / "tables" / "own_map_advantage.csv")
    first = [run for run in MAPPED if run != STYLISED]  # the first kind of each data set
    assert advantage["method"].value_counts().to_dict() == {
        "culling": 2 * len(MAPPED),
        "mixture": 2 * len(first),
    }
    for run in first:
        masks = dfm.read_mask(study.results / "maps" / "mixture" / f"{run}.h5", 5)
        with read_hdf5(study.results / "tests" / run / "hits.h5") as file:
            of_culling, of_mixture = read_hits(file), read_hits(file["methods/mixture"])
        for name in ("labels", "unfiltered", "negatives", "donors"):
            assert np.array_equal(getattr(of_culling, name), getattr(of_mixture, name))
        assert set(of_mixture.trials["filter"]) == {"dfm", "low_pass", "other"}
        tested = of_mixture.trials[of_mixture.trials["filter"] == "dfm"].set_index("class")["mask"]
        assert all(
            np.array_equal(of_mixture.masks[tested[c]], mask) for c, mask in enumerate(masks)
        )
