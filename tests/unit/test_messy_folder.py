"""Folders, CSV files and lists as users have them, by both commands, and copies in which nothing sets a class apart."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image
from small_stores import saved
from torch import nn
from waves_and_network import MEAN, SIZE, STD, WaveNetwork, images_and_labels

import frequency_shortcuts as fs
from frequency_shortcuts.analysis.chosen_images import Counts, readable
from frequency_shortcuts.command import main
from frequency_shortcuts.images import folders
from frequency_shortcuts.images.artefacts import put
from frequency_shortcuts.images.labelled import read_labelled
from frequency_shortcuts.images.pictures import ImageFiles
from study.images import grain

HOW = 'mend this, or leave it out with --skip-broken, in Python fs.Files(..., on_error="skip")'
NETWORK = [
    "waves_and_network:WaveNetwork",
    "--mean",
    "0.5",
    "--std",
    "0.25",
    "--size",
    str(SIZE),
]
TRANSFORM = fs.Preprocessing(MEAN, STD, SIZE)
CLASSES = ("ill", "normal", "other", "sane")
PER_CLASS = 25
# What is wrong, as an error says it
WRONG = (
    "classes without pictures: 1 (empty class)", "links that lead in a circle: 1 (normal/2019/back)",
    "files that do not exist: 1 (other/gone.png)", "pictures that cannot be read: 2 (ill/cut.png, ill/empty.jpg)",
    "classes of fewer than 20 pictures: 1 (solo: 1)",
    "other files: 3 .txt, 1 without an ending, 1 outside of class folders, 1 .nii",
)  # fmt: skip


def _save(image, path, i):
    """One of all kinds of files that hold the same picture, but for rounding."""
    path.parent.mkdir(parents=True, exist_ok=True)
    grey, exif = Image.fromarray(image), Image.Exif()
    exif[0x0112] = 3  # upside down
    kinds = [
        lambda: grey.convert("RGB").convert("CMYK").save(path.with_suffix(".tif")),
        lambda: grey.transpose(Image.Transpose.ROTATE_180).save(
            path.with_suffix(".png"), exif=exif
        ),
        lambda: grey.convert("P").save(path.with_suffix(".PNG")),
        lambda: grey.convert("RGBA").save(path.with_suffix(".webp"), lossless=True),
        lambda: Image.fromarray(image.astype(np.uint16) * 257).save(path.with_suffix(".png")),
    ]
    kinds[i % len(kinds)]()


@pytest.fixture
def mess(tmp_path, monkeypatch, small_pictures):
    """The folder in the working directory; without what is wrong, 25 pictures of each class are left."""
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "mess"
    images, labels = images_and_labels(PER_CLASS * len(CLASSES))
    for i, (image, c) in enumerate(zip(images[:, 0], labels, strict=True)):
        where = root / CLASSES[c] / ("2019/station 3" if CLASSES[c] == "normal" else ".")
        _save(image, where / f"größe {i:03}", i // len(CLASSES))
    (root / "empty class").mkdir()
    _save(images[0, 0], root / "solo" / "one", 0)
    _save(images[0, 0], root / "outside", 0)
    whole = (root / "ill" / "größe 004.png").read_bytes()
    files = {"ill/cut.png": whole[: len(whole) // 2], "ill/empty.jpg": b""}
    others = [
        "notes.txt",
        "ill/.x.png",
        "ill/Thumbs.db",
        "ill/a.TXT",
        "normal/2019/b.txt",
        "sane/c.nii",
    ]
    for name, content in (files | dict.fromkeys(others, b"x")).items():
        (root / name).write_bytes(content)
    (root / "loop").symlink_to("loop")
    (root / "normal" / "2019" / "back").symlink_to("..")
    (root / "other" / "gone.png").symlink_to("nowhere.png")
    return root


def run(command, images, *options):
    """The exit code of a command, and its output without line breaks."""
    options = [*options, "--out", f"out{len(options)}-{Path(images).suffix}"]
    given = (
        ["data", images, *options]
        if command == "data"
        else ["analyse", *NETWORK, "--images", images, *options]
    )
    done = CliRunner().invoke(main, [str(part) for part in given])
    return done.exit_code, " ".join((done.stdout + done.stderr).split())


def analyse(images, labels=None, network=None, *, classes=None, outputs=None, **test):
    options = {
        "transform": TRANSFORM,
        "classes": classes,
        "outputs": outputs,
        "test": fs.Evaluation(**test),
        "run": fs.Run(progress=False),
    }
    return fs.analyse(network or WaveNetwork(), images, labels, **options)


@pytest.mark.parametrize("command", ["data", "analyse"])
def test_all_that_is_wrong_is_said_at_once_and_left_out_if_asked_to(command, mess, caplog):
    code, text = run(command, "mess")
    assert code == 1 and text.endswith(f"Error: mess: {'; '.join(WRONG)}: {HOW}")
    code, text = run(command, "mess", "--skip-broken")
    assert code == 0 and f"Left out of mess: {'; '.join(WRONG)}" in (
        text if command == "data" else caplog.text
    )


@pytest.mark.parametrize("command", ["data", "analyse"])
def test_a_csv_of_another_form_is_read_and_missing_files_are_said_to_be_missing(
    command, mess, caplog
):
    files = sorted(
        file.relative_to(mess) for name in CLASSES[:2] for file in mess.glob(f"{name}/**/größe*")
    )
    rows = pd.DataFrame(
        {"class": [file.parts[0] for file in files], "filename": [*map(str, files)]}
    )
    rows["age, sex, ward"] = 0
    columns = ["--path-column", "filename", "--label-column", "class"]
    columns += [] if command == "data" else ["--outputs", "ill=0,normal=1"]
    rows.to_csv("list.csv", sep=";", index=False, encoding="utf-8-sig")
    rows.iloc[:, :2].to_csv("mess/list.csv", sep="\t", index=False)
    assert (
        "list.csv has no column path, label: its columns are class, filename"
        in run(command, "mess/list.csv")[1]
    )
    for images in (["mess/list.csv"], ["mess", "--csv", "list.csv"]):
        assert run(command, *images, *columns)[0] == 0
    rows.loc[[3, 30], "filename"] = ["a.png", "b.png"]
    rows.loc[4, "class"] = " "
    rows.to_csv("list.csv", sep="|", index=False)
    wrong = (
        "list.csv: files that do not exist: 2 (a.png, b.png); rows without path or label: 1 (row 5)"
    )
    assert run(command, "mess", "--csv", "list.csv", *columns)[1].endswith(f"Error: {wrong}: {HOW}")
    code, text = run(command, "mess", "--csv", "list.csv", *columns, "--skip-broken")
    assert code == 0 and f"Left out of {wrong}" in (text if command == "data" else caplog.text)


def test_a_list_of_paths_has_names_or_numbers_as_labels(mess):
    files = [file for name in CLASSES for file in sorted(mess.glob(f"{name}/**/größe*"))]
    names = np.repeat(CLASSES, PER_CLASS)
    for labels in (names.tolist(), pd.Series(names), np.repeat(range(4), PER_CLASS)):
        result = analyse([*map(str, files)], labels)
        assert result.about["accuracy without a filter"] == "100.0%"
    found = fs.differences(
        pd.Series([*map(str, files)]), names, source=lambda path: path.suffix, progress=False
    )
    assert found.table["class"].tolist() == [*CLASSES] and len(found.sources.cross) > 4
    with pytest.raises(
        ValueError, match="100 pictures have 3 labels: expected a name or number for each"
    ):
        fs.differences(files, ["ill"] * 3)
    for ask in (fs.differences, analyse):
        with pytest.raises(
            ValueError, match=r"cut.png does not decode as an image \(.+\): mend or delete it"
        ):
            ask([mess / "ill" / "cut.png", mess / "ill" / "empty.jpg"], [0, 1])
    with pytest.raises(ValueError, match="the list: files that do not exist: 1"):
        fs.differences([*files, "nowhere.png"], [*names, "ill"])
    given, more = [*files, "no.png", files[3], *files[:3]], ["ill", "sane", None, np.nan, pd.NA]
    wrong = {folders.NO_FILE: ["no.png"], folders.TWICE: [str(files[3])]}
    wrong[folders.ROWS] = ["row 103", "row 104", "row 105"]
    for labels, classes, last in (
        (names, CLASSES, 3),
        (np.repeat([8, 9.0, 10, 11], PER_CLASS), None, 11),
    ):
        listed = folders.listing(fs.Files(given, [*labels, *more], on_error="skip")).settled(
            fewest=2
        )[0]
        assert (listed.total, listed.places.tolist(), listed.problems) == (
            105,
            [*range(100)],
            wrong,
        )
        assert (listed.classes, listed.labels[-1]) == (classes, last)


def test_classes_that_are_left_out_keep_their_outputs(mess):
    """The first output is for a class of which the folder has hardly a picture."""
    (mess / "solo").rename(mess / "a")
    files, one_more = (
        fs.Files(mess, on_error="skip"),
        nn.Sequential(WaveNetwork(), nn.ConstantPad1d((1, 0), -1.0)),
    )
    result = analyse(files, network=one_more)
    assert result.classes == CLASSES and result.about["accuracy without a filter"] == "100.0%"
    masks = {name: np.ones((SIZE, SIZE), bool) for name in ("a", *CLASSES)}
    masks["other"][SIZE // 2, SIZE // 2] = False
    more = {"maps": masks, "neutral": 3}
    tested = analyse(files, network=one_more, classes=["A", "I", "N", "O", "S"], **more)
    assert tested.maps[:, SIZE // 2, SIZE // 2].tolist() == [True, True, False, True]
    assert (tested.classes, tested.answers.neutral) == (("I", "N", "O", "S"), 2)
    with pytest.raises(
        ValueError,
        match="neutral class 0: expected the number of a class of the images, 1, 2, 3, 4",
    ):
        analyse(files, network=one_more, neutral=0)
    found = fs.differences(files, progress=False)
    assert found.unreadable == ("other/gone.png", "ill/cut.png", "ill/empty.jpg")
    assert found.table[["class", "images"]].to_numpy().tolist() == [
        [name, PER_CLASS] for name in CLASSES
    ]
    again = analyse(
        files, network=one_more, outputs={"a": 0, "ill": 1, "normal": 2, "other": 3, "sane": 4}
    )
    pd.testing.assert_frame_equal(again.exchanges, result.exchanges)


def test_only_the_images_that_are_used_are_decoded_unless_something_is_wrong(mess, monkeypatch):
    decoded, decode = [], ImageFiles._decode
    monkeypatch.setattr(
        ImageFiles, "_decode", lambda self, path: (decoded.append(path), decode(self, path))[1]
    )
    files = [file for name in CLASSES for file in sorted(mess.glob(f"{name}/**/größe*"))]
    for extra, ranking, least, most in (
        ([], 1, 8, 8),
        ([mess / "ill" / "empty.jpg"], 30, 101, 202),
    ):
        decoded.clear()
        given = fs.Files(
            [*files, *extra],
            [*np.repeat(range(4), PER_CLASS), 3][: len(files + extra)],
            on_error="skip",
        )
        read = readable(
            read_labelled(given, None, TRANSFORM), Counts(ranking, 1, 1, 1), 0, halves=True
        )
        assert least <= len(decoded) <= most and len(read.labels) == len(read.images) == 100


NORMAL, ILL = (grain.images(2, 30, seed=3, size=48)[0][k::2] for k in (0, 1))
QUALITIES = (60, 45)


def write(folder, ill, kind="png"):
    """Pictures of the classes ill and normal; the files of the first are of another kind and of qualities in turn."""
    for i in range(30):
        saved(
            folder / "ill", f"{i:02}.{kind}", Image.fromarray(ill[i, 0]), quality=QUALITIES[i % 2]
        )
        saved(folder / "normal", f"{i:02}.png", Image.fromarray(NORMAL[i, 0]))
    return folder


def data(*options):
    return CliRunner().invoke(main, ["data", *map(str, options)])


def check(out, normal, ill):
    """These are the pictures, and nothing sets a class apart."""
    for name, expected in (("normal", normal), ("ill", ill)):
        made = [np.asarray(Image.open(out / name / f"{i:02}.png"))[None] for i in range(30)]
        np.testing.assert_array_equal(made, expected)
    found = fs.differences(out, progress=False)
    assert not any(found.table["cause"]) and not {*found.facts["fact"]} & {
        "format",
        "quality",
        "mode",
        "size",
    }


def resized(pictures, *sides):
    for side in sides:
        made = [
            np.asarray(Image.fromarray(one[0]).resize((side, side), Image.Resampling.BILINEAR))
            for one in pictures
        ]
        pictures = np.stack(made)[:, None]
    return pictures


def test_the_other_class_gets_the_jpeg_of_files_and_the_originals_stay(tmp_path):
    folder, out = write(tmp_path / "train", ILL, "jpg"), tmp_path / "out"
    before = {path: path.read_bytes() for path in folder.glob("*/*")}
    said = data(folder, "--match", out).stdout
    assert (
        "out has 60 pictures, all PNG of 8 bits. Made like those of ill: JPEG" in said
        and "--match OUT --class ill." in said
    )
    done = pd.read_csv(out / "matched.csv").groupby("label")["done"].agg(list)
    assert set(done["normal"]) == {"JPEG 60", "JPEG 45"} and set(done["ill"]) == {"as it was"}
    normal = [
        put("jpeg", int(words[5:]), image[None])[0]
        for words, image in zip(done["normal"], NORMAL, strict=True)
    ]
    check(out, normal, [put("jpeg", QUALITIES[i % 2], ILL[i : i + 1])[0] for i in range(30)])
    assert {path: path.read_bytes() for path in folder.glob("*/*")} == before
    assert {path.name for path in tmp_path.iterdir()} == {"train", "out"}


def test_that_copies_of_16_bits_have_8_is_said(tmp_path):
    folder = write(tmp_path / "train", ILL, "jpg")
    for path in folder.glob("normal/*"):
        deep = np.asarray(Image.open(path)).astype(np.uint16) * 257
        Image.fromarray(deep).save(path)
    said = data(folder, "--match", tmp_path / "out").stdout
    assert "all PNG of 8 bits (30 had 16: a network that reads 16 bits needs another scale)" in said


def test_the_other_class_gets_the_named_quality_of_jpeg_inside_png(tmp_path):
    folder, out = write(tmp_path / "train", put("jpeg", 75, ILL)), tmp_path / "out"
    assert "name the class, with its quality" in data(folder, "--match", out).output
    said = data(folder, "--match", out, "--quality", 75).stdout
    assert "--match OUT --class ill --quality 75." in said
    check(out, put("jpeg", 75, NORMAL), put("jpeg", 75, ILL))


@pytest.mark.parametrize("sides", [(36,), (60, 48)])
def test_the_other_class_gets_the_size_and_all_then_the_smaller_one(sides, tmp_path):
    folder, out = write(tmp_path / "train", resized(ILL, sides[0])), tmp_path / "out"
    assert data(folder, "--match", out, "--class", "ill").exit_code == 0
    check(out, resized(NORMAL, *sides), resized(ILL, *sides))


def test_a_csv_a_scale_and_a_quality(tmp_path):
    folder, out = (
        write(tmp_path / "train", put("jpeg", 90, put("resized", 0.6, ILL))),
        tmp_path / "out",
    )
    paths = sorted(str(path.relative_to(folder)) for path in folder.glob("*/*"))
    pd.DataFrame({"path": paths, "label": [path[:3] for path in paths]}).to_csv(
        tmp_path / "list.csv", index=False
    )
    options = [
        "--csv",
        tmp_path / "list.csv",
        "--match",
        out,
        "--class",
        "ill",
        "--scale",
        0.6,
        "--quality",
        90,
    ]
    assert (
        "like those of ill: resized by 0.6 and back, JPEG 90 (30)" in data(folder, *options).stdout
    )
    check(
        out, put("jpeg", 90, put("resized", 0.6, NORMAL)), put("jpeg", 90, put("resized", 0.6, ILL))
    )


def test_what_is_not_known_or_would_be_lost_is_refused(tmp_path):
    folder = write(tmp_path / "train", ILL)
    for options, line in (
        (
            ["--match", "out"],
            "nothing says what JPEG or resizing left in which class: name the class, with its",
        ),
        (["--match", "out", "--class", "cat"], "no class cat: choose from ill, normal"),
        (["--match", folder / "out"], "expected a folder outside of it"),
        (["--match", tmp_path], "is not empty: expected a new folder"),
        (["--match", "out", "--out", "other"], "--out is of the check, which --match leaves out"),
        (["--quality", 75], "--class, --quality and --scale are of --match: give it, too"),
    ):
        done = data(folder, *options)
        assert done.exit_code == 1 and line in done.output, done.output
