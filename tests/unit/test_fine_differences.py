"""What tells classes by their images alone: areas under the curve, causes, and the files that carry them."""

import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.fft import dctn
from scipy.ndimage import gaussian_filter
from scipy.signal import convolve2d
from spectral_classes import pixels_of

from frequency_shortcuts.data.artefacts import KINDS, Artefact, put
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.evaluation import fine_differences, forensics, leaks
from frequency_shortcuts.evaluation.class_statistics import class_statistics
from frequency_shortcuts.evaluation.fact_scores import area, auc_interval
from frequency_shortcuts.evaluation.fine_differences import carries, tell
from frequency_shortcuts.evaluation.forensics import TRIED, Forensics, Trace, fingerprints, lightness
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

CLASSES, LABEL = 5, 3


@pytest.fixture(autouse=True)
def few_permutations(monkeypatch):
    monkeypatch.setattr(fine_differences, "PERMUTATIONS", 8)
    monkeypatch.setattr(fine_differences, "SAMPLE", 100)


def photographs(size=(32, 32), channels=1, n=200, seed=0, apart=0.1):
    """Images of all smoothness with some grain, uint8 [n, channels, H, W], and labels of five classes.

    apart : how much smoother each class is than the one before, pixels
    """
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % CLASSES
    smooth = generator.uniform(0.9, 1.5, n) + apart * np.array([0, 2, 4, 1, 3])[labels]
    images = np.stack([gaussian_filter(generator.normal(size=(channels, *size)), (0, by, by)) for by in smooth])
    images *= 30 * generator.uniform(0.7, 1.3, (n, 1, 1, 1)) / images.std(axis=(1, 2, 3), keepdims=True)
    images += 128 + generator.normal(0, 3, images.shape)
    return np.rint(images).clip(0, 255).astype(np.uint8), labels


def with_artefact(kind, share=1.0, strength=2, **options):
    images, labels = photographs(**options)
    artefact = Artefact(kind, KINDS[kind].levels[strength - 1], LABEL, share, (5, 9) if kind == "wave" else None)
    carry = artefact.carriers(labels)
    return artefact.add_to(images, carry), labels, carry


class Streamed:
    """Images that are read in batches only, and remember how large these were."""

    def __init__(self, images):
        self.images, self.shape, self.dtype, self.largest = images, images.shape, images.dtype, 0

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        self.largest = max(self.largest, len(index))
        return self.images[index]


def test_the_area_is_the_share_of_pairs_in_order():
    generator = np.random.default_rng(0)
    scores, own = generator.integers(8, size=60).astype(float), generator.random(60) < 0.3
    pairs = np.sign(scores[own][:, None] - scores[~own])
    value, low, high = area(scores, own)
    assert value == pytest.approx((pairs + 1).mean() / 2) and low < value < high
    assert area(-scores, own) == pytest.approx((1 - value, 1 - high, 1 - low))
    value, low, high = area(own.astype(float), own)
    assert (value, high) == (1, 1) and 0.8 < low < 0.99


@pytest.mark.parametrize(("deviation", "n", "m"), [(1, 20, 20), (3, 60, 300)])
def test_intervals_hold_the_area_about_as_often_as_they_say(deviation, n, m):
    generator = np.random.default_rng(1)
    own = np.arange(n + m) < n
    held = 0
    for _ in range(200):
        scores = generator.normal(np.where(own, 0.84 * np.hypot(1, deviation), 0), np.where(own, deviation, 1))
        _, low, high = area(scores, own)
        held += low <= 0.8 <= high  # the normal distribution at 0.84 is 0.8
    assert held >= 0.91 * 200
    assert auc_interval(0.5, 100, 900)[0] < 0.46


def test_random_labels_tell_nothing_though_pairs_are_chosen():
    images, labels = photographs(n=300, apart=0)
    table = tell(images, np.random.default_rng(3).permutation(labels), CLASSES).table
    assert table["auc"].mean() == pytest.approx(0.5, abs=0.05) and table["null"].between(0.52, 0.65).all()
    assert (table["auc_low"] < 0.55).all() and (table["auc_high"] > 0.5).all()
    assert (table["cause"] == "").all() and table["carriers"].isna().all()


def test_classes_that_differ_as_classes_do_are_told_without_a_cause():
    images, labels = photographs()
    told = tell(images, labels, CLASSES)
    assert told.table["auc"].max() > 0.65 and (told.table["cause"] == "").all() and np.isnan(told.files).all()
    assert told.table["images"].tolist() == [40] * CLASSES


@pytest.mark.parametrize(("kind", "channels"), [
    ("wave", 3), ("jpeg", 3), ("resized", 1), ("blurred", 3), ("noise", 3), ("checkerboard", 1)
])  # fmt: skip
def test_the_cause_is_named_and_carriers_come_first(kind, channels):
    images, labels, carry = with_artefact(kind, 0.5, channels=channels)
    told = tell(images, labels, CLASSES)
    assert told.table["cause"].tolist() == ["", "", "", KINDS[kind].cause, ""]
    own = labels == LABEL
    assert np.isnan(told.files[~own]).all() and area(told.files[own], carry[own])[0] > 0.95
    assert told.table.loc[LABEL, "carriers"] == pytest.approx(0.5, abs=0.2)


@pytest.mark.parametrize("kind", ["sharpened", "brightness"])
def test_sharpening_is_named_and_brightness_is_not(kind):
    images, labels, _ = with_artefact(kind)
    assert tell(images, labels, CLASSES).table["cause"].tolist() == ["", "", "", KINDS[kind].cause, ""]


def test_an_artefact_in_all_images_is_told_without_fail():
    images, labels, _ = with_artefact("checkerboard")
    told = tell(images, labels, CLASSES)
    assert told.table.loc[LABEL, "auc"] > 0.999 and told.table.loc[LABEL, "auc_low"] > 0.9
    assert told.differences.shape == told.spectra.shape == (CLASSES, 32, 32)
    assert told.spectra[LABEL, 0, 0] > 5 * np.delete(told.spectra[:, 0, 0], LABEL).max()
    assert told.differences[LABEL].argmax() == 0 and told.table.loc[LABEL, "z"] == told.differences[LABEL].max()


def test_spectra_are_root_mean_square_amplitudes():
    images, labels = photographs((12, 11), 2, n=60)
    found = tell(images, labels, CLASSES).spectra
    for k in range(CLASSES):
        planes = np.fft.fftshift(np.fft.fft2(images[labels == k] / 255), axes=(-2, -1))
        expected = np.sqrt(np.abs(planes.mean(axis=0)) ** 2 + planes.var(axis=0, ddof=1)).mean(axis=0)
        np.testing.assert_allclose(found[k], expected, rtol=1e-3)


def test_areas_are_those_of_ridge_regressions_one_by_one():
    generator, n = np.random.default_rng(6), 120
    labels, folds = np.repeat([0, 1, 2], [20, 40, 60]), generator.permutation(n) % 5
    features, at_pairs = generator.normal(size=(n, 14)), generator.normal(size=(n, 4))
    features[labels == 1] += 0.5
    places = [np.array([fold % 4]) for fold in range(5)]
    areas, ends, null = fine_differences._areas(features, at_pairs, places, labels, 3, folds, seed=2)

    def scores(own):
        found = np.empty(n)
        for fold in range(5):
            x, left = np.column_stack([features, at_pairs[:, places[fold]]]), folds != fold
            x = (x - x[left].mean(axis=0)) / x[left].std(axis=0)
            penalised = np.vstack([x[left], np.sqrt(15) * np.eye(15)])
            found[~left] = x[~left] @ np.linalg.lstsq(penalised, np.r_[own[left] - own[left].mean(), np.zeros(15)])[0]
        return found

    drawn = np.random.default_rng([2, 49])
    permuted = [drawn.permutation(labels) for _ in range(fine_differences.PERMUTATIONS)]
    by_chance = np.array([[area(scores(one == k), one == k)[0] for k in range(3)] for one in permuted]) - 0.5
    count = np.bincount(labels)
    deviation = np.sqrt((n + 1) / (12 * count * (n - count)))  # of an area of independent scores
    more = np.mean(by_chance**2) / np.mean(deviation**2)
    assert 1 < more < 2
    expected = [area(scores(labels == k), labels == k, more) for k in range(3)]
    np.testing.assert_allclose(np.column_stack([areas, ends]), expected, atol=1e-6)
    np.testing.assert_allclose(null, 0.5 + np.quantile(by_chance / deviation, 0.95) * deviation, atol=1e-6)


def test_the_sharpest_pairs_have_the_wave_and_are_not_coarse():
    images, labels, _ = with_artefact("wave")
    pairs = ConjugatePairs(32, 32)
    found = fine_differences._sharpest(class_statistics(pixels_of(images, labels), CLASSES), pairs)
    assert [5, 9] in np.abs(pairs.frequencies[found]).tolist() and pairs.radius[found].min() >= 2


def test_amplitudes_are_at_least_those_of_rounding():
    """Rounding to 1 / 255 has a variance of 1 / 12 of that step in each pixel."""
    pairs = ConjugatePairs(6, 7)
    found = fine_differences._log_amplitudes(torch.full((2, 3, 6, 7), 0.5), pairs)[:, pairs.radius > 0]
    np.testing.assert_allclose(found, np.log(6 * 7 / 12 / 255**2) / 2, rtol=1e-4)


def test_the_share_of_carriers_leaves_out_those_that_are_high_by_chance():
    assert fine_differences._share_above(np.r_[np.zeros(19), np.full(21, 2.0)], np.ones(9)) == pytest.approx(0.5)
    assert fine_differences._share_above(np.zeros(9), np.ones(9)) == 0


def test_of_two_classes_the_one_with_the_artefact_is_named():
    images, labels, _ = with_artefact("jpeg")
    own, other = images[labels == LABEL], images[labels == 0]
    told = tell(np.concatenate([own, other]), np.repeat([0, 1], [len(own), len(other)]), 2)
    assert told.table["cause"].tolist() == ["blocks", ""]


def test_images_are_read_in_batches_and_float_ones_are_alike():
    images, labels, _ = with_artefact("noise")
    streamed = Streamed(images)
    told, again = tell(streamed, labels, CLASSES), tell(np.float32(images / 255), labels, CLASSES)
    assert 0 < streamed.largest <= 64
    for one, other in ((told, again), (told, tell(images, labels, CLASSES))):
        pd.testing.assert_frame_equal(one.table, other.table, rtol=1e-3)
        assert one.files == pytest.approx(other.files, abs=1e-3, nan_ok=True)


@pytest.mark.parametrize("kind", ["wave", "jpeg", "resized"])
def test_files_of_a_given_cause_are_ranked_likewise(kind):
    images, labels, carry = with_artefact(kind, 0.5)
    told, pixels, own = tell(images, labels, CLASSES), pixels_of(images, labels), labels == LABEL
    statistics = class_statistics(pixels, CLASSES)
    scores = carries(pixels, {LABEL: told.table.loc[LABEL, "cause"]}, statistics=statistics)[LABEL]
    assert scores.shape == (200,) and area(scores[own], carry[own])[0] > 0.95
    with pytest.raises(ValueError, match="unknown cause 'rain'"):
        carries(pixels, {LABEL: "rain"}, statistics=statistics)


def slow_fingerprint(grey):
    """The fingerprint of an image [h, w] from 0 to 255: whole planes, convolutions, and loops over blocks."""
    power = np.abs(np.fft.fft2(grey)) ** 2 + grey.size / 12
    u, v = np.meshgrid(*map(np.fft.fftfreq, grey.shape), indexing="ij")
    radius, edges = np.hypot(u, v), np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9.5, 12]) / 16
    parts = [(radius >= low) & (radius < high) & (radius > 0) for low, high in itertools.pairwise(edges)]
    parts += [(np.abs(u) > 0.35) & (np.abs(v) < 0.15), (np.abs(u) < 0.15) & (np.abs(v) > 0.35)]
    numbers = [np.log1p(grey.std()), *(np.log(power[part].mean()) / 2 for part in parts if part.any())]
    numbers += [(grey == grey.min()).mean(), (grey == grey.max()).mean()]
    along = np.array([[0, 1, 0], [0, -2, 0], [0, 1, 0]])
    for kernel in (along + along.T, np.array([[1, -1], [-1, 1]]), along, along.T):
        sizes = np.abs(convolve2d(grey, kernel, mode="valid")).ravel()
        sizes = np.sort(sizes[:: -(-sizes.size // 4096)])  # some 4096 places at most
        numbers += [np.log1p(sizes[int(q * (sizes.size - 1))]) for q in (0.1, 0.25, 0.5, 0.75, 0.9, 0.97)]
    high = np.add.outer(range(8), range(8)) >= 5
    for clipped in (0, 24) if min(grey.shape) >= 16 else ():
        count = np.zeros((2, 2))  # zeros and small ones, in the grid at the corner and in others
        for row, column in itertools.product(range(0, grey.shape[0] - 7, 4), range(0, grey.shape[1] - 7, 4)):
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
    rows = slice(8, 136) if size[0] == 150 else slice(None)  # the middle 128, on the grid of the blocks of JPEG
    expected = np.tensordot([0.299, 0.587, 0.114], images[:, :, rows, :128], (0, 1))
    np.testing.assert_allclose(grey, expected, atol=1e-3)
    grey = np.rint(grey)
    prints = fingerprints(grey)
    np.testing.assert_allclose(prints, [slow_fingerprint(one) for one in grey], rtol=1e-4, atol=1e-4)
    traces = Forensics(prints, np.arange(6) % 2, 2, grey, np.arange(6)).traces(0, [0, 1])
    assert {one.grid == 0 for one in traces} == {min(size) < 16}  # smaller images have no other grid


def trace(artefact, alike, share=1.0, grid=9.0):
    return Trace(artefact, alike, (share, share), 1.0, grid, np.zeros(2), 0.0)


@pytest.mark.parametrize("artefact", [name for name, kind in TRIED.items() if kind.cause])
def test_a_trace_is_found_at_its_limits_and_not_below(artefact):
    alike, share = KINDS[artefact].alike, KINDS[artefact].share
    assert trace(artefact, alike, share).found and trace(artefact, alike, share, grid=5).found
    assert not trace(artefact, alike - 1e-9, share).found and not trace(artefact, alike, share - 1e-9).found
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
    assert tell(images, labels, CLASSES).table["cause"].tolist() == ["wave", "", "", "wave", ""]


def test_one_striped_image_does_not_hide_what_the_others_have():
    images, labels, _ = with_artefact("blurred")
    images[np.flatnonzero(labels == LABEL)[0]] = 128 + 100 * np.cos(2 * np.pi * 12 * np.arange(32) / 32)
    row = tell(images, labels, CLASSES).table.loc[LABEL]
    assert row["cause"] == "lost high frequencies" and row["carriers"] > 0.5


def test_images_that_say_nothing_are_refused():
    flat = np.full((40, 1, 16, 16), 100, np.uint8)
    with pytest.raises(ValueError, match="all images are the same, but for brightness: expected images that vary"):
        tell(flat, np.arange(40) % 2, 2)
    with pytest.raises(ValueError, match="images of 3 x 16: expected sides of 4 pixels or more"):
        tell(flat[:, :, :3], np.arange(40) % 2, 2)


def test_too_few_images_are_refused():
    images, labels = photographs(n=45)
    with pytest.raises(
        ValueError, match=r"classes of \[9, 9, 9, 9, 9\] images: expected two or more, with at least 10"
    ):
        tell(images, labels, CLASSES)


def test_the_benchmark_counts_names_and_files():
    images, labels = photographs(n=250)
    split = Split(images, labels, tuple("abcde"), np.zeros(1), np.ones(1))
    chosen = leaks.some_of_each_class(split, 40, seed=1)
    assert np.bincount(chosen.labels).tolist() == [40] * CLASSES
    made = [Artefact("noise", 0.04, 1, 0.5), Artefact("brightness", 0.05, 2)]
    table = leaks.measure_data(chosen, {"clean": (), "first": made}, seed=1)
    assert table["set"].tolist() == ["clean"] * CLASSES + ["first"] * CLASSES and table.loc[6, "rank"] == 1
    assert np.flatnonzero(table["files"].notna()).tolist() == [6]  # not of what all images of a class have
    assert np.flatnonzero(table["cause"] != "").tolist() == [6] and table.loc[6, "files"] > 0.99
