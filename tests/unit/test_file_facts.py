"""Facts of image files, and the shares of a class and of others that have them."""

import os

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from frequency_shortcuts.data.file_facts import content_facts, file_facts
from frequency_shortcuts.evaluation.data_check import share_facts

GENERATOR = np.random.default_rng(0)
COLOUR = Image.fromarray(GENERATOR.integers(0, 256, (24, 16, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    ("name", "picture", "options", "facts"),
    [
        ("a.jpg", COLOUR, {"quality": 90}, ("JPEG", "90", "4:2:0", "colour")),
        ("a.png", COLOUR, {"format": "JPEG", "quality": 1, "subsampling": 0}, ("JPEG", "1", "4:4:4", "colour")),
        ("a.jpg", COLOUR.convert("L"), {"quality": 75}, ("JPEG", "75", "none", "grey")),
        ("a.png", COLOUR.convert("RGBA"), {}, ("PNG", "none", "none", "colour with transparency")),
        ("a.gif", COLOUR.convert("P"), {}, ("GIF", "none", "none", "indexed colours")),
    ],
)
def test_the_head_of_a_file_says_its_format_table_and_mode(name, picture, options, facts, tmp_path):
    picture.save(tmp_path / name, **options)
    read = file_facts(tmp_path / name)
    assert (read.format, read.quality, read.subsampling, read.mode) == facts
    assert (read.height, read.width, read.bytes) == (24, 16, (tmp_path / name).stat().st_size)


def test_another_table_than_the_standard_ones_has_the_nearest_quality_and_a_name(tmp_path):
    def saved(change):
        COLOUR.save(tmp_path / "a.jpg", qtables=[[16 + change] + [20] * 63, [30] * 64])
        return file_facts(tmp_path / "a.jpg").quality

    assert saved(0) == saved(0) != saved(1)
    assert saved(0).startswith("about ") and " (table " in saved(0)
    assert abs(int(saved(0).split()[1]) - 75) < 20


def test_what_is_no_picture_is_refused(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"text")
    with pytest.raises(ValueError, match=r"a.jpg cannot be read as a picture \(cannot identify"):
        file_facts(tmp_path / "a.jpg")
    os.mkfifo(tmp_path / "b.jpg")
    with pytest.raises(ValueError, match="is a FIFO, not a file"):
        file_facts(tmp_path / "b.jpg")


def test_brightness_contrast_and_saturation():
    images = np.zeros((3, 3, 20, 20), np.uint8)
    images[1] = 255
    images[2, 0] = 255  # red
    images[2, :, :10] = 0
    expected = [[0, 0, 0], [1, 0, 0], [1 / 6, 1 / 6, 1 / 2]]
    np.testing.assert_allclose(content_facts(images), expected)
    np.testing.assert_allclose(content_facts(images / 255), expected)
    large = GENERATOR.random((2, 1, 200, 70))
    np.testing.assert_allclose(content_facts(large)[:, 0], large.mean(axis=(1, 2, 3)), atol=0.03)


# What speaks for a class


def test_a_number_is_above_or_below_the_middle_between_medians():
    labels = np.arange(60) % 3
    values = np.rint(GENERATOR.normal(labels == 1, 1, 60) * 4) / 4
    table = share_facts(pd.DataFrame({"x": values}), labels, 3)
    assert table["fact"].tolist() == ["x"] * 3 and table["class"].tolist() == [0, 1, 2]
    for k, row in table.iterrows():
        own, others = values[labels == k], values[labels != k]
        middle, above = (np.median(own) + np.median(others)) / 2, np.median(own) >= np.median(others)
        assert row["value"] == f"{'above' if above else 'below'} {middle:.3g}"
        for share, of in ((row["own"], own), (row["others"], others)):
            assert share == np.mean(of > middle if above else of < middle)


def test_large_numbers_are_written_out():
    pixels = np.repeat([250_000, 1_000_000], 30)
    assert share_facts(pd.DataFrame({"pixels": pixels}), pixels // 10**6, 2)["value"].tolist() == [
        "below 625,000", "above 625,000"
    ]  # fmt: skip


def test_a_category_that_only_one_class_has_sets_it_apart():
    labels = np.repeat([0, 1, 2], 40)
    table = share_facts(pd.DataFrame({"format": np.array(["PNG", "JPEG", "JPEG"])[labels]}), labels, 3)
    assert table[["value", "own", "others"]].to_numpy().tolist() == [
        ["PNG", 1, 0], ["JPEG", 1, 0.5], ["JPEG", 1, 0.5]
    ]  # fmt: skip


@pytest.mark.parametrize("values", [1, 2, 30, 1000])
def test_a_category_without_a_relation_is_about_as_frequent_elsewhere_however_many_values_it_has(values):
    labels, of = np.repeat([0, 1], 200), GENERATOR.integers(0, values, 400).astype(str)
    table = share_facts(pd.DataFrame({"size": of}), labels, 2)
    assert len(table) == (0 if values == 1 else 2)
    assert (table["own"] - table["others"] < 0.3).all()


def test_rare_values_count_as_one():
    """Each picture of a class has a size of its own; the others have one size."""
    labels = np.repeat([0, 1], 50)
    sizes = np.where(labels == 0, np.arange(100).astype(str), "32 x 32")
    row = share_facts(pd.DataFrame({"size": sizes}), labels, 2).iloc[0]
    assert (row["value"], row["own"], row["others"]) == ("none of the common ones", 1, 0)
    sizes[:13] = ["a"] * 5 + ["b"] * 4 + ["c"] * 4  # five pictures make a value common
    assert share_facts(pd.DataFrame({"size": sizes}), labels, 2).loc[0, "value"] == "none of the common ones or a"


@pytest.mark.parametrize(
    ("values", "words"), [(3, "0 or 1 or 2"), (4, "0 or 1 or 2 or 1 other"), (6, "0 or 1 or 2 or 3 others")]
)
def test_many_values_are_not_written_out(values, words):
    labels, sizes = np.repeat([0, 1], 60), np.r_[np.arange(60) % values, np.full(60, 9)].astype(str)
    assert share_facts(pd.DataFrame({"size": sizes}), labels, 2).loc[0, "value"] == words
