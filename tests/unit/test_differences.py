"""Differences between the classes of a data set, without a network: reading, summary, files and the command."""

import json
from collections import Counter
from dataclasses import replace

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from fine_wave import BLOBS, CLASSES, SIZE, WAVED, Reader, analyse, images_and_labels
from PIL import Image
from small_stores import PictureSet, class_folders

import frequency_shortcuts as fs
from frequency_shortcuts.analysis import data_images
from frequency_shortcuts.analysis.analyse import PER_CLASS
from frequency_shortcuts.analysis.chosen_images import choose
from frequency_shortcuts.analysis.data_images import common_size, read_data
from frequency_shortcuts.analysis.sources import recall_by_source
from frequency_shortcuts.command import main
from frequency_shortcuts.figures.canvas import MISSING
from frequency_shortcuts.images.artefacts import CAUSES, LOST, RAISED

NAME = CLASSES[WAVED]
IMAGES, LABELS = images_and_labels(objects=BLOBS)


def write(folder, *, classes=4, n=30, kind="png", **other):
    """Noise of 32 x 32 pixels in class folders a, b, c, ...; `other`: the kind of files of a class."""
    generator = np.random.default_rng(0)
    for name in "abcdefgh"[:classes]:
        (folder / name).mkdir(parents=True)
        for i in range(n):
            pixels = generator.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i:02}.{other.get(name, kind)}")
    return folder


def find(images, labels=None, **options):
    return fs.differences(images, labels, progress=False, **options)


def words(found):
    return " ".join(found.summary().split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write(tmp_path_factory.mktemp("pictures"), b="jpg")


@pytest.fixture(scope="module")
def found(folder):
    return find(folder)


@pytest.fixture(scope="module")
def waved():
    return find(
        IMAGES,
        LABELS,
        classes=CLASSES,
        source=np.where(np.arange(320) % 3, "north", "south").tolist(),
    )


def rows(found):
    """The table of the summary, without the files that carry a cause."""
    return found._cells().drop(columns="clearest in", errors="ignore").to_numpy().tolist()


def test_facts_of_files_that_set_a_class_apart_come_first(found):
    facts, (cause, *others) = rows(found)[:3], rows(found)[3:]
    assert facts == [
        ["b", "file format JPEG", "100", "0"], ["b", "JPEG quality 75", "100", "0"],
        ["b", "chroma subsampling 4:2:0", "100", "0"],
    ]  # fmt: skip
    assert cause[:2] == ["b", "likely the blocks of JPEG"] and cause[3] == MISSING
    assert others and all(
        what.endswith(" (may be natural)") and "bytes" not in what for _, what, *_ in others
    )
    row = found.facts.query("fact == 'format' and `class` == 'b'").iloc[0]
    assert (row["value"], row["own"], row["others"]) == ("JPEG", 1, 0)
    title, names, first, *_ = found.summary().splitlines()
    assert title == "Share of the images of a class, and of the others, in %"
    assert names.split() == [
        "class",
        "what",
        "sets",
        "it",
        "apart",
        "images",
        "others",
        "clearest",
        "in",
    ]
    assert first.split() == ["b", "file", "format", "JPEG", "100", "0", MISSING]
    assert words(found).endswith(
        "3 of 4 classes have neither a fact that sets them apart nor a likely cause. A network could use all of this; "
        "fs.analyse says whether yours does. frequency-shortcuts data FOLDER --match OUT writes copies in which all "
        "have what JPEG or resizing left in one class; --class and --scale say what files do not."
    )


def test_a_cause_is_named_with_the_images_that_carry_it(waved):
    assert waved.table["class"].tolist() == [*CLASSES] and waved.spectra.shape == (8, SIZE, SIZE)
    row = waved.table.iloc[WAVED]
    assert row["cause"] == "wave" and row["carriers"] > 0.9 and row["images"] == 40
    assert waved.reason_to_fail(0.9) == (
        f"{NAME}, {CAUSES['wave']}: a share of {row['carriers']:.2f} of its images, above 0.9"
    )
    files = waved.files[waved.files["class"] == NAME]
    ((label, shown),) = waved.examples.items()
    assert (
        label == f"{NAME}:\na plane wave"
        and [one.above for one in shown[:3]] == files["path"][:3].tolist()
    )
    assert all(np.array_equal(one.values, IMAGES[int(one.above)]) for one in shown)
    assert [int(one.above) % 8 == WAVED for one in shown] == [True] * 3 + [False] * 3
    assert (
        len(files) == 40
        and set(files["cause"]) == {"wave"}
        and files["score"].is_monotonic_decreasing
    )
    assert set(files["path"].astype(int) % 8) == {WAVED}
    ((name, cause, share, clearest),) = waved._cells().to_numpy().tolist()
    assert (name, cause) == (
        NAME,
        "likely a plane wave, such as mains hum or the lines of a scanner",
    )
    assert share == f"{100 * row['carriers']:.0f}" and clearest == ", ".join(files["path"].head(3))


def test_noise_differs_in_nothing(tmp_path):
    made = find(write(tmp_path / "pictures", classes=3, n=60))
    assert made.summary().startswith(
        "3 of 3 classes have neither a fact that sets them apart nor a likely cause."
    )
    assert made._cells().empty and made.reason_to_fail(0) is None


@pytest.mark.usefixtures("closed_figures")
def test_of_two_classes_either_may_be_the_one(tmp_path):
    made = find(write(tmp_path / "pictures", classes=2, b="jpg"))
    assert [row[:2] for row in rows(made)][:2] == [
        ["a", "file format PNG"],
        ["b", "file format JPEG"],
    ]
    assert (
        sum(bool(axis.images) and axis.get_visible() for axis in made.figure().axes) == 3
    )  # their difference once
    table = made.table.assign(cause=[RAISED, LOST], carriers=[1.0, 0.9])
    (pair,) = (row for row in rows(replace(made, table=table)) if "likely" in row[1])
    assert pair[:2] == ["a or b", f"likely a: {CAUSES[RAISED]}, or b: {CAUSES[LOST]}"]
    assert "Of two classes, either may be the one that was processed" in words(made)


def test_numbers_of_files_and_what_most_files_have_are_said(tmp_path):
    write(tmp_path / "pictures", classes=3)
    for i in range(30):  # grey, and nearly all larger than the others
        side = SIZE if i == 0 else SIZE + 4 + i
        Image.new("L", (side, side), i).save(tmp_path / "pictures" / "c" / f"{i:02}.png")
    made = find(tmp_path / "pictures", size=SIZE)
    facts = [row[1:] for row in rows(made) if row[0] == "c"]
    assert facts[:2] == [
        ["colour mode grey", "100", "0"],
        ["size none of the common ones", "97", "0"],
    ]
    assert facts[2][0].startswith("number of pixels above") and facts[3][0].startswith(
        "likely lost high frequencies"
    )
    assert [what.split()[0] for what, *_ in facts[4:]] == ["brightness", "contrast", "saturation"]
    assert all(what.endswith(" (may be natural)") for what, *_ in facts[4:])
    assert "The pictures have 30 sizes. All are compared at 32 x 32 pixels; resizing" in words(made)


def test_a_source_that_only_a_class_has_is_said_first_and_sources_are_compared(folder):
    found = find(
        folder, source=lambda path: "A" if path.parent.name == "c" else f"B{int(path.stem) % 2}"
    )
    assert rows(found)[0] == ["c", "source A", "100", "0"]
    cross = found.sources.cross.set_index(["class", "source"])["images"]
    assert cross.to_dict() == {("c", "A"): 30, **{(k, s): 15 for k in "abd" for s in ("B0", "B1")}}
    assert (
        found.sources.table["source"].tolist() == ["A", "B0", "B1"] and not found.sources.left_out
    )


def test_small_sources_are_left_out(folder):
    found = find(folder, source=[str(i) if i < 5 else "most" for i in range(120)])
    assert found.sources.table is None and len(found.sources.left_out) == 5


def test_a_source_has_a_likely_cause():
    found = find(
        IMAGES, np.arange(320) // 8 % 2, source=np.where(LABELS == WAVED, "scanner", "camera")
    )
    row = found.sources.table.set_index("source").loc["scanner"]
    assert row["cause"] == "wave" and row["carriers"] > 0.9
    assert rows(found)[0][0] == "source scanner" and rows(found)[0][1].startswith(
        "likely a plane wave"
    )


def test_a_csv_names_labels_and_sources(folder, tmp_path):
    files = sorted(folder.glob("*/*"))
    table = pd.DataFrame({
        "path": [str(file.relative_to(folder)) for file in files],
        "label": ["odd" if int(file.stem) % 2 else "even" for file in files],
        "source": [file.parent.name for file in files], "camera": ["x"] * 60 + ["y"] * 60,
    })  # fmt: skip
    table.to_csv(folder / "list.csv", index=False)
    table.to_csv(tmp_path / "elsewhere.csv", index=False)
    table[["path", "source"]].to_csv(tmp_path / "sources.csv", index=False)
    for made in (find(folder / "list.csv"), find(folder, tmp_path / "elsewhere.csv")):
        assert made.table[["class", "images"]].to_numpy().tolist() == [["even", 60], ["odd", 60]]
        assert set(made.sources.cross["source"]) == {*"abcd"}
    assert set(find(folder / "list.csv", source="camera").sources.cross["source"]) == {"x", "y"}
    of_folders = find(folder, source=tmp_path / "sources.csv")
    assert of_folders.sources.cross[["class", "source"]].to_numpy().tolist() == [
        [k, k] for k in "abcd"
    ]
    (folder / "list.csv").unlink()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("path,class\na/00.png,x\n", "list.csv has no column label: its columns are path, class"),
        ("path,label\n", "list.csv lists no pictures"),
        ("path,label\nx.png,x\nb,\nc, \n",
         r"list.csv: files that do not exist: 1 \(x.png\); rows without path or label: 2 \(row 2, row 3\): no pict"),
    ],
)  # fmt: skip
def test_csv_files_without_what_is_needed_are_refused(text, line, folder, tmp_path):
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(ValueError, match=line):
        find(folder, tmp_path / "list.csv")


def test_sources_that_do_not_belong_to_the_images_are_refused(folder, tmp_path):
    with pytest.raises(ValueError, match="there are 3 sources for 120 images"):
        find(folder, source=["x"] * 3)
    with pytest.raises(
        FileNotFoundError, match="hospital does not exist: expected a CSV with the columns path"
    ):
        find(folder, source="hospital")
    (tmp_path / "sources.csv").write_text("path,source\na/00.png,x\n")
    with pytest.raises(
        ValueError, match=r"lists no source of .*a/01.png.* and 114 more: expected a row for each"
    ):
        find(folder, source=tmp_path / "sources.csv")
    for source, kind in ((str, "a function"), ("north", "a path")):
        with pytest.raises(
            ValueError,
            match=f"source is {kind}, which needs images in files: give one name for each",
        ):
            find(IMAGES, LABELS, source=source)


@pytest.mark.parametrize(
    ("classes", "n", "line"),
    [
        (1, 30, "all images are of class a: expected at least two classes"),
        (2, 19, r"classes of fewer than 20 pictures: 2 \(a: 19, b: 19\): no picture is left"),
        (0, 0, "pictures: no picture is left: expected .*/<class>/"),
    ],
)
def test_folders_with_too_little_are_refused(classes, n, line, tmp_path):
    (tmp_path / "pictures").mkdir()
    write(tmp_path / "pictures", classes=classes, n=n)
    with pytest.raises(ValueError, match=line):
        find(tmp_path / "pictures")


def test_labels_of_another_kind_are_refused(folder):
    with pytest.raises(ValueError, match="are a list: expected the path of a CSV for a folder"):
        find(folder, [0] * 120)


def test_pictures_of_several_sizes_are_compared_at_one():
    assert common_size(Counter({(16, 24): 5, (10, 10): 4})) == (16, 24)
    assert common_size(Counter({(16, 24): 2, (10, 40): 2, (30, 12): 1})) == (12, 12)
    assert common_size(Counter({(2000, 1000): 2, (1000, 2000): 2, (900, 1600): 1})) == (512, 512)


def test_files_that_do_not_fit_into_memory_are_read_again(folder, found, monkeypatch):
    monkeypatch.setattr(data_images, "KEPT", 0)
    again = find(folder, source=lambda path: path.parent.name)
    pd.testing.assert_frame_equal(again.table, found.table)
    np.testing.assert_array_equal(again.spectra, found.spectra)


def test_arrays_tensors_and_pictures_give_the_same(waved, tmp_path):
    class_folders(tmp_path, IMAGES, LABELS, CLASSES)
    order = np.argsort(LABELS, kind="stable")
    read = read_data(tmp_path, None, None, None, None, progress=False)
    np.testing.assert_array_equal(read.images, IMAGES[order])
    assert read.classes == CLASSES and read.names[0] == "ant/000.png"
    in_order = find(IMAGES[order], LABELS[order], classes=CLASSES)
    pd.testing.assert_frame_equal(find(tmp_path).table, in_order.table)
    pictures = PictureSet(IMAGES[order], LABELS[order], classes=CLASSES)
    pd.testing.assert_frame_equal(find(pictures).table, in_order.table, atol=1e-3)  # in colour
    with h5py.File(tmp_path / "images.h5", "w") as file:
        file.update({"images": IMAGES[order], "labels": LABELS[order]})
        file.attrs["classes"] = [*CLASSES]
    pd.testing.assert_frame_equal(find(tmp_path / "images.h5").table, in_order.table)
    normalised = torch.from_numpy(IMAGES / 255 * 3 - 1)  # of unknown range
    made = find(normalised, LABELS)
    assert (
        made.table["class"].tolist() == [*"01234567"] and made.table.loc[WAVED, "cause"] == "wave"
    )
    assert not set(made.facts["fact"]) & {"format", "size"} and "brightness" in set(
        made.facts["fact"]
    )


@pytest.mark.usefixtures("closed_figures")
def test_the_picture_shows_each_spectrum_above_its_differences(waved):
    figure = waved.figure()
    panels = [axis for axis in figure.axes if axis.images and axis.get_visible()]
    assert [axis.get_title() for axis in panels if axis.get_title()] == [*CLASSES] and len(
        panels
    ) == 16
    place = [axis.get_title() for axis in figure.axes].index(NAME)
    shown = figure.axes[place + 4].images[0].get_array()
    assert np.array_equal(shown, waved.differences[WAVED].clip(1, None))


def test_the_files_hold_all_results(waved, found, tmp_path, small_pictures):
    out = waved.save(tmp_path / "out")
    tables = {"classes", "facts", "files", "sources", "classes_by_source"}
    assert {path.name for path in out.iterdir()} == {
        *(f"{name}.csv" for name in tables), "about.json", "data.html", "spectra.png", "images.png"
    }  # fmt: skip
    about = json.loads((out / "about.json").read_text())
    assert about == {**waved.about, "files": about["files"]}
    assert {*about["files"]} | {"about.json"} >= {path.name for path in out.iterdir()}
    numbers = waved.to_dict()
    assert numbers[f"class/{NAME}/carriers"] == pytest.approx(waved.table.loc[WAVED, "carriers"])
    assert (
        numbers["source/north/images"] == 213
        and numbers["images"] == 320
        and numbers["unreadable"] == 0
    )
    assert {*map(type, numbers.values())} == {float}
    assert pd.read_csv(out / "files.csv")["cause"].tolist() == waved.files["cause"].tolist()
    page = (out / "data.html").read_text()
    for text in (
        "<h2>What sets classes apart</h2>",
        "<h2>Classes and sources</h2>",
        "likely a plane wave",
    ):
        assert text in page
    assert "http" not in page and page.index("<li>") < page.index("<img")
    with pytest.raises(
        ValueError, match=r"out holds another result \(.*name.*images_sha256.* differ\): choose"
    ):
        found.save(out)
    found.save(out, overwrite=True)
    page = (found.save(tmp_path / "other") / "data.html").read_text()
    assert "JPEG quality" in page and "sources" not in page


@pytest.mark.parametrize(
    ("options", "code", "line"),
    [
        ([], 0, None),
        (["--fail-above", 1], 0, None),
        (["--fail-above", 0.9], 1, "b, file format JPEG: a share of 1.00 of its images, above 0.9"),
        (
            ["--csv", "list.csv"],
            1,
            "Error: list.csv does not exist: expected a CSV with the columns path and label",
        ),
    ],
)
def test_the_command_prints_what_differs_and_fails_above_a_limit(
    options, code, line, folder, tmp_path, monkeypatch, small_pictures
):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(
        main, [str(one) for one in ("data", folder, "--out", "out", *options)]
    )
    assert done.exit_code == code, done.output
    if line is not None:
        assert done.stderr.splitlines()[-1] == line
    if not line or not line.startswith("Error"):
        assert done.stdout.startswith("Share of the images of a class, and of the others, in %\n")
        assert (
            done.stdout.endswith("The page: out/data.html\n")
            and (tmp_path / "out" / "data.html").exists()
        )


def test_recall_by_source_puts_the_surest_loss_first():
    labels, sources = np.repeat([0, 0, 1], [40, 2, 30]), np.repeat(["x", "y", "x"], [40, 2, 30])
    called = labels.copy()
    called[:20] = 1  # half of class a from x
    called[40:42] = 1  # both of class a from y, which are few
    table = recall_by_source(labels, called, sources, ("a", "b"))
    assert table[["class", "source", "images", "recall"]].to_numpy().tolist() == [
        ["a", "x", 40, 0.5], ["a", "y", 2, 0.0], ["b", "x", 30, 1.0]
    ]  # fmt: skip
    assert table.loc[0, ["recall_low", "recall_high"]].tolist() == pytest.approx(
        [0.352, 0.648], abs=1e-3
    )


def test_an_analysis_says_the_recall_by_source():
    source = np.where(np.arange(320) < 160, "north", "south")
    made = analyse(Reader(follows=200), test=fs.Evaluation(source=source))
    table = made.recall_by_source
    labels = images_and_labels()[1]
    tested = choose(labels, CLASSES, PER_CLASS, 0, halves=True, fewest=10).test
    names = pd.Series(CLASSES).loc[labels[tested]].to_numpy()
    expected = pd.DataFrame({"class": names, "source": source[tested]}).value_counts()
    found = table.set_index(["class", "source"])["images"]
    assert found.to_dict() == expected.to_dict()
    assert (
        "Recall by source: shares in %, 95 % intervals class source images recall ant north"
        in words(made)
    )
    assert analyse(Reader(follows=200)).recall_by_source is None
    with pytest.raises(ValueError, match="there are 2 sources for 320 images"):
        analyse(Reader(follows=200), test=fs.Evaluation(source=["x", "y"]))
