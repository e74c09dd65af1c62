"""One call from a network and images to maps, tests and verdicts."""

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from small_stores import PictureSet, class_folders
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from waves_and_network import (
    CLASSES,
    MEAN,
    SIZE,
    STD,
    WAVES,
    WaveNetwork,
    analyse,
    images_and_labels,
)

import frequency_shortcuts as fs
from frequency_shortcuts import shortcuts
from frequency_shortcuts.analysis.chosen_images import Counts, choose
from frequency_shortcuts.analysis.summary import table_1_text
from frequency_shortcuts.images import stores
from frequency_shortcuts.images.labelled import read_labelled
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.method import find
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.tables import read_table

IMAGES, LABELS = images_and_labels()
OUTPUTS = np.array([0, 2, 3, 4])  # of `FiveOutputs`
EXACT = {"search": "exact"}
SHARED = ["fine", "field", "patch", "verdict"]  # whatever the names of the classes are
VERDICTS = [
    "strong",
    "none",
    "strong",
    "none",
]  # 6 of 20 radial masks hold the second wave, whose ring is small


class FiveOutputs(nn.Module):
    """Output 1 is greater than all others, and of no class. The logits are an attribute."""

    def forward(self, images):
        first, *others = WaveNetwork()(images).unbind(dim=1)
        return {"logits": torch.stack([first, torch.full_like(first, 1e3), *others], dim=1)}


def test_the_american_spelling_is_the_same_function():
    assert fs.analyze is fs.analyse and "analyze" in dir(fs)


@pytest.fixture(scope="module")
def analysed():
    return analyse(
        *images_and_labels(240), method="culling", settings=EXACT, search_images=3, test_images=30
    )


def store(path, *parts, classes=("a", "b", "c", "d")):
    splits = {name: (images, labels) for name, images, labels in parts}
    stores.write(
        path,
        splits,
        classes=list(classes),
        source="test",
        created_by="test",
        statistics=(MEAN, STD),
    )
    return path


def test_the_planted_waves_are_found_and_judged(analysed):
    for c, (u, v) in enumerate(WAVES):
        middle = SIZE // 2
        assert analysed.maps[c, middle + u, middle + v] and analysed.maps[c, middle - u, middle - v]
    rows = analysed.verdicts
    assert rows["class"].tolist() == ["0", "1", "2", "3"]
    assert rows["verdict"].tolist() == VERDICTS
    assert (rows["tpr_dfm"][:3] == 1).all() and (rows["fpr_dfm"][:3] == 0).all()
    words = " ".join(analysed.summary().split())
    assert (
        "0 strong 100 0" in words and "2 strong 100 0" in words and "WaveNetwork" in repr(analysed)
    )


def test_the_test_of_the_paper_is_exact_culling_with_zeros_and_its_table_has_the_controls(analysed):
    test = fs.Evaluation.as_published(search_images=3, images_per_class=30)
    made = fs.analyse(WaveNetwork(), *images_and_labels(240), mean=MEAN, std=STD, test=test)
    np.testing.assert_array_equal(made.found.score, analysed.found.score)
    assert made.about["percent"] == 5 and made.table["fill"].eq("zeros").all()
    assert table_1_text(made.table_1, 5).splitlines()[2].split()[:7] == [
        "0",
        "100",
        "/",
        "0",
        "100",
        "/",
        "0",
    ]
    of_class = made.rates.groupby(["class", "filter"])[["tpr", "fpr"]].mean().loc["1"]
    for name in ("unfiltered", "dfm", "random", "low_pass", "other"):
        rates = made.table_1.loc[1, [f"tpr_{name}", f"fpr_{name}"]]
        assert rates.tolist() == pytest.approx(of_class.loc[name].tolist())


def test_it_is_the_parts_one_after_the_other(analysed):
    images = Split(*images_and_labels(240), "0123", MEAN, STD)
    chosen = choose(
        images.labels, images.classes, Counts(200, 30, 3, 30), 0, halves=True, fewest=10
    )
    ranking, test = images.subset(chosen.ranking[:12]), images.subset(chosen.test)
    found = find(registry.load("culling"), WaveNetwork(), ranking, **EXACT)
    masks = dfm.dominant(found.score, ConjugatePairs(SIZE, SIZE), 2)
    assert np.array_equal(masks, analysed.maps)
    trials = shortcuts.Trials(fills=["zeros"], negatives=60, one_sample=True)
    rates = shortcuts.measure(WaveNetwork(), test, masks, trials)
    rates["class"] = rates["class"].astype(str)
    pd.testing.assert_frame_equal(rates, analysed.rates, check_dtype=False)


def test_two_images_of_a_class_are_too_few_to_tell():
    few = analyse(search_images=4, test_images=2, actions=("keep", "remove"))
    assert (
        set(few.verdicts["verdict"]) == {"too few images"} and few.verdicts["needed"].isna().all()
    )
    assert (
        few.verdicts["images"].tolist() == [2] * 4 and few.verdicts["negatives"].tolist() == [6] * 4
    )
    assert (
        "no shortcut" not in few.summary().lower() and few.summary().count("too few images ") == 4
    )


def test_the_search_looks_for_maps_of_the_size_that_is_tested():
    found = analyse(method="hfss", settings={"candidates": 9, "parents": 3}, search_images=1).found
    assert found.settings["percent"] == 2


@pytest.mark.usefixtures("closed_figures")
def test_cards_of_given_maps_have_no_scores():
    figure = analyse(maps=np.ones((CLASSES, SIZE, SIZE), bool)).cards()
    assert not [axis for axis in figure.axes if "score" in axis.get_title()]


def test_the_files_hold_the_maps_the_rates_and_a_page(analysed, tmp_path, small_pictures):
    folder = analysed.save(tmp_path / "out")
    assert np.array_equal(dfm.read_mask(folder / "maps.h5", 2), analysed.maps)
    with h5py.File(folder / "maps.h5") as file:
        assert (
            file.attrs["weights_sha256"] == analysed.about["weights_sha256"]
            and file.attrs["device"] == "cpu"
        )
        assert file["score"].shape == (CLASSES, SIZE, SIZE)
    assert len(pd.read_csv(folder / "rates.csv")) == len(analysed.rates)
    assert pd.read_csv(folder / "verdicts.csv")["verdict"].tolist() == VERDICTS
    page = (folder / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 3 and "<td>strong</td>" in page
    for name, number in (("find the maps", 12), ("test them", 120)):
        assert f"images that {name}</th><td>{number}</td>" in page
    assert (
        page.index("<h2>What each class follows</h2>")
        < page.index("Is a map enough?")
        < page.index("<td>strong</td>")
    )
    assert "http" not in page.replace("http-equiv", "")  # it loads nothing


def test_names_of_classes_are_no_code_in_pages_and_the_same_in_tables(tmp_path, small_pictures):
    names = ["=1+1", "<script>alert(1)</script>", "@x", "a``b .. raw:: html"]
    folder = analyse(classes=names).save(tmp_path)
    page = (folder / "report.html").read_text()
    assert "<script" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    for name in ("rates", "verdicts"):
        assert set(read_table(folder / f"{name}.csv")["class"]) == set(names)


def test_the_file_holds_the_same_maps_at_any_percentage(tmp_path, small_pictures):
    large = np.kron(IMAGES, np.ones((1, 1, 4, 4), np.uint8))
    made = analyse(large, LABELS, nn.Sequential(nn.AvgPool2d(4), WaveNetwork()), percent=33.36)
    made.save(tmp_path)
    assert np.array_equal(dfm.read_mask(tmp_path / "maps.h5", 33.36), made.maps)


TENSORS = TensorDataset(torch.from_numpy(IMAGES), torch.from_numpy(LABELS))


@pytest.mark.parametrize(
    "kind", ["tensor", "hdf5 dataset", "dataset", "pil", "loader", "folder", "store", "plain hdf5"]
)
def test_every_form_of_images_gives_the_same_maps(kind, tmp_path):
    class_folders(tmp_path / "folders", IMAGES, LABELS)
    with h5py.File(plain := tmp_path / "plain.h5", "w") as file:
        file["images"], file["labels"] = IMAGES, LABELS
    given = {
        "tensor": TENSORS.tensors, "hdf5 dataset": (h5py.File(plain)["images"], LABELS), "dataset": (TENSORS,),
        "pil": (PictureSet(IMAGES, LABELS),), "loader": (DataLoader(TENSORS, batch_size=5),),
        "folder": (tmp_path / "folders",), "store": (store(tmp_path / "store.h5", ("test", IMAGES, LABELS)),),
        "plain hdf5": (str(plain),),
    }[kind]  # fmt: skip
    options = {
        "folder": {"transform": fs.Preprocessing(size=SIZE)},
        "store": {"mean": None, "std": None},
    }
    # Folders are read class by class.
    order = np.argsort(LABELS, kind="stable") if kind == "folder" else np.arange(len(LABELS))
    expected = analyse(IMAGES[order], LABELS[order])
    made = analyse(*given, **options.get(kind, {}))
    assert np.array_equal(made.maps, expected.maps)
    pd.testing.assert_frame_equal(made.exchanges[SHARED], expected.exchanges[SHARED])
    if kind != "folder":  # its digest is of files
        assert made.about["images_sha256"] == expected.about["images_sha256"]


@pytest.mark.parametrize("given", [False, True])
def test_a_store_with_two_splits_tests_on_the_second(tmp_path, given):
    ranking, test = images_and_labels(40), images_and_labels(15, seed=1)
    path = store(tmp_path / "s.h5", ("validation", *ranking), ("test", *test))
    made = analyse(path, None, mean=None, std=None, **({"images": path} if given else {}))
    expected = analyse(*ranking, images=test[0], labels=test[1])
    assert made.about["images_sha256"] == expected.about["images_sha256"]
    assert made.classes == ("a", "b", "c", "d")


def test_test_images_of_its_own():
    """Some of them rank as well, which is said."""
    others, labels = images_and_labels(12, seed=1)
    test = np.concatenate([others, IMAGES[:3]]), np.concatenate([labels, LABELS[:3]])
    made = analyse(images=test[0], labels=test[1])
    assert made.about["images that rank frequencies"] == 80
    assert made.about["images that test"] == 15
    assert made.about["remark"] == "3 of 15 test images are among those that rank frequencies"


def test_test_images_of_other_classes_are_refused(tmp_path):
    first = store(tmp_path / "a.h5", ("test", IMAGES, LABELS))
    second = store(tmp_path / "b.h5", ("test", IMAGES, LABELS), classes="bacd")
    with pytest.raises(
        ValueError,
        match="test images are of the classes b, a, c, d, images of a, b, c, d: expected",
    ):
        analyse(first, None, images=second, mean=None, std=None)


def test_float_images_are_normalised_if_they_need_it():
    expected, plain = analyse(), (IMAGES / 255).astype(np.float32)
    for images, options in ((plain, {}), ((plain - 0.5) / 0.25, {"mean": None, "std": None})):
        assert np.array_equal(analyse(images, LABELS, **options).maps, expected.maps)


@pytest.mark.parametrize("statistics", [(), (["0", "1", "2", "3"], [0.5], [0.25])])
@pytest.mark.parametrize("shift", [0, 0.5])
def test_float_images_of_a_split_are_used_as_they_are(shift, statistics):
    images = (IMAGES / 255 - shift).astype(np.float32)
    labelled = read_labelled(fs.Split(images, LABELS, *statistics))
    assert np.array_equal(labelled.ready(np.arange(9)), images[:9])


@pytest.mark.parametrize("kind", ["dataset", "loader"])
def test_classes_that_are_a_text_name_nothing(kind):
    dataset = TensorDataset(*TENSORS.tensors)
    dataset.classes = "abcd"
    assert read_labelled(dataset if kind == "dataset" else DataLoader(dataset)).classes is None


def test_probabilities_give_the_results_of_their_logits_and_a_remark(caplog):
    caplog.set_level("WARNING")
    expected = analyse()
    assert expected.about["remark"] == "" and not caplog.text
    made = analyse(network=nn.Sequential(WaveNetwork(), nn.Softmax(1)), maps=expected.maps)
    pd.testing.assert_frame_equal(made.rates, expected.rates)
    assert (
        made.about["remark"].startswith("the network gives probabilities")
        and made.about["remark"] in caplog.text
    )


def test_images_of_some_of_the_classes():
    made = analyse(IMAGES, OUTPUTS[LABELS], FiveOutputs(), classes=["a", "nothing", "b", "c", "d"])
    assert made.classes == ("a", "b", "c", "d") and made.about["outputs"] == 5
    expected = analyse(classes=["a", "b", "c", "d"]).rates
    pd.testing.assert_frame_equal(made.rates, expected)
    for outputs in (OUTPUTS, {"1": 2, "0": 0, "3": 4, "2": 3}):
        pd.testing.assert_frame_equal(
            analyse(network=FiveOutputs(), outputs=outputs).rates, analyse().rates
        )


def test_the_neutral_class_is_named_like_the_labels():
    made = analyse(IMAGES, OUTPUTS[LABELS], FiveOutputs(), neutral=2, fills=("swap",))
    assert made.answers.neutral == 1 and made.verdicts["class"].tolist() == ["0", "3", "4"]


def test_the_network_stays_as_it_was():
    network = WaveNetwork().train()
    analyse(network=network)
    assert network.training and network.scale.grad is None and network.scale.requires_grad


def test_maps_of_ones_own_are_tested():
    expected = analyse()
    made = analyse(maps=torch.from_numpy(expected.maps))
    pd.testing.assert_frame_equal(made.rates, expected.rates)
    assert made.found is None and "passes of the search" not in made.about
    assert (
        "images that find the maps" not in made.about and made.about["images of the spectra"] == 40
    )
    assert "Maps of 2.34 % of the frequencies, zeros elsewhere" in made.summary()


def test_the_argument_of_older_versions_is_taken_with_a_warning():
    with pytest.warns(DeprecationWarning, match="quick is no longer needed"):
        made = fs.analyse(WaveNetwork(), IMAGES, LABELS, mean=MEAN, std=STD, quick=True)
    assert made.map_result is None
