"""Copies in which all classes have what JPEG or resizing left in one: `frequency-shortcuts data FOLDER --match OUT`."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image
from small_stores import saved

import frequency_shortcuts as fs
from frequency_shortcuts.command import main
from frequency_shortcuts.images.artefacts import put
from study.images.grain import images

NORMAL, ILL = (images(2, 30, seed=3, size=48)[0][k::2] for k in (0, 1))
QUALITIES = (60, 45)


def write(folder, ill, kind="png"):
    """Pictures of the classes ill and normal; the files of the first are of another kind and of qualities in turn."""
    for i in range(30):
        saved(folder / "ill", f"{i:02}.{kind}", Image.fromarray(ill[i, 0]), quality=QUALITIES[i % 2])
        saved(folder / "normal", f"{i:02}.png", Image.fromarray(NORMAL[i, 0]))
    return folder


def run(*options):
    return CliRunner().invoke(main, ["data", *map(str, options)])


def check(out, normal, ill):
    """These are the pictures, and nothing sets a class apart."""
    for name, expected in (("normal", normal), ("ill", ill)):
        made = [np.asarray(Image.open(out / name / f"{i:02}.png"))[None] for i in range(30)]
        np.testing.assert_array_equal(made, expected)
    found = fs.differences(out, progress=False)
    assert not any(found.table["cause"]) and not {*found.facts["fact"]} & {"format", "quality", "mode", "size"}


def resized(pictures, *sides):
    for side in sides:
        made = [np.asarray(Image.fromarray(one[0]).resize((side, side), Image.Resampling.BILINEAR)) for one in pictures]
        pictures = np.stack(made)[:, None]
    return pictures


def test_the_other_class_gets_the_jpeg_of_files_and_the_originals_stay(tmp_path):
    folder, out = write(tmp_path / "train", ILL, "jpg"), tmp_path / "out"
    before = {path: path.read_bytes() for path in folder.glob("*/*")}
    said = run(folder, "--match", out).stdout
    assert "out has 60 pictures, all PNG. Made like those of ill: JPEG" in said and "--match OUT --class ill." in said
    done = pd.read_csv(out / "matched.csv").groupby("label")["done"].agg(list)
    assert set(done["normal"]) == {"JPEG 60", "JPEG 45"} and set(done["ill"]) == {"as it was"}
    normal = [put("jpeg", int(words[5:]), image[None])[0] for words, image in zip(done["normal"], NORMAL, strict=True)]
    check(out, normal, [put("jpeg", QUALITIES[i % 2], ILL[i : i + 1])[0] for i in range(30)])
    assert {path: path.read_bytes() for path in folder.glob("*/*")} == before
    assert {path.name for path in tmp_path.iterdir()} == {"train", "out"}


def test_the_quality_of_jpeg_inside_png_is_found_in_the_pixels(tmp_path):
    folder, out = write(tmp_path / "train", put("jpeg", 75, ILL)), tmp_path / "out"
    assert "--match OUT --class ill --quality 75." in run(folder, "--match", out).stdout
    check(out, put("jpeg", 75, NORMAL), put("jpeg", 75, ILL))


@pytest.mark.parametrize("sides", [(36,), (60, 48)])
def test_the_other_class_gets_the_size_and_all_then_the_smaller_one(sides, tmp_path):
    folder, out = write(tmp_path / "train", resized(ILL, sides[0])), tmp_path / "out"
    assert run(folder, "--match", out, "--class", "ill").exit_code == 0
    check(out, resized(NORMAL, *sides), resized(ILL, *sides))


def test_a_csv_a_scale_and_a_quality(tmp_path):
    folder, out = write(tmp_path / "train", put("jpeg", 90, put("resized", 0.6, ILL))), tmp_path / "out"
    paths = sorted(str(path.relative_to(folder)) for path in folder.glob("*/*"))
    pd.DataFrame({"path": paths, "label": [path[:3] for path in paths]}).to_csv(tmp_path / "list.csv", index=False)
    options = ["--csv", tmp_path / "list.csv", "--match", out, "--class", "ill", "--scale", 0.6, "--quality", 90]
    assert "like those of ill: resized by 0.6 and back, JPEG 90 (30)" in run(folder, *options).stdout
    check(out, put("jpeg", 90, put("resized", 0.6, NORMAL)), put("jpeg", 90, put("resized", 0.6, ILL)))


def test_what_is_not_known_or_would_be_lost_is_refused(tmp_path):
    folder = write(tmp_path / "train", ILL)
    for options, line in (
        (["--match", "out"], "nothing says what JPEG or resizing left in which class: name the class, with its"),
        (["--match", "out", "--class", "cat"], "no class cat: choose from ill, normal"),
        (["--match", folder / "out"], "expected a folder outside of it"),
        (["--match", tmp_path], "is not empty: expected a new folder"),
        (["--match", "out", "--out", "other"], "--out is of the check, which --match leaves out"),
        (["--quality", 75], "--class, --quality and --scale are of --match: give it, too"),
    ):
        done = run(folder, *options)
        assert done.exit_code == 1 and line in done.output, done.output
