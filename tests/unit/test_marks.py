"""Marks, what the images of a class have at a fixed place: a tag and a frame are found there, and nothing else is."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from spectral_classes import pixels_of

import frequency_shortcuts as fs
from frequency_shortcuts.data_check.comparison import compare_classes
from frequency_shortcuts.data_check.marks import find_marks
from frequency_shortcuts.exchange.patch import rectangle_in_words
from frequency_shortcuts.images.artefacts import Artefact

LABEL = 1
UPPER_LEFT = "top left, columns 3 to 6, rows 3 to 6"


def photographs(size=(32, 32), channels=1, classes=3, each=40):
    """Smooth images, uint8 [n, channels, H, W], of any brightness, and their labels [n]."""
    generator = np.random.default_rng(0)
    labels = np.arange(classes * each) % classes
    shape = len(labels), channels, *size
    smooth = gaussian_filter(generator.normal(0, 150, shape), (0, 0, 2, 2))
    brightness = generator.uniform(60, 140, (len(labels), 1, 1, 1))
    return np.rint(smooth + brightness).clip(0, 255).astype(np.uint8), labels


def found(images, labels):
    return find_marks(pixels_of(images, labels), labels.max() + 1)


def marked(kind, level, place=(0.1, 0.1), share=1.0, **options):
    """What is found where a class has an artefact."""
    images, labels = photographs(**options)
    artefact = Artefact(kind, level, LABEL, share, place=place)
    return found(artefact.add(images, labels), labels)


@pytest.mark.parametrize("level", [0.7, 1.0])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_tag_is_found_at_its_place(level, channels):
    assert marked("tag", level, channels=channels) == {LABEL: UPPER_LEFT}


@pytest.mark.parametrize("size", [(32, 32), (64, 40)])
@pytest.mark.parametrize("level", [0.2, 0.5])
def test_a_frame_is_found(level, size):
    assert marked("frame", level, size=size) == {LABEL: "the frame"}


def test_images_need_not_be_square():
    place = "bottom right, columns 32 to 36, rows 51 to 58"
    assert marked("tag", 1.0, (0.9, 0.9), size=(65, 40)) == {LABEL: place}


def test_one_of_two_classes_has_the_tag():
    assert marked("tag", 1.0, classes=2) == {LABEL: UPPER_LEFT}


def test_a_tag_in_most_images_is_found_and_one_in_half_is_not():
    assert marked("tag", 1.0, share=0.9) == {LABEL: UPPER_LEFT}
    assert marked("tag", 1.0, share=0.5) == {}


def test_a_tag_that_is_seen_in_one_channel_is_found():
    images, labels = photographs(channels=3)
    images[labels == LABEL, 0, 3:7, 3:7] = 255
    assert found(images, labels) == {LABEL: UPPER_LEFT}


@pytest.mark.parametrize("size", [(32, 32), (5, 4), (1, 9)])
@pytest.mark.parametrize("classes", [2, 3])
def test_clean_classes_have_no_mark(size, classes):
    assert found(*photographs(size, classes=classes)) == {}


@pytest.mark.parametrize("kind", ["brightness", "gradient", "vignette", "noise", "jpeg"])
def test_what_has_no_place_is_no_mark(kind):
    level = {"brightness": 0.1, "gradient": 0.16, "vignette": 0.9, "noise": 0.04, "jpeg": 30}[kind]
    assert marked(kind, level) == {}


def test_a_tag_of_two_classes_sets_neither_apart():
    images, labels = photographs()
    images[labels != LABEL, :, 3:7, 3:7] = 255
    assert found(images, labels) == {}


def test_a_tag_in_the_middle_is_not_looked_for():
    assert marked("tag", 1.0, (0.5, 0.5)) == {}


def test_a_wave_has_no_place():
    images, labels = photographs()
    wave = Artefact("wave", 0.2, LABEL, frequency=(3, 5))
    images = wave.add(images, labels)
    assert LABEL in found(images, labels)
    table = compare_classes(images, labels, 3).table
    assert table["cause"].tolist() == ["", "wave", ""] and (table["place"] == "").all()


def test_a_rectangle_of_more_than_half_of_both_sides_is_the_frame():
    assert rectangle_in_words(range(1, 63), range(1, 63), (64, 64)) == "the frame"
    words = "middle centre, columns 0 to 63, rows 30 to 31"
    assert rectangle_in_words(range(30, 32), range(64), (64, 64)) == words


def test_the_place_is_in_table_and_summary():
    images, labels = photographs(channels=3)
    images = Artefact("tag", 1.0, LABEL).add(images, labels)
    result = fs.differences(images, labels, classes=["a", "b", "c"], progress=False)
    assert result.table["place"].tolist() == ["", UPPER_LEFT, ""]
    assert f"a mark at a fixed place: {UPPER_LEFT}" in result.summary()
    assert "A mark, such as a tag, a logo or a frame, is at the same place" in result.summary()


def test_a_mark_of_one_of_two_classes_is_that_of_this_class():
    images, labels = photographs(classes=2)
    images = Artefact("tag", 1.0, LABEL).add(images, labels)
    result = fs.differences(images, labels, progress=False)
    assert result.table["place"].tolist() == ["", UPPER_LEFT]
    mark_alone = replace(result, facts=result.facts.head(0), table=result.table.assign(cause=""))
    assert "either may be the one" not in mark_alone.summary()
