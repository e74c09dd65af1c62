"""What sets classes apart by their images alone: likely causes with the files that carry them, and facts of files."""

import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from scipy.fft import dctn
from scipy.ndimage import gaussian_filter
from scipy.signal import convolve2d
from small_stores import Noted
from spectral_classes import pixels_of

from benchmarks.leaks import data
from frequency_shortcuts.data_check import comparison as data_check
from frequency_shortcuts.data_check import forensics
from frequency_shortcuts.data_check.comparison import compare_classes, name_causes, share_facts
from frequency_shortcuts.data_check.file_facts import content_facts, file_facts
from frequency_shortcuts.data_check.forensics import (
    TRIED,
    Forensics,
    Trace,
    fingerprints,
    lightness,
)
from frequency_shortcuts.exchange.class_statistics import class_statistics
from frequency_shortcuts.images.artefacts import FINE, KINDS, Artefact, put
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

CLASSES, LABEL = 5, 3


@pytest.fixture(autouse=True)
def small_sample(monkeypatch):
    monkeypatch.setattr(data_check, "SAMPLE", 100)


def photographs(size=(32, 32), channels=1, n=200, seed=0, apart=0.1):
    """Images of all smoothness with some grain, uint8 [n, channels, H, W], and labels of five classes.

    apart : how much smoother each class is than the one before, pixels
    """
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % CLASSES
    smooth = generator.uniform(0.9, 1.5, n) + apart * np.array([0, 2, 4, 1, 3])[labels]
    images = np.stack(
        [gaussian_filter(generator.normal(size=(channels, *size)), (0, by, by)) for by in smooth]
    )
    images *= (
        30 * generator.uniform(0.7, 1.3, (n, 1, 1, 1)) / images.std(axis=(1, 2, 3), keepdims=True)
    )
    images += 128 + generator.normal(0, 3, images.shape)
    return np.rint(images).clip(0, 255).astype(np.uint8), labels


def with_artefact(kind, share=1.0, strength=2, frequency=(5, 9), **options):
    images, labels = photographs(**options)
    artefact = Artefact(
        kind, KINDS[kind].levels[strength - 1], LABEL, share, frequency if kind == "wave" else None
    )
    carry = artefact.carriers(labels)
    return artefact.add_to(images, carry), labels, carry


@pytest.mark.parametrize("apart", [0, 0.1])
def test_classes_that_are_alike_or_differ_as_classes_do_have_no_cause(apart):
    images, labels = photographs(apart=apart)
    found = compare_classes(images, labels, CLASSES)
    assert (
        (found.table["cause"] == "").all()
        and found.table["carriers"].isna().all()
        and np.isnan(found.files).all()
    )
    assert found.table["images"].tolist() == [40] * CLASSES


@pytest.mark.parametrize(("kind", "channels"), [
    ("wave", 3), ("jpeg", 3), ("resized", 1), ("blurred", 3), ("noise", 3), ("checkerboard", 1)
])  # fmt: skip
def test_the_cause_is_named_and_carriers_come_first(kind, channels):
    images, labels, carry = with_artefact(kind, 0.5, channels=channels)
    found = compare_classes(images, labels, CLASSES)
    assert found.table["cause"].tolist() == ["", "", "", KINDS[kind].cause, ""]
    own = labels == LABEL
    assert np.isnan(found.files[~own]).all()
    assert np.mean(found.files[carry][:, None] > found.files[own & ~carry]) > 0.95  # of all pairs
    assert found.table.loc[LABEL, "carriers"] == pytest.approx(0.5, abs=0.2)


@pytest.mark.parametrize(
    ("size", "frequency"), [((32, 30), (0, 7)), ((30, 37), (12, -3)), ((32, 32), (15, 15))]
)
def test_a_wave_is_named_at_any_frequency(size, frequency):
    images, labels, _ = with_artefact("wave", size=size, frequency=frequency)
    assert compare_classes(images, labels, CLASSES).table.loc[LABEL, "cause"] == "wave"


@pytest.mark.parametrize("size", [(3, 16), (7, 9), (15, 16)])
def test_small_images_of_noise_have_no_cause(size):
    images = np.random.default_rng(0).integers(0, 256, (60, 1, *size), dtype=np.uint8)
    pixels = pixels_of(images, np.arange(60) % 3)
    assert name_causes(pixels, class_statistics(pixels, 3)) == {}


@pytest.mark.parametrize("kind", ["sharpened", "brightness"])
def test_sharpening_is_named_and_brightness_is_not(kind):
    images, labels, _ = with_artefact(kind)
    named = KINDS[kind].cause if KINDS[kind].family == FINE else ""
    assert compare_classes(images, labels, CLASSES).table["cause"].tolist() == [
        "",
        "",
        "",
        named,
        "",
    ]


def test_spectra_are_root_mean_square_amplitudes_and_differences_those_of_the_statistics():
    images, labels = photographs((12, 11), 2, n=60)
    found, statistics = (
        compare_classes(images, labels, CLASSES),
        class_statistics(pixels_of(images, labels), CLASSES),
    )
    for k in range(CLASSES):
        np.testing.assert_allclose(found.differences[k], statistics.differences(k), rtol=1e-6)
        planes = np.fft.fftshift(np.fft.fft2(images[labels == k] / 255), axes=(-2, -1))
        expected = np.sqrt(np.abs(planes.mean(axis=0)) ** 2 + planes.var(axis=0, ddof=1)).mean(
            axis=0
        )
        np.testing.assert_allclose(found.spectra[k], expected, rtol=1e-3)


def test_amplitudes_are_at_least_those_of_rounding():
    """Rounding to 1 / 255 has a variance of 1 / 12 of that step in each pixel."""
    pairs = ConjugatePairs(6, 7)
    found = data_check._log_amplitudes(torch.full((2, 3, 6, 7), 0.5), pairs)[:, pairs.radius > 0]
    np.testing.assert_allclose(found, np.log(6 * 7 / 12 / 255**2) / 2, rtol=1e-4)


def test_of_two_classes_the_one_with_the_artefact_is_named():
    images, labels, _ = with_artefact("jpeg")
    own, other = images[labels == LABEL], images[labels == 0]
    found = compare_classes(
        np.concatenate([own, other]), np.repeat([0, 1], [len(own), len(other)]), 2
    )
    assert found.table["cause"].tolist() == ["blocks", ""]


def test_images_are_read_in_batches_and_float_ones_are_alike():
    images, labels, _ = with_artefact("noise")
    noted = Noted(images)
    found = compare_classes(noted, labels, CLASSES)
    assert 0 < max(noted.sizes) <= 64
    for given in (np.float32(images / 255), images):
        again = compare_classes(given, labels, CLASSES)
        pd.testing.assert_frame_equal(found.table, again.table, rtol=1e-3)
        assert found.files == pytest.approx(again.files, abs=1e-3, nan_ok=True)


def slow_fingerprint(grey):
    """The fingerprint of an image [h, w] from 0 to 255: whole planes, convolutions, and loops over blocks."""
    power = np.abs(np.fft.fft2(grey)) ** 2 + grey.size / 12
    u, v = np.meshgrid(*map(np.fft.fftfreq, grey.shape), indexing="ij")
    radius, edges = np.hypot(u, v), np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9.5, 12]) / 16
    parts = [
        (radius >= low) & (radius < high) & (radius > 0) for low, high in itertools.pairwise(edges)
    ]
    parts += [(np.abs(u) > 0.35) & (np.abs(v) < 0.15), (np.abs(u) < 0.15) & (np.abs(v) > 0.35)]
    numbers = [
        np.log1p(grey.std()),
        *(np.log(power[part].mean()) / 2 for part in parts if part.any()),
    ]
    numbers += [(grey == grey.min()).mean(), (grey == grey.max()).mean()]
    along = np.array([[0, 1, 0], [0, -2, 0], [0, 1, 0]])
    for kernel in (along + along.T, np.array([[1, -1], [-1, 1]]), along, along.T):
        sizes = np.abs(convolve2d(grey, kernel, mode="valid")).ravel()
        sizes = np.sort(sizes[:: -(-sizes.size // 4096)])  # some 4096 places at most
        numbers += [
            np.log1p(sizes[int(q * (sizes.size - 1))]) for q in (0.1, 0.25, 0.5, 0.75, 0.9, 0.97)
        ]
    high = np.add.outer(range(8), range(8)) >= 5
    for clipped in (0, 24) if min(grey.shape) >= 16 else ():
        count = np.zeros((2, 2))  # zeros and small ones, in the grid at the corner and in others
        for row, column in itertools.product(
            range(0, grey.shape[0] - 7, 4), range(0, grey.shape[1] - 7, 4)
        ):
            block = grey[row : row + 8, column : column + 8]
            if block.std() > 1 and np.isin(block, (0, 255)).sum() <= clipped:
                size = np.abs(dctn(block, norm="ortho"))[high]
                count[:, int(row % 8 + column % 8 > 0)] += (size < 0.6).sum(), (size < 1.8).sum()
        (zero, zeros), (small, smalls) = count
        share = (zeros + 1 / 3) / (smalls + 1)
        numbers.append((zero - small * share) / np.sqrt(small * share * (1 - share) + 1))
    return np.array(numbers)


@pytest.mark.parametrize("size", [(12, 14), (25, 34), (150, 131)])
def test_fingerprints_are_those_of_a_slow_reference(size):
    images = put("jpeg", 60, photographs(size, 3, n=6)[0])
    images[0] = 0
    images[3:, :, :9, :10] = 255 * np.random.default_rng(0).integers(2, size=(3, 1, 9, 10))
    grey = lightness(pixels_of(images, np.arange(6) % 2).take(np.arange(6)))
    rows = (
        slice(8, 136) if size[0] == 150 else slice(None)
    )  # the middle 128, on the grid of the blocks of JPEG
    expected = np.tensordot([0.299, 0.587, 0.114], images[:, :, rows, :128], (0, 1))
    np.testing.assert_allclose(grey, expected, atol=1e-3)
    grey = np.rint(grey)
    prints = fingerprints(grey)
    np.testing.assert_allclose(
        prints, [slow_fingerprint(one) for one in grey], rtol=1e-4, atol=1e-4
    )
    traces = Forensics(prints, np.arange(6) % 2, 2, grey, np.arange(6)).traces(0, [0, 1])
    assert {one.grid == 0 for one in traces} == {
        min(size) < 16
    }  # smaller images have no other grid


def trace(artefact, alike, share=1.0, grid=9.0):
    return Trace(artefact, alike, share, share, 1.0, grid, np.zeros(2), 0.0)


@pytest.mark.parametrize("artefact", [name for name, kind in TRIED.items() if kind.cause])
def test_a_trace_is_found_at_its_limits_and_not_below(artefact):
    alike, share = KINDS[artefact].alike, KINDS[artefact].share
    assert trace(artefact, alike, share).found and trace(artefact, alike, share, grid=5).found
    assert (
        not trace(artefact, alike - 1e-9, share).found
        and not trace(artefact, alike, share - 1e-9).found
    )
    assert trace(artefact, alike, share, grid=4.9).found == (artefact != "jpeg")


def test_a_trace_is_a_reverse_if_another_class_is_more_alike_to_the_opposite():
    sharp, soft, blocks = trace("sharpened", 0.6), trace("blurred", 0.5), trace("jpeg", 0.9)
    assert forensics._is_reverse(0, soft, {0: [soft], 1: [blocks, sharp]})
    assert not forensics._is_reverse(0, soft, {0: [soft, sharp], 1: [blocks, soft]})
    assert not forensics._is_reverse(1, sharp, {0: [soft], 1: [sharp]})


def test_a_wave_in_two_of_five_classes_is_named_in_both_and_in_no_other():
    images, labels, _ = with_artefact("wave")
    other = Artefact("wave", 0.1, 0, 1.0, (5, 9))
    images = other.add_to(images, labels == 0)
    assert compare_classes(images, labels, CLASSES).table["cause"].tolist() == [
        "wave",
        "",
        "",
        "wave",
        "",
    ]


def test_one_striped_image_does_not_hide_what_the_others_have():
    images, labels, _ = with_artefact("blurred")
    images[np.flatnonzero(labels == LABEL)[0]] = 128 + 100 * np.cos(
        2 * np.pi * 12 * np.arange(32) / 32
    )
    row = compare_classes(images, labels, CLASSES).table.loc[LABEL]
    assert row["cause"] == "lost high frequencies" and row["carriers"] > 0.5


def test_the_benchmark_counts_names_and_files(monkeypatch):
    images, labels = photographs(n=250)
    monkeypatch.setattr(data, "IMAGES", 40)
    split = Split(images, labels, tuple("abcde"), np.zeros(1), np.ones(1))
    made = [Artefact("noise", 0.04, 1, 0.5), Artefact("brightness", 0.05, 2)]
    clean, table = (data.measure_data(split, artefacts, seed=1) for artefacts in ((), made))
    assert (
        clean["images"].tolist() == [40] * CLASSES
        and (clean["cause"] == "").all()
        and clean["files"].isna().all()
    )
    assert np.flatnonzero(table["files"].notna()).tolist() == [
        1
    ]  # not of what all images of a class have
    assert np.flatnonzero(table["cause"] != "").tolist() == [1] and table.loc[1, "files"] > 0.99


GENERATOR = np.random.default_rng(0)
COLOUR = Image.fromarray(GENERATOR.integers(0, 256, (24, 16, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    ("name", "picture", "options", "facts"),
    [
        ("a.jpg", COLOUR, {"quality": 90}, ("JPEG", "90", "4:2:0", "colour")),
        (
            "a.png",
            COLOUR,
            {"format": "JPEG", "quality": 1, "subsampling": 0},
            ("JPEG", "1", "4:4:4", "colour"),
        ),
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
    with pytest.raises(
        ValueError, match=r"a.jpg cannot be read as a picture \(it is none of JPEG, "
    ):
        file_facts(tmp_path / "a.jpg")


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


def test_a_number_is_above_or_below_the_middle_between_medians():
    labels = np.arange(60) % 3
    values = np.rint(GENERATOR.normal(labels == 1, 1, 60) * 4) / 4
    table = share_facts(pd.DataFrame({"x": values}), labels, 3)
    assert table["fact"].tolist() == ["x"] * 3 and table["class"].tolist() == [0, 1, 2]
    for k, row in table.iterrows():
        own, others = values[labels == k], values[labels != k]
        middle, above = (
            (np.median(own) + np.median(others)) / 2,
            np.median(own) >= np.median(others),
        )
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
    table = share_facts(
        pd.DataFrame({"format": np.array(["PNG", "JPEG", "JPEG"])[labels]}), labels, 3
    )
    assert table[["value", "own", "others"]].to_numpy().tolist() == [
        ["PNG", 1, 0], ["JPEG", 1, 0.5], ["JPEG", 1, 0.5]
    ]  # fmt: skip


@pytest.mark.parametrize("values", [1, 2, 30, 1000])
def test_a_category_without_a_relation_is_about_as_frequent_elsewhere_however_many_values_it_has(
    values,
):
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
    assert (
        share_facts(pd.DataFrame({"size": sizes}), labels, 2).loc[0, "value"]
        == "none of the common ones or a"
    )


@pytest.mark.parametrize(
    ("values", "words"),
    [(3, "0 or 1 or 2"), (4, "0 or 1 or 2 or others"), (6, "0 or 1 or 2 or others")],
)
def test_many_values_are_not_written_out(values, words):
    labels, sizes = np.repeat([0, 1], 60), np.r_[np.arange(60) % values, np.full(60, 9)].astype(str)
    assert share_facts(pd.DataFrame({"size": sizes}), labels, 2).loc[0, "value"] == words
