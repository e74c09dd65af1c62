"""The exchange test of an analysis: a planted wave that networks follow or not, and two classes as a pair."""

import pickle
from dataclasses import replace

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from fine_wave import CLASSES, FREQUENCY, MEAN, SIZE, STD, WAVED, Reader, analyse, images_and_labels
from matplotlib import pyplot as plt
from small_stores import class_folders
from torch.utils.data import TensorDataset
from torchvision.transforms.functional import to_tensor

import frequency_shortcuts as fs
from frequency_shortcuts.analysis.analyse import PER_CLASS
from frequency_shortcuts.analysis.chosen_images import Counts, choose
from frequency_shortcuts.analysis.exchanges import ExchangeTest
from frequency_shortcuts.analysis.reasons import cause_of_pair
from frequency_shortcuts.command import main
from frequency_shortcuts.exchange.answers import rates, read_answers, typical, write_answers
from frequency_shortcuts.exchange.verdict import PARTS
from frequency_shortcuts.images.artefacts import CAUSES
from frequency_shortcuts.images.splits import Split, first_of_each_class

COLUMNS = [
    "class",
    *(f"{part}{end}" for part in PARTS for end in ("", "_low", "_high", "_control")),
    *(f"border{end}" for end in ("", "_low", "_high", "_error", "_own", "_images")),
    *("recall", "images", "false_positives", "verdict", "follows", "reason", "cause", "place"),
]
NAME = CLASSES[WAVED]
MAPS = {"test": fs.Evaluation(fs.Search("gradient", percent=2), fills=("zeros",))}


@pytest.fixture(scope="module")
def followed():
    return analyse(Reader(follows=200))


def test_a_network_follows_the_planted_wave_and_nothing_else(followed):
    table = followed.exchanges
    assert table.columns.tolist() == COLUMNS and table["class"].tolist() == [*CLASSES]
    # Twenty images of a class are too few to say that nothing is found.
    assert table["verdict"].tolist() == [
        "follows" if c == WAVED else "cannot tell" for c in range(len(CLASSES))
    ]
    assert set(table.drop(WAVED)["reason"]) == {"border up to 14 (20 of about 39 images)"}
    assert table["follows"].tolist() == ["fine" if c == WAVED else "" for c in range(len(CLASSES))]
    assert table.loc[WAVED, "fine"] > 0.4 and table.loc[WAVED, "field"] < 0.05
    assert table["cause"].tolist() == [
        CAUSES["wave"] if c == WAVED else None for c in range(len(CLASSES))
    ]
    lines = followed.summary().splitlines()
    assert lines[2].split()[:3] == [NAME, "follows", "fine"]
    assert f"Likely, by the images alone: {NAME}: {CAUSES['wave']}." in " ".join(
        map(str.strip, lines)
    )


def test_a_network_that_does_not_follow_the_wave_is_not_said_to():
    made = analyse(Reader(), n=480)
    assert (
        set(made.exchanges["verdict"]) == {"nothing found"} and made.exchanges["cause"].isna().all()
    )
    text = made.summary()
    assert "\n\nNothing found: no number can be above" in text and "no shortcut" not in text.lower()


def test_of_two_classes_there_is_one_statement_that_accuses_none():
    images, labels = images_and_labels(640)
    pair = (labels == 0) | (labels == WAVED)
    made = fs.analyse(Reader(200, classes=2), images[pair], labels[pair], mean=MEAN, std=STD,
                      classes=CLASSES[:2], run=fs.Run(progress=False))  # fmt: skip
    assert (
        made.exchanges["verdict"].tolist() == ["follows"] * 2
        and len({*made.exchanges["cause"]}) == 1
    )
    text = " ".join(made.summary().split())
    assert made.summary().splitlines()[2].startswith("ant or bee  follows  fine ")
    assert "either may be the one" not in text  # a wave is in the class that has it
    assert f"bee: {CAUSES['wave']}." in text


@pytest.mark.parametrize(
    ("causes", "words"),
    [
        ({0: "raised floor"}, ["raised floor", "lost high frequencies"]),
        (
            {0: "raised floor", 1: "lost high frequencies"},
            ["raised floor", "lost high frequencies"],
        ),
        ({1: "blocks"}, [None, "blocks"]),
    ],
)
def test_what_one_of_two_classes_lost_may_be_raised_in_the_other(causes, words):
    expected = [
        f"{name}: {CAUSES[one]}" for name, one in zip(("ant", "bee"), words, strict=True) if one
    ]
    assert cause_of_pair(causes, ("ant", "bee")) == ", or ".join(expected)


def splits(n=320):
    """The ranking and test images of an analysis."""
    images, labels = images_and_labels(n)
    chosen = choose(labels, CLASSES, PER_CLASS, 0, halves=True, fewest=10)
    own = Split(images, labels, CLASSES, MEAN, STD)
    return own.subset(chosen.ranking), own.subset(chosen.test)


def test_few_images_have_no_cause_but_a_verdict(followed):
    ranking, test = splits()
    ranking = ranking.subset(first_of_each_class(ranking.labels, 9))
    few = ExchangeTest(Reader(follows=200), ranking, test, followed.answers, 0)
    assert few.causes == {}
    assert few.table["verdict"].tolist() == followed.exchanges["verdict"].tolist()


def test_without_maps_there_is_nothing_of_maps(followed):
    for name in ("maps", "found", "rates", "verdicts", "table", "table_1"):
        with pytest.raises(ValueError, match="no maps were tested: call analyse with maps=True"):
            getattr(followed, name)


def test_exchanges_are_the_same_with_maps_and_without(followed):
    made = analyse(Reader(follows=200), **MAPS)
    pd.testing.assert_frame_equal(made.exchanges, followed.exchanges)
    assert made.verdicts["class"].tolist() == [*CLASSES]


def test_an_exchange_shows_an_image_that_is_called_the_class(followed):
    made = followed.exchange(NAME)
    assert (made.part, made.called_before, made.called_after) == (
        "fine",
        made.label,
        NAME,
    ) and made.label != NAME
    assert (
        made.logits_before.argmax() == CLASSES.index(made.label)
        and made.logits_after.argmax() == WAVED
    )
    for picture in (made.before, made.after, made.difference):
        assert picture.shape == (1, SIZE, SIZE) and picture.dtype == np.uint8
    before, after = (picture.astype(float) for picture in (made.before, made.after))
    shown = (127.5 + made.factor * (after - before)).clip(0, 255)
    np.testing.assert_allclose(made.difference, shown, atol=1 + 1.1 * made.factor)
    assert made.factor > 2
    spectra = [np.abs(np.fft.fft2(picture[0]))[FREQUENCY] for picture in (before, after)]
    assert spectra[1] > 3 * spectra[0]
    assert any((made.before == image).all() for image in splits()[1].images)
    assert followed.exchange(NAME, "fine") is made


@pytest.mark.parametrize("part", PARTS)
def test_what_is_shown_is_what_was_tested(part, followed):
    answers = followed.answers
    for c in range(3):
        made = followed.exchange(CLASSES[c], part)
        called = answers.given[part][c, typical(answers, part, c)[0]]
        assert (made.part, made.called_after) == (part, CLASSES[called])
        assert made.called_before == made.called_after or made.called_after == CLASSES[c]


@pytest.mark.parametrize("name", ["wasp", 8])
def test_a_class_that_is_not_there_has_no_exchange(followed, name):
    words = f"class {name} has no pictures: these have some: bee, "
    with pytest.raises(ValueError, match=words):
        followed.exchange(name)


def test_the_neutral_class_has_no_row_and_no_exchange(followed):
    made = analyse(Reader(follows=200), test=fs.Evaluation(neutral=0))
    assert (
        made.exchanges["class"].tolist() == [*CLASSES[1:]]
        and made.exchanges.loc[0, "verdict"] == "follows"
    )
    with pytest.raises(ValueError, match="class ant has no pictures: these have some"):
        made.exchange("ant")
    with pytest.raises(ValueError, match="unknown part 'need': choose from fine, field, patch"):
        followed.exchange("ant", "need")


class Needs(Reader):
    """It calls nothing the class of the wave that has no wave."""

    def forward(self, images):
        return super().forward(images) - 60 * (torch.arange(8) == WAVED)


@pytest.fixture(scope="module")
def needed():
    return analyse(Needs(follows=200))


def test_half_of_the_images_rank_and_those_of_maps_come_first():
    labels = np.repeat([0, 1], [20, 1000])
    chosen = choose(labels, ("a", "b"), PER_CLASS, 0, halves=True, fewest=10)
    assert np.bincount(labels[chosen.ranking]).tolist() == [10, 200]
    assert np.bincount(labels[chosen.test]).tolist() == [10, 200]
    assert np.bincount(labels[chosen.ranking[: chosen.search]]).tolist() == [10, 50]
    assert np.bincount(labels[chosen.test[: chosen.tested]]).tolist() == [10, 50]
    assert not {*chosen.ranking} & {*chosen.test}
    few = choose(labels, ("a", "b"), Counts(200, 3, 4, 3), 0, halves=True, fewest=10)
    assert np.bincount(labels[few.ranking]).tolist() == [17, 200] and np.bincount(
        labels[few.test]
    ).tolist() == [3, 3]


def test_fewer_than_ten_ranking_images_are_refused():
    with pytest.raises(
        ValueError, match="class ant has 18 images, of which half test: expected at least 20"
    ):
        analyse(Reader(), n=144)
    images, labels = images_and_labels(72)
    with pytest.raises(ValueError, match="class 0 has 9 images: expected at least 10"):
        fs.analyse(
            Reader(),
            images,
            labels,
            mean=MEAN,
            std=STD,
            test=fs.Evaluation(images=images, labels=labels),
        )


def test_a_network_of_double_precision_and_images_without_a_known_range(followed):
    images, labels = images_and_labels()
    network = Reader(follows=200).double()
    ready = (images / 255 - MEAN[0]) / STD[0]
    made = fs.analyse(
        network,
        ready,
        labels,
        classes=CLASSES,
        run=fs.Run(progress=False),
    )
    assert made.exchanges["verdict"].tolist() == followed.exchanges["verdict"].tolist()
    assert made.exchange(NAME).called_after == NAME


def test_the_numbers_have_flat_names(followed, with_all):
    """Those of each table, one by one; words and missing values are left out."""
    made = with_all
    expected, words = (
        {},
        ["verdict", "follows", "cause", "reason", "best_control", "closest_class", "than_lowest"],
    )
    for kind, table in (
        ("exchange", made.exchanges),
        ("map", made.verdicts),
        ("source", made.recall_by_source),
    ):
        numbers = table.drop(columns=words, errors="ignore").melt(
            ["class", "source"] if kind == "source" else "class"
        )
        for *names, value in numbers.dropna().itertuples(index=False):
            expected["/".join([kind, *names])] = float(value)
    found = made.to_dict()
    assert found == expected and {*map(type, found.values())} == {float}
    assert "map/ant/margin_low" in found and "source/ant/north/recall" in found
    assert {name.partition("/")[0] for name in followed.to_dict()} == {"exchange"}


@pytest.mark.usefixtures("closed_figures")
def test_a_flip_is_drawn_on_axes_of_the_user(followed):
    """Of the clearest class, or of another one, and of a part."""
    _, axes = plt.subplots(2, 3)
    for of, part, given, name in (
        (None, None, axes[0], NAME),
        ("ant", "patch", list(axes[1]), "ant"),
    ):
        drawn, made = (
            fs.plot_exchange(followed, of, part=part, ax=given),
            followed.exchange(name, part),
        )
        assert drawn == list(given)
        for axis, picture in zip(drawn, (made.before, made.after, made.difference), strict=True):
            assert np.array_equal(axis.images[0].get_array(), picture[0])
        words = {None: f"with what is fine\nin {name}", "patch": f"with a patch\nof {name}"}
        assert drawn[1].get_title() == words[part]
        assert drawn[0].get_xlabel().startswith(f"called {made.label}\nprobability ")
        assert drawn[1].get_xlabel().startswith(f"called {made.called_after}")
        assert f"({float(f'{made.factor:.2g}'):g} times)" in drawn[2].get_title()
    rows = [axis.get_ylabel() for axis in followed.plot_exchanges().axes[::3]]
    assert rows == ["fine:\nfollowed", "field:\nnot followed", "patch:\nnot followed"]
    with pytest.raises(
        ValueError,
        match="2 axes: expected three, for the image before and after, and the difference",
    ):
        fs.plot_exchange(followed, ax=axes[0, :2])


@pytest.mark.usefixtures("closed_figures")
def test_a_map_is_drawn_in_cycles_per_image_with_frequency_zero_in_the_centre():
    _, given = plt.subplots()
    for plane, scale in (
        (np.random.default_rng(0).random((SIZE, SIZE)), None),
        (np.ones((SIZE, SIZE - 1), bool), (0, 1)),
    ):
        assert fs.plot_map(plane, ax=given) is given
        shown, (height, width) = given.images[-1], plane.shape
        assert np.array_equal(shown.get_array(), plane) and scale in (None, shown.get_clim())
        left, right, bottom, top = shown.get_extent()
        assert (right - left, top - bottom) == (width, height)
        assert (left + width // 2, bottom + height // 2) == (
            -0.5,
            -0.5,
        )  # so the centre of this cell is at zero
        assert (
            given.get_xlabel() == given.get_ylabel() == "cycles per image"
            and shown.origin == "lower"
        )
    other = fs.plot_map(torch.zeros(4, 6), vmax=3)
    assert other.figure is not given.figure and other.images[0].get_clim() == (0, 3)
    with pytest.raises(
        ValueError,
        match=r"a map is \[8, 32, 32\]: expected one plane \[H, W\], such as result.maps",
    ):
        fs.plot_map(np.zeros((8, 32, 32)))


def test_the_files_and_the_page_begin_with_exchanges(followed, tmp_path, small_pictures):
    folder = followed.save(tmp_path / "out")
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "report.html",
        "exchanges.csv",
        "exchanges.h5",
        "exchanges.png",
        "advice.csv",
        "about.json",
    }
    assert (
        pd.read_csv(folder / "exchanges.csv")["verdict"].tolist()
        == followed.exchanges["verdict"].tolist()
    )
    with h5py.File(folder / "exchanges.h5") as file:
        stored = rates(read_answers(file))
        assert file.attrs["weights_sha256"] == followed.about["weights_sha256"]
        assert file.attrs["classes"].tolist() == [*CLASSES]
    assert stored["fine"].tolist() == followed.exchanges["fine"].tolist()
    page = (folder / "report.html").read_text()
    assert (
        page.index("<img")
        < page.index("<li>Follows: ")
        < page.index("<h2>What each class follows</h2>")
    )
    assert page.count('<tr class="strong">') == 1 and "Is a map enough?" not in page
    assert f"<td>{CAUSES['wave']}</td>" in page


@pytest.mark.parametrize(
    ("options", "code", "line"),
    [
        (["--swapped"], 0, None),
        (["--quick", "--fail-above", 0.99], 0, None),
        (["--fail-above", 0.2], 1, f"{NAME}: the lower end of fine is 0.4"),
        (["--percent", 2], 1, "Error: --percent is about maps: add --maps, or leave it out"),
    ],
)  # fmt: skip
def test_the_command_fails_above_a_limit(options, code, line, tmp_path, small_pictures):
    files, out = class_folders(tmp_path / "images", *images_and_labels(), CLASSES), tmp_path / "out"
    rows = [
        (f"{file.parent.name}/{file.name}", "north" if i % 3 else "south")
        for i, file in enumerate(files)
    ]
    pd.DataFrame(rows, columns=["path", "source"]).to_csv(
        sources := tmp_path / "sources.csv", index=False
    )
    shared = [
        "--images",
        tmp_path / "images",
        "--size",
        SIZE,
        "--mean",
        MEAN[0],
        "--std",
        STD[0],
        "--out",
        out,
    ]
    command = ["analyse", "fine_wave:network", "--source", sources, *shared, *options]
    done = CliRunner().invoke(main, [*map(str, command)])
    assert done.exit_code == code, done.output
    if line is not None:
        assert done.stderr.splitlines()[-1].startswith(line)
    if not line or not line.startswith("Error"):
        assert done.stdout.splitlines()[2].startswith(f"{NAME}  ")
        assert " on images</title>" in (out / "report.html").read_text()
        assert not (out / "maps.h5").exists()
        by_source = pd.read_csv(out / "recall_by_source.csv")
        assert (
            len(by_source) == 16
            and by_source["images"].sum() == 160
            and "Recall by source: " in done.stdout
        )
        assert ("fs.Swap did not remove what is followed" in " ".join(done.stdout.split())) == (
            "--swapped" in options
        )


@pytest.fixture(scope="module")
def with_all():
    source = ["north" if i % 3 else "south" for i in range(320)]
    return analyse(Needs(follows=200), test=replace(MAPS["test"], source=source))


@pytest.fixture(scope="module", params=["plain", "maps", "transform", "dataset"])
def made(request, tmp_path_factory, needed, with_all):
    options = {"classes": CLASSES, "run": fs.Run(progress=False)}
    if request.param == "dataset":
        images, labels = map(torch.from_numpy, images_and_labels())
        images = TensorDataset((images / 255 - 0.4) / 0.2, labels)
        images.transform = lambda one: one  # which cannot be pickled
        return fs.analyse(Needs(follows=200), images, **options)
    if request.param == "transform":
        root = class_folders(tmp_path_factory.mktemp("images"), *images_and_labels(), CLASSES)[
            0
        ].parent.parent
        return fs.analyse(
            Needs(follows=200),
            root,
            transform=lambda one: (to_tensor(one)[:1] - 0.4) / 0.2,
            **options,
        )
    return with_all if request.param == "maps" else needed


@pytest.mark.usefixtures("closed_figures")
def test_a_result_that_is_loaded_or_unpickled_says_and_writes_the_same(made, tmp_path):
    made.save(tmp_path / "first")
    files = {path.name: path.read_bytes() for path in (tmp_path / "first").iterdir()}
    for number, again in enumerate((fs.load(tmp_path / "first"), pickle.loads(pickle.dumps(made)))):
        names = [
            "exchanges",
            "advice",
            *(
                ["verdicts", "table", "table_1", "rates", "recall_by_source"]
                * bool(made.map_result)
            ),
        ]
        for name in names:
            pd.testing.assert_frame_equal(
                getattr(again, name), getattr(made, name), check_exact=True
            )
        assert (again.summary(), repr(again), again.to_dict()) == (
            made.summary(),
            repr(made),
            made.to_dict(),
        )
        assert again.classes == made.classes and again.about == made.about
        if made.map_result is not None:
            assert np.array_equal(again.maps, made.maps) and np.array_equal(
                again.found.score, made.found.score
            )
        folder = again.save(tmp_path / f"again{number}")
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
        shown = made.exchange(NAME, "fine")
        assert np.array_equal(again.exchange(NAME, "fine").after, shown.after)


def test_a_folder_without_a_result_or_with_an_older_one_is_not_loaded(tmp_path, needed):
    with pytest.raises(
        FileNotFoundError,
        match=r"holds no result: expected exchanges.h5, which the result of an analysis",
    ):
        fs.load(tmp_path)
    (tmp_path / "about.json").write_text('{"classes": 2}')
    with pytest.raises(
        FileNotFoundError,
        match=r"holds a result of the data check: expected exchanges.h5, which the",
    ):
        fs.load(tmp_path)
    with h5py.File(tmp_path / "exchanges.h5", "w") as file:
        write_answers(file, needed.answers)
    with pytest.raises(
        ValueError, match=r"exchanges.h5 is of an older version, or of a study: analyse again"
    ):
        fs.load(tmp_path)


def test_results_do_not_mix_in_a_folder(needed, tmp_path, small_pictures):
    """Another one is refused, or takes the place of all files of the first; the same with maps is saved beside."""
    network = Needs(follows=200)
    network.long.data *= 2
    maps, other = analyse(Needs(follows=200), **MAPS), analyse(network)
    fewer = analyse(Needs(follows=200), test=fs.Evaluation(neutral=0))
    (tmp_path / "exchanges.csv").write_text("mine")
    with pytest.raises(
        ValueError, match=r"holds exchanges.csv, which no such result wrote: choose another folder,"
    ):
        needed.save(tmp_path)
    by_source = pd.DataFrame({"class": ["ant"], "source": "north", "images": 3, "recall": 0.5})
    by_source = by_source.assign(recall_low=0.1, recall_high=0.9)
    replace(needed, recall_by_source=by_source).save(tmp_path, overwrite=True)
    maps.save(tmp_path)
    (tmp_path / "files.csv").write_text("mine")
    for result, names in (
        (other, "weights_sha256.*differ"),
        (needed, ".*method, .*differ"),
        (fewer, ".*options.*"),
    ):
        with pytest.raises(
            ValueError,
            match=rf"holds another result \({names}.*\): choose another folder, or overwri",
        ):
            result.save(tmp_path)
    assert fs.load(tmp_path).exchanges.equals(maps.exchanges) and (tmp_path / "maps.h5").exists()
    other.save(tmp_path, overwrite=True)
    assert {path.name for path in tmp_path.iterdir()} == {
        "files.csv", "report.html", "exchanges.csv", "exchanges.h5", "exchanges.png", "about.json"
    }  # fmt: skip


def test_the_report_is_the_page(needed, tmp_path, small_pictures):
    page = (needed.save(tmp_path) / "report.html").read_text()
    assert needed.report() == page and "<td>follows</td>" in page
