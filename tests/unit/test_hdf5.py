"""HDF5 files: those of users that lead elsewhere, what ours say of themselves, and ranks, masks and files of maps."""

import os
import re
from decimal import Decimal

import h5py
import matplotlib.pyplot as plt
import numpy as np
import pytest

from conftest import ROOT
from frequency_shortcuts import dfm
from frequency_shortcuts.images import stores
from frequency_shortcuts.images.labelled import read_labelled
from frequency_shortcuts.maps.methods.method import Found
from frequency_shortcuts.spectrum.masks import symmetric
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.contents import DATASETS, row_of
from frequency_shortcuts.storage.files import replacing_hdf5

IMAGES, LABELS = np.zeros((4, 1, 2, 2), np.uint8), [0, 1, 0, 1]


def good(path):
    with h5py.File(path, "w") as file:
        file.attrs["classes"] = ["cat", "dog"]
        for split in ("validation", "test"):
            file[f"{split}/images"], file[f"{split}/labels"] = IMAGES, LABELS
    return path


def replaced(name, held):
    """A change of an open store: another content under a name."""

    def change(file):
        del file[name]
        file[name] = held

    return change


def classes(*names):
    return lambda file: file.attrs.update(classes=names)


def stored_outside(file):
    del file["test/images"]
    file.create_dataset(
        "test/images", IMAGES.shape, np.uint8, external=[("secret", 0, IMAGES.nbytes)]
    )


def virtual(file):
    layout = h5py.VirtualLayout(IMAGES.shape, np.uint8)
    layout[:] = h5py.VirtualSource("missing.h5", "images", IMAGES.shape)
    del file["test/images"]
    file.create_virtual_dataset("test/images", layout)


def through_a_group(file):
    file["elsewhere"] = h5py.ExternalLink("other.h5", "test")
    replaced("test/images", h5py.SoftLink("/elsewhere/images"))(file)


WRONG = {  # stores that lead elsewhere, and of another layout
    "link to a FIFO": (replaced("test", h5py.ExternalLink("fifo", "x")), "test is a link to x in fifo: expected"),
    "link by another link": (through_a_group, "elsewhere is a link to test in other.h5: expected"),
    "stored outside": (stored_outside, "test/images is stored outside, in secret: expected a file that holds its data"),
    "virtual": (virtual, "test/images is a virtual data set: expected a file that holds its data itself"),
    "link to nowhere": (replaced("test", h5py.SoftLink("/none")), r"does not hold what is expected \(KeyError: Unable"),
    "data set for a group": (replaced("test", [1, 2]), "split test: expected a group with images and labels"),
    "group for images": (
        lambda file: (file.pop("test/images"), file.create_group("test/images")),
        "split test: images are a Group: expected an array",
    ),
    "one label": (replaced("test/labels", 1), r"split test: labels: labels of shape \[\]: expected the number"),
    "height 0": (
        replaced("test/images", np.zeros((4, 1, 0, 2), np.uint8)),
        r"split test: images are 4 x 1 x 0 x 2: expected \[n, channels, H, W\], none of them 0",
    ),
    "twins of another size": (
        lambda file: file.create_dataset("test/stylised", data=IMAGES[:2]),
        "split test: stylised and images differ in their shape",
    ),
    "labels are floats": (replaced("test/labels", np.float32(LABELS)), "split test: labels: labels of type float32"),
    "class without a name": (classes("cat", ""), "split \\w+: labels: a class has no name"),
    "control character": (classes("cat", "wild\ndog"), r"split \w+: labels: the class 'wild\\ndog' has a control char"),
    "mean is a text": (lambda file: file.attrs.update(mean="dark"), r"mean is \[.dark.\]: expected a number for each"),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder, with what stores of these tests lead to."""
    monkeypatch.chdir(tmp_path)
    good(tmp_path / "other.h5")
    (tmp_path / "secret").write_bytes(bytes(100))
    os.mkfifo(tmp_path / "fifo")
    return tmp_path


def changed(path, change):
    with h5py.File(good(path), "a") as file:
        change(file)
    return path


@pytest.mark.parametrize("kind", WRONG)
def test_a_store_that_cannot_be_used_is_refused_by_name(folder, kind):
    change, sentence = WRONG[kind]
    changed(folder / "s.h5", change)
    with (
        pytest.raises(ValueError, match=rf"^s\.h5.*{sentence}") as raised,
        stores.open_store("s.h5"),
    ):
        pass
    assert "\n" not in str(raised.value)
    with pytest.raises(ValueError, match=rf"^s\.h5.*{sentence}"):
        read_labelled("s.h5")


@pytest.mark.parametrize("missing", ["classes", "std"])
def test_an_attribute_that_is_missing_is_named(folder, missing):
    def change(file):
        file.attrs.update(mean=[0.5], std=[0.5])
        del file.attrs[missing]

    changed(folder / "s.h5", change)
    with pytest.raises(ValueError, match=rf"^s\.h5.*{missing}"):
        stores.read("s.h5", "test")


def test_a_link_of_the_study_leads_to_a_file_that_holds_its_data(folder):
    stores.link("linked.h5", "other.h5", created_by="test")
    assert stores.read("linked.h5", "test").images.shape == IMAGES.shape
    changed(folder / "other.h5", stored_outside)  # the store changes after it was linked
    with pytest.raises(
        ValueError, match=r"other\.h5: .*expected a file that holds its data itself"
    ):
        stores.read("linked.h5", "test")
    (folder / "other.h5").unlink()
    with pytest.raises(
        ValueError, match=r"linked\.h5 does not hold what is expected .*no HDF5 file at .*other\.h5"
    ):
        stores.read("linked.h5", "test")


def test_the_code_in_the_page_reads_and_draws_files_that_say_what_they_hold(
    tmp_path, monkeypatch, capsys
):
    results, score, names = (
        tmp_path / "results" / "laptop",
        np.random.default_rng(0).random((10, 16)),
        [*"abcdefghij"],
    )
    maps = results / "dfm/fashion_mnist/resnet18_w8/none/seed200.h5"
    dfm.write(
        maps, Found(score, 9, 1.5, False, {}, {}, score > 0), ConjugatePairs(6, 5), classes=names
    )
    with replacing_hdf5(results / "adcs/fashion_mnist.h5") as file:
        file["adcs"] = np.zeros((10, 6, 5), np.int16)
    monkeypatch.chdir(tmp_path)
    exec(
        re.search(r"```python\n(.+?)```", (ROOT / "results" / "README.md").read_text(), re.DOTALL)[
            1
        ],
        {},
    )
    figure = plt.gcf()
    assert [ax.get_title() for ax in figure.axes] == 2 * names and all(
        ax.images for ax in figure.axes
    )
    assert (
        "'horizontal frequency (cycles per image)'] The map: the best-ranked freq"
        in capsys.readouterr().out
    )
    with h5py.File(maps) as file:
        assert (
            file["loss_increment"].attrs["units"] == "nats"
            and "units" not in file["mask/top_5"].attrs
        )


@pytest.mark.parametrize("name", ["unknown", "masks"])
def test_a_dataset_without_a_description_of_its_dimensions_is_not_written(tmp_path, name):
    with (
        pytest.raises(ValueError, match=r" \[1 dim.* has no description"),
        replacing_hdf5(tmp_path / "a.h5") as file,
    ):
        file[name] = [1]
    assert not any(tmp_path.iterdir())
    assert (
        row_of("methods/mixture/trials/positions", 1)
        == DATASETS["trials/positions"]
        != DATASETS["positions"]
    )


PAIRS = ConjugatePairs(6, 5)
EVALUATED = np.arange(3 * len(PAIRS)).reshape(3, -1) % 2 == 0
NAMES = ["a", "b", "c"]


def increments(n_classes=3, pairs=PAIRS, seed=0):
    return np.random.default_rng(seed).standard_normal((n_classes, len(pairs)))


def slow_dominant(increment, pairs, percent):
    """One class: keep pairs, best first, until enough positions are kept."""
    plane = np.zeros((pairs.height, pairs.width), bool)
    wanted = int(Decimal(str(percent)) * pairs.height * pairs.width / 100)
    for p in sorted(range(len(pairs)), key=lambda p: (-np.float32(increment[p]), p)):
        if plane.sum() >= max(1, wanted):
            break
        for row, column in pairs.positions[p]:
            plane[row, column] = True
    return plane


def written(path, percents=(5, 12.5), **about):
    of_classes = {
        "baseline_loss": np.array([0.1, 0.2, 0.3]),
        "images_per_class": np.array([4, 5, 6]),
    }
    found = Found(
        increments(), 9, 1.5, False, {"masks": 3}, {"fill": "zeros", **of_classes}, EVALUATED
    )
    dfm.write(path, found, PAIRS, percents, classes=NAMES, **{"split": "validation"} | about)
    return found


def test_rank_breaks_ties_of_the_stored_precision_by_position():
    np.testing.assert_array_equal(
        dfm.rank(np.array([1.0, 1 + 1e-12, 2, 1, -0.0, 0.0])), [1, 2, 0, 3, 4, 5]
    )


def test_file_holds_what_was_written(tmp_path):
    found = written(tmp_path / "a.h5")
    held = dfm.read(tmp_path / "a.h5")
    np.testing.assert_array_equal(held.score, PAIRS.scatter(found.score.astype(np.float32)))
    np.testing.assert_array_equal(held.rank, PAIRS.scatter(dfm.rank(found.score)))
    np.testing.assert_array_equal(held.evaluated, PAIRS.scatter(EVALUATED))
    assert list(held.masks) == [5, 12.5]
    for percent in held.masks:
        np.testing.assert_array_equal(
            held.masks[percent], dfm.dominant(found.score, PAIRS, percent)
        )
        again = dfm.dominant(PAIRS.gather(held.score), PAIRS, percent)
        np.testing.assert_array_equal(held.masks[percent], again)
        np.testing.assert_array_equal(dfm.read_mask(tmp_path / "a.h5", percent), again)
        np.testing.assert_array_equal(
            dfm.read_mask(tmp_path / "a.h5", percent, np.array([0, 2])), again[[0, 2]]
        )
    for plane in (held.score, held.rank, held.evaluated, *held.masks.values()):
        assert symmetric(plane)  # a departure from the published maps
    about = held.attributes
    assert about["baseline_loss"].tolist() == [0.1, 0.2, 0.3] and about[
        "images_per_class"
    ].tolist() == [4, 5, 6]
    assert about["classes"].tolist() == NAMES and "passes" not in about
    assert [about[name] for name in ("layout", "split", "fill")] == [
        "centred",
        "validation",
        "zeros",
    ]


def test_the_file_of_a_method_differs_in_the_name_of_the_score_and_says_what_it_took(tmp_path):
    for name, method in (("a", ""), ("b", "hfss")):
        written(tmp_path / name, method=method)
    one, other = (dfm.read(tmp_path / name) for name in "ab")
    np.testing.assert_equal({**vars(one), "attributes": {}}, {**vars(other), "attributes": {}})
    about = {
        name: other.attributes[name] for name in other.attributes.keys() - one.attributes.keys()
    }
    assert about == {
        "method": "hfss",
        "settings": '{"masks": 3}',
        "passes": 9,
        "seconds": 1.5,
        "resumed": False,
    }
    with h5py.File(tmp_path / "b") as file:
        assert set(file) == {"score", "rank", "evaluated", "mask"}


def test_departure_results_are_hdf5_of_plain_numbers_never_pickle(tmp_path):
    written(tmp_path / "a.h5")
    found = {}
    with h5py.File(tmp_path / "a.h5") as file:
        file.visititems(
            lambda name, item: found.update(
                {name: item.dtype.name} if hasattr(item, "dtype") else {}
            )
        )
        assert (
            file["mask/top_5"].chunks == file["rank"].chunks == (1, 6, 5)
        )  # a class is read without the others
    maps = {"mask/top_5": "bool", "mask/top_12.5": "bool"}
    assert found == {"loss_increment": "float32", "rank": "int32", "evaluated": "bool"} | maps


@pytest.mark.parametrize(
    ("size", "percent"), [((8, 8), 1), ((7, 7), 33), ((6, 5), 7), ((1, 9), 100), ((9, 4), 0.1)]
)
def test_a_size_that_the_file_lacks_is_made_from_the_ranks(tmp_path, size, percent):
    pairs = ConjugatePairs(*size)
    found = Found(increments(2, pairs).round(1), 9, 1.5, False, {}, {})  # with ties
    dfm.write(tmp_path / "a.h5", found, pairs, [50], classes=["a", "b"])
    expected = [slow_dominant(row, pairs, percent) for row in found.score]
    np.testing.assert_array_equal(dfm.read_mask(tmp_path / "a.h5", percent), expected)
    np.testing.assert_array_equal(
        dfm.read_mask(tmp_path / "a.h5", percent, np.array([1])), expected[1:]
    )
