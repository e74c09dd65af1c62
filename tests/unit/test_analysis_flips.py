"""The counterfactual test of an analysis: a planted amplitude that networks follow or need, or not."""

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from matplotlib import pyplot as plt
from planted_amplitude import CLASSES, FREQUENCY, MEAN, SIZE, STD, WAVED, Blobs, analyse, images_and_labels
from small_stores import class_folders
from waves_and_network import without_drawings

import frequency_shortcuts as fs
from frequency_shortcuts.analysis.analyse import PER_CLASS
from frequency_shortcuts.analysis.classes import Counts, choose
from frequency_shortcuts.command import main
from frequency_shortcuts.evaluation.counterfactual import read_flips

NUMBERS = ("flip", "sham", "part", "need")
COLUMNS = [
    "class", *(f"{number}{end}" for number in NUMBERS for end in ("", "_low", "_high")), "coarse", "recall", "images",
    "verdict", "cause",
]  # fmt: skip
NAME = CLASSES[WAVED]
SEARCH = fs.Search("gradient", percent=2)
MAPS = {"quick": False, "test": fs.Test(SEARCH, fills=("zeros",))}


@pytest.fixture(scope="module")
def followed():
    return analyse(Blobs(follows=2))


@pytest.fixture(scope="module")
def needed():
    return analyse(Blobs(needs=True), n=800)


def test_a_network_follows_the_planted_amplitude_and_nothing_else(followed):
    table = followed.flips
    assert table.columns.tolist() == COLUMNS and table["class"].tolist() == [*CLASSES]
    assert table["verdict"].tolist() == ["follows" if c == WAVED else "not shown" for c in range(len(CLASSES))]
    assert table.loc[WAVED, "flip"] > 0.95 and table.loc[WAVED, "sham"] < 0.05
    assert table["cause"].tolist() == ["wave" if c == WAVED else None for c in range(len(CLASSES))]
    first = followed.summary().splitlines()[2].split()
    assert first[:2] == [NAME, "follows"] and first[-1] == "wave"
    size = SIZE // 2
    best = np.unravel_index(followed.differences[WAVED].argmax(), (SIZE, SIZE))
    assert followed.differences.shape == (len(CLASSES), SIZE, SIZE)
    assert (abs(best[0] - size), abs(best[1] - size)) == FREQUENCY


def test_a_network_that_does_not_follow_the_amplitude_is_not_said_to():
    made = analyse(Blobs())
    assert set(made.flips["verdict"]) == {"not shown"}
    text = made.summary()
    assert "\n\nNot shown: flip, sham and part" in text and "no shortcut" not in text.lower()


def test_a_network_needs_the_planted_amplitude(needed):
    row = needed.flips.iloc[WAVED]
    assert row["verdict"] == "needs" and row["need_low"] > 0.7
    assert needed.summary().splitlines()[2].endswith("100 [91, 100]  wave")


def test_the_cross_matrix_names_the_class_that_is_called_and_whose_spectrum_it_is(followed):
    cross = followed.cross_flips
    assert len(cross) == len(CLASSES) ** 2 and set(cross["class"]) == set(cross["spectrum_of"]) == {*CLASSES}
    follows = cross.loc[cross["flip"] > 0.5, ["class", "spectrum_of"]].to_numpy().tolist()
    assert follows == [[NAME, NAME]]


def test_without_maps_there_is_nothing_of_maps(followed):
    assert followed.maps is followed.found is followed.hits is followed.rates is None
    for name in ("verdicts", "table"):
        with pytest.raises(ValueError, match="no maps were tested: call analyse without quick, and with the parts"):
            getattr(followed, name)
    with pytest.raises(ValueError, match="there are no maps to save: call analyse without quick"):
        followed.save_maps("nowhere.h5")


def test_flips_are_the_same_with_maps_and_without(followed):
    made = analyse(Blobs(follows=2), **MAPS)
    pd.testing.assert_frame_equal(made.flips, followed.flips)
    assert made.verdicts["class"].tolist() == [*CLASSES]


# An image before and after


def test_a_counterfactual_is_an_image_that_is_flipped(followed):
    made = followed.counterfactual(NAME)
    assert (made.kind, made.called_before, made.called_after) == ("flip", made.label, NAME) and made.label != NAME
    assert made.logits_before.argmax() == CLASSES.index(made.label) and made.logits_after.argmax() == WAVED
    for picture in (made.before, made.after, made.difference):
        assert picture.shape == (1, SIZE, SIZE) and picture.dtype == np.uint8
    before, after = (picture.astype(float) for picture in (made.before, made.after))
    shown = (127.5 + made.factor * (after - before)).clip(0, 255)
    np.testing.assert_allclose(made.difference, shown, atol=1 + 1.1 * made.factor)
    assert 0 < ((made.difference == 0) | (made.difference == 255)).mean() < 0.05 and made.factor > 2
    spectra = [np.abs(np.fft.fft2(picture[0]))[FREQUENCY] for picture in (before, after)]
    assert spectra[1] > 3 * spectra[0]
    assert any((made.before == image).all() for image in followed.test.images)
    for again in (WAVED, np.int64(WAVED)):
        assert np.array_equal(followed.counterfactual(again).after, made.after)


def test_a_counterfactual_of_a_class_that_does_not_follow_changes_nothing_and_says_so(followed):
    made = followed.counterfactual("ant")
    assert made.called_before == made.called_after == made.label != "ant"


def test_a_counterfactual_of_a_class_that_needs_its_spectrum_is_an_image_of_its_own(needed):
    made = needed.counterfactual(NAME)
    assert made.kind == "away" and made.label == made.called_before == NAME != made.called_after


@pytest.mark.parametrize("kind", ["sham", "part"])
def test_what_a_class_follows_is_shown_as_it_was_tested(kind, monkeypatch):
    """A class that follows by its sham alone or its part alone."""
    made = analyse(Blobs(follows=20))
    table = made.flip_test.table.copy()
    table.loc[WAVED, "by"] = kind
    monkeypatch.setitem(made.flip_test.__dict__, "table", table)
    shown = made.counterfactual(NAME)
    assert (shown.kind, shown.called_after) == (kind, NAME) and shown.label != NAME


@pytest.mark.parametrize("of", ["wasp", 8, -1])
def test_a_class_that_is_not_there_has_no_counterfactual(followed, of):
    with pytest.raises(ValueError, match=f"class {of}: expected a name or number of a class of the images, ant, bee"):
        followed.counterfactual(of)


def test_the_neutral_class_has_no_row_and_no_counterfactual():
    made = analyse(Blobs(follows=2), test=fs.Test(neutral=0))
    assert made.flips["class"].tolist() == [*CLASSES[1:]] and made.flips.loc[0, "verdict"] == "follows"
    with pytest.raises(ValueError, match="class ant was not tested: it is the neutral class"):
        made.counterfactual("ant")


# Images


def test_half_of_the_images_rank_and_those_of_maps_come_first():
    labels = np.repeat([0, 1], [20, 1000])
    chosen = choose(labels, ("a", "b"), PER_CLASS, 0, halves=True, fewest=10)
    assert np.bincount(labels[chosen.ranking]).tolist() == [10, 200]
    assert np.bincount(labels[chosen.test]).tolist() == [10, 200]
    assert np.bincount(labels[chosen.ranking[: chosen.search]]).tolist() == [10, 50]
    assert np.bincount(labels[chosen.test[: chosen.tested]]).tolist() == [10, 50]
    assert not {*chosen.ranking} & {*chosen.test}
    few = choose(labels, ("a", "b"), Counts(200, 3, 4, 3), 0, halves=True, fewest=10)
    assert np.bincount(labels[few.ranking]).tolist() == [17, 200] and np.bincount(labels[few.test]).tolist() == [3, 3]


def test_fewer_than_ten_ranking_images_are_refused():
    with pytest.raises(ValueError, match="class ant has 18 images, of which half are for the statistics of its spec"
                                         "trum: expected at least 20"):  # fmt: skip
        analyse(Blobs(), n=144)
    images, labels = images_and_labels(72)
    with pytest.raises(
        ValueError, match="class 0 has 9 images for the statistics of its spectrum: expected at least 10"
    ):
        fs.analyse(Blobs(), images, labels, mean=MEAN, std=STD, test=fs.Test(images=images, labels=labels))


def test_a_network_of_double_precision_and_images_without_a_known_range(followed):
    images, labels = images_and_labels()
    network = Blobs(follows=2).double()
    ready = (images / 255 - MEAN[0]) / STD[0]
    made = fs.analyse(network, ready, labels, quick=True, test=fs.Test(classes=CLASSES), run=fs.Run(progress=False))
    assert made.flips["verdict"].tolist() == followed.flips["verdict"].tolist()
    assert made.counterfactual(NAME).called_after == NAME


# Pictures, files and the command


def test_the_numbers_have_flat_names(followed):
    """Those of each table, one by one; words and missing values are left out."""
    source = ["north" if i % 3 else "south" for i in range(320)]
    test = fs.Test(SEARCH, fills=("zeros",), source=source)
    made = analyse(Blobs(follows=2), quick=False, test=test)
    expected, words = {}, ["verdict", "cause", "best_control", "closest_class", "than_lowest"]
    for kind, table in (("flip", made.flips), ("map", made.verdicts), ("source", made.recall_by_source)):
        named = ["class", "source"] if kind == "source" else ["class"]
        for column in table.columns.difference([*named, *words]):
            for _, row in table.iterrows():
                if not pd.isna(row[column]):
                    expected["/".join([kind, *row[named], column])] = float(row[column])
    found = made.to_dict()
    assert found == expected and {*map(type, found.values())} == {float}
    assert "map/ant/margin_low" in found and "source/ant/north/recall" in found
    assert {name.partition("/")[0] for name in followed.to_dict()} == {"flip"}


@pytest.mark.usefixtures("closed_figures")
def test_a_flip_is_drawn_on_axes_of_the_user(followed):
    """Of the clearest class as in the picture of the result, or of another."""
    _, axes = plt.subplots(2, 3)
    for of, given, name in ((None, axes[0], NAME), ("ant", list(axes[1]), "ant")):
        drawn, made = fs.plot_flip(followed, of, ax=given), followed.counterfactual(name)
        assert drawn == list(given)
        for axis, picture in zip(drawn, (made.before, made.after, made.difference), strict=True):
            assert np.array_equal(axis.images[0].get_array(), picture[0])
        assert drawn[1].get_title() == f"with the fine spectrum\nof {name}"
        assert drawn[0].get_xlabel().startswith(f"called {made.label}\nprobability 0.")
        assert drawn[1].get_xlabel().startswith(f"called {made.called_after}")
        assert f"({made.factor:.2g} times)" in drawn[2].get_title()
    assert [axis.get_title() for axis in fs.plot_flip(followed)] == [axis.get_title() for axis in followed.flip().axes]
    with pytest.raises(ValueError, match="2 axes: expected three, for the image before and after, and the difference"):
        fs.plot_flip(followed, ax=axes[0, :2])
    with pytest.raises(ValueError, match="class wasp: expected a name or number of a class of the images, ant, bee"):
        fs.plot_flip(followed, "wasp")


@pytest.mark.usefixtures("closed_figures")
def test_a_map_is_drawn_in_cycles_per_image_with_frequency_zero_in_the_centre(followed):
    _, given = plt.subplots()
    for plane, scale in ((followed.differences[WAVED], None), (np.ones((SIZE, SIZE - 1), bool), (0, 1))):
        assert fs.plot_map(plane, ax=given) is given
        shown, (height, width) = given.images[-1], plane.shape
        assert np.array_equal(shown.get_array(), plane) and scale in (None, shown.get_clim())
        left, right, bottom, top = shown.get_extent()
        assert (right - left, top - bottom) == (width, height)
        assert (left + width // 2, bottom + height // 2) == (-0.5, -0.5)  # so the centre of this cell is at zero
        assert given.get_xlabel() == given.get_ylabel() == "cycles per image" and shown.origin == "lower"
    other = fs.plot_map(torch.zeros(4, 6), vmax=3)
    assert other.figure is not given.figure and other.images[0].get_clim() == (0, 3)
    with pytest.raises(ValueError, match=r"a map is \[8, 16, 16\]: expected one plane \[H, W\], such as result.maps"):
        fs.plot_map(followed.differences)


def test_the_files_and_the_page_begin_with_flips(followed, tmp_path, monkeypatch):
    without_drawings(monkeypatch)
    folder = followed.save(tmp_path / "out")
    names = {path.name for path in folder.iterdir()}
    assert names == {"report.html", "flips.csv", "cross_flips.csv", "flips.h5", "flip.png"}
    assert pd.read_csv(folder / "flips.csv")["verdict"].tolist() == followed.flips["verdict"].tolist()
    with h5py.File(folder / "flips.h5") as file:
        stored = read_flips(file)
        assert file.attrs["weights_sha256"] == followed.about["weights_sha256"]
        assert file.attrs["classes"].tolist() == [*CLASSES] and file.attrs["layout"] == "centred"
    assert np.array_equal(stored.called["flip"], followed.flip_test.hits.called["flip"])
    page = (folder / "report.html").read_text()
    assert page.index("<img") < page.index("<li>Follows: ") < page.index("<h2>Flips</h2>")
    assert page.count('<tr class="strong">') == 1 and "Is a map enough?" not in page
    assert "<td>wave</td>" in page


@pytest.fixture
def folder(tmp_path):
    class_folders(tmp_path / "images", *images_and_labels(), CLASSES)
    return tmp_path / "images"


@pytest.mark.parametrize(
    ("options", "code", "line"),
    [
        (["--quick"], 0, None),
        (["--quick", "--fail-above", 0.97], 0, None),
        (["--quick", "--fail-above", 0.2], 1, f"{NAME}: the lower end of flip is 0.97, above 0.2"),
        (["--quick", "--percent", 2], 1, "Error: --percent is about maps, which --quick leaves out: give "
                                         "one or the other"),
    ],
)  # fmt: skip
def test_the_command_fails_above_a_limit(options, code, line, folder, tmp_path, monkeypatch):
    without_drawings(monkeypatch)
    out = tmp_path / "out"
    shared = ["--images", folder, "--size", SIZE, "--mean", MEAN[0], "--std", STD[0], "--out", out]
    done = CliRunner().invoke(main, [str(one) for one in ("analyse", "planted_amplitude:network", *shared, *options)])
    assert done.exit_code == code, done.output
    if line is not None:
        assert done.stderr.splitlines()[-1] == line
    if not line or not line.startswith("Error"):
        assert done.stdout.splitlines()[2].startswith(f"{NAME}  ") and (out / "report.html").exists()
        assert not (out / "maps.h5").exists()
