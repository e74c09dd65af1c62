"""Facts of image files, and how well one of them alone tells a class."""

import os

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from frequency_shortcuts.data.file_facts import content_facts, file_facts
from frequency_shortcuts.evaluation.fact_scores import auc_interval, score_facts

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


# How well a fact tells a class


def area_by_pairs(values, own):
    """Of all pairs of an own and another image, the share in which the own one is larger; ties count half."""
    pairs = [(a > b) + (a == b) / 2 for a in values[own] for b in values[~own]]
    return np.mean(pairs)


def test_the_area_of_a_number_is_that_of_all_pairs():
    labels = np.arange(60) % 3
    values = np.rint(GENERATOR.normal(labels == 1, 1, 60) * 4) / 4
    table = score_facts(pd.DataFrame({"x": values}), labels, 3)
    for k, row in table.iterrows():
        expected = area_by_pairs(values, labels == k)
        assert row["auc"] == pytest.approx(max(expected, 1 - expected))
        assert row["value"] == ("higher" if expected >= 0.5 else "lower")
        assert (row["own"], row["others"]) == (np.median(values[labels == k]), np.median(values[labels != k]))
        assert row["auc_low"] < row["auc"] < row["auc_high"]


def test_a_category_that_only_one_class_has_tells_it():
    labels = np.repeat([0, 1, 2], 40)
    table = score_facts(pd.DataFrame({"format": np.array(["PNG", "JPEG", "JPEG"])[labels]}), labels, 3)
    first = table.iloc[0]
    assert (first["auc"], first["value"], first["own"], first["others"]) == (1, "PNG", 1, 0)
    assert first["auc_low"] > 0.95
    assert table["auc"].tolist() == [1, 0.75, 0.75]
    assert (table.loc[1, "value"], table.loc[1, "own"], table.loc[1, "others"]) == ("JPEG", 1, 0.5)


@pytest.mark.parametrize("values", [1, 2, 30, 1000])
def test_a_category_without_a_relation_tells_nothing_however_many_values_it_has(values):
    labels, of = np.repeat([0, 1], 200), GENERATOR.integers(0, values, 400).astype(str)
    table = score_facts(pd.DataFrame({"size": of}), labels, 2)
    assert len(table) == (0 if values == 1 else 2)
    assert (table["auc_low"] < 0.5).all() and ((table["auc"] - 0.5).abs() < 0.1).all()


def test_rare_values_count_as_one():
    """Each picture of a class has a size of its own; the others have one size."""
    labels = np.repeat([0, 1], 50)
    sizes = np.where(labels == 0, np.arange(100).astype(str), "32 x 32")
    row = score_facts(pd.DataFrame({"size": sizes}), labels, 2).iloc[0]
    assert (row["auc"], row["value"]) == (1, "none of the common ones")
    sizes[:13] = ["a"] * 5 + ["b"] * 4 + ["c"] * 4  # five pictures make a value common
    assert score_facts(pd.DataFrame({"size": sizes}), labels, 2).loc[0, "value"] == "none of the common ones or a"


@pytest.mark.parametrize(
    ("values", "words"), [(3, "0 or 1 or 2"), (4, "0 or 1 or 2 or 1 other"), (6, "0 or 1 or 2 or 3 others")]
)
def test_many_values_are_not_written_out(values, words):
    labels, sizes = np.repeat([0, 1], 60), np.r_[np.arange(60) % values, np.full(60, 9)].astype(str)
    assert score_facts(pd.DataFrame({"size": sizes}), labels, 2).loc[0, "value"] == words


def test_an_area_is_as_far_from_the_ends_of_its_interval_as_their_standard_errors_say():
    """Hanley and McNeil's formula, with the mean of both numbers of images (Newcombe's method 5)."""
    area, own, others = 0.7, 30, 90
    for end in auc_interval(area, own, others):
        of_pairs = (end / (2 - end) - end**2) + (2 * end**2 / (1 + end) - end**2)
        variance = (end * (1 - end) + ((own + others) / 2 - 1) * of_pairs) / (own * others)
        assert abs(area - end) == pytest.approx(1.959964 * variance**0.5, rel=1e-6)


def test_a_category_that_is_as_frequent_in_all_classes_is_chance_and_not_less():
    labels = np.arange(60) % 2
    row = score_facts(pd.DataFrame({"format": np.where(np.arange(60) // 2 % 2, "PNG", "JPEG")}), labels, 2).iloc[0]
    assert row["auc"] == 0.5
