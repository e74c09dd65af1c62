"""Shortcut tests against loops over images and masks. Tolerance 1e-12 unless stated."""

import copy

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from frequency_shortcuts import shortcuts, spectrum
from frequency_shortcuts.dfm import dominant
from frequency_shortcuts.images import normalise
from frequency_shortcuts.spectrum import ConjugatePairs

SIZE = (8, 7)
LABELS = np.array([0, 1, 2, 2, 0, 2, 2, 1, 2, 0, 2, 1])  # unequal, not sorted


@pytest.fixture(scope="module")
def case():
    """Network, images, masks; the network calls every class at least once."""
    torch.manual_seed(1)
    network = nn.Sequential(nn.Flatten(), nn.Linear(56, 3))
    images = torch.randn(len(LABELS), 1, *SIZE)
    masks = dominant(
        np.random.default_rng(0).standard_normal((3, len(ConjugatePairs(*SIZE)))), ConjugatePairs(*SIZE), 30
    )
    assert len(set(called(network, images))) == 3
    return network, images, masks


def called(network, images, mask=None):
    """The class of each image, after the full complex FFT there and back."""
    if mask is not None:
        images = torch.from_numpy(np.fft.ifft2(np.fft.fft2(images) * np.fft.ifftshift(mask)).real.astype(np.float32))
    with torch.no_grad():
        return np.array([int(network(image[None]).argmax()) for image in images])


def slow_rates(found, c):
    own = [call == c for call, label in zip(found, LABELS, strict=True) if label == c]
    others = [call == c for call, label in zip(found, LABELS, strict=True) if label != c]
    return np.mean(own), np.mean(others)


def test_measure_equals_loops_over_masks_and_images(case):
    network, images, masks = case
    table = shortcuts.measure(network, images, LABELS, masks, controls=3, seed=7, batch_size=5)
    for row in table.itertuples():
        c = row[1]
        mask = {
            "unfiltered": lambda row, c: np.ones(SIZE, bool),
            "dfm": lambda row, c: masks[c],
            "other": lambda row, c: masks[row.draw],
            "random": lambda row, c: shortcuts.control_mask(masks[c], "random", [7, c, row.draw]),
            "radial": lambda row, c: shortcuts.control_mask(masks[c], "radial", [7, c, row.draw]),
        }[row.filter](row, c)
        expected = slow_rates(called(network, images, mask), c)
        np.testing.assert_allclose((row.tpr, row.fpr), expected, rtol=0, atol=1e-12)
        assert row.positions == mask.sum()
        assert row.images == (c == LABELS).sum()
        if row.filter == "unfiltered":
            assert np.isnan(row.overlap)
        else:
            assert row.overlap == (mask & masks[c]).sum() / (mask | masks[c]).sum()


def test_measure_has_one_row_a_class_filter_and_draw(case):
    table = shortcuts.measure(case[0], case[1], LABELS, case[2], controls=4)
    found = table.groupby(["class", "filter"])["draw"].agg(list).to_dict()
    for c in range(3):
        assert found[c, "unfiltered"] == found[c, "dfm"] == [0]
        assert found[c, "random"] == found[c, "radial"] == [0, 1, 2, 3]
        assert found[c, "other"] == [other for other in range(3) if other != c]
    assert len(table) == 3 * (1 + 1 + 4 + 4 + 2)


def test_measure_is_seeded_and_draws_differ(case):
    first, again, other = (shortcuts.measure(*case[:2], LABELS, case[2], controls=3, seed=s) for s in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert not first["overlap"].equals(other["overlap"])


def test_measure_without_false_positives_keeps_the_true_ones(case):
    full = shortcuts.measure(*case[:2], LABELS, case[2], controls=2)
    short = shortcuts.measure(*case[:2], LABELS, case[2], controls=2, false_positives=False)
    rates = ["fpr", "fpr_low", "fpr_high"]
    assert short[rates].isna().all(axis=None)
    assert (short["negatives"] == 0).all() and (full["negatives"] == len(LABELS) - full["images"]).all()
    pd.testing.assert_frame_equal(short.drop(columns=[*rates, "negatives"]), full.drop(columns=[*rates, "negatives"]))
    assert shortcuts.verdicts(short)["verdict"].tolist() == shortcuts.verdicts(full)["verdict"].tolist()


MANY = 40  # classes, with 2 to 6 images each


@pytest.fixture(scope="module")
def many():
    """Network, images, labels and masks of many classes, with uint8 images."""
    torch.manual_seed(2)
    network = nn.Sequential(nn.Flatten(), nn.Linear(56, MANY))
    generator = np.random.default_rng(3)
    labels = generator.permutation(np.repeat(np.arange(MANY), np.arange(MANY) % 5 + 2))
    images = generator.integers(0, 256, (len(labels), 1, *SIZE), dtype=np.uint8)
    masks = dominant(generator.standard_normal((MANY, len(ConjugatePairs(*SIZE)))), ConjugatePairs(*SIZE), 30)
    return network, images, labels, masks


class Counting:
    """An array that only tells its shape and dtype, and notes how many rows are asked for at once."""

    def __init__(self, array):
        self.array, self.shape, self.dtype, self.asked = array, array.shape, array.dtype, []

    def __getitem__(self, index):
        assert isinstance(index, np.ndarray) and index.dtype.kind == "i"
        self.asked.append(len(index))
        return self.array[index]


HOW = {"mean": [0.4], "std": [0.3]}


def test_uint8_images_of_any_kind_give_the_table_of_the_normalised_tensor(many, tmp_path):
    network, images, labels, masks = many
    options = {"controls": 2, "others": 3, "negatives": 9}
    expected = shortcuts.measure(network, normalise(torch.from_numpy(images), **HOW), labels, masks, **options)
    with h5py.File(tmp_path / "images.h5", "w") as file:
        file["images"] = images
        for given in (images, torch.from_numpy(images), file["images"], Counting(images)):
            found = shortcuts.measure(network, given, labels, masks, **HOW, **options)
            pd.testing.assert_frame_equal(found, expected)
    with pytest.raises(ValueError, match="uint8 images need the mean and std"):
        shortcuts.measure(network, images, labels, masks)


def test_no_more_than_a_batch_is_read_at_once(many):
    network, images, labels, masks = many
    counting = Counting(images)
    table = shortcuts.measure(network, counting, labels, masks, **HOW, controls=1, others=2, batch_size=8)
    assert max(counting.asked) == 8
    assert sum(counting.asked) == 1 + (1 + MANY) * len(labels)  # each image once unfiltered and once a class
    pd.testing.assert_frame_equal(
        table, shortcuts.measure(network, images, labels, masks, **HOW, controls=1, others=2, batch_size=512)
    )
    counting, bands = Counting(images), spectrum.bands(*SIZE, (1.5, 3))
    table = shortcuts.band_stop(network, counting, labels, bands, MANY, **HOW, batch_size=8)
    assert max(counting.asked) == 8 and sum(counting.asked) == 1 + len(labels)
    pd.testing.assert_frame_equal(table, shortcuts.band_stop(network, images, labels, bands, MANY, **HOW))


def test_each_mask_is_shown_each_image_once_and_unfiltered_images_once(many):
    network, images, labels, masks = many
    shown = []
    hook = network.register_forward_pre_hook(lambda module, given: shown.append(len(given[0])))
    try:
        shortcuts.measure(network, images, labels, masks, **HOW, controls=2, others=3, negatives=7)
    finally:
        hook.remove()
    own = len(labels)
    assert sum(shown) == own + (1 + 2 * 2 + 3) * (own + 7 * MANY)


def test_large_images_are_shown_in_smaller_batches():
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    counting = Counting(np.zeros((130, 3, 224, 224), np.uint8))
    masks = np.ones((3, 224, 224), bool)
    shortcuts.band_stop(network, counting, np.arange(130) % 3, masks, 3, mean=[0.5] * 3, std=[0.2] * 3)
    assert max(counting.asked) == 55  # 2^23 numbers


def test_negatives_are_few_and_the_same_for_every_filter(many):
    """Against loops over the drawn images alone."""
    network, images, labels, masks = many
    table = shortcuts.measure(network, images, labels, masks, **HOW, controls=1, others=2, negatives=30, seed=5)
    assert (table["negatives"] == 30).all()
    seen = normalise(torch.from_numpy(images), **HOW)
    for c in (0, 17):
        drawn = shortcuts.negatives_of(labels, c, 30, seed=5)
        assert (labels[drawn] != c).all()
        for name, mask in (("unfiltered", None), ("dfm", masks[c])):
            (row,) = table[(table["class"] == c) & (table["filter"] == name)].itertuples()
            assert row.fpr == np.mean(called(network, seen[drawn], mask) == c)
            assert row.tpr == np.mean(called(network, seen[labels == c], mask) == c)
            assert row.images == (labels == c).sum()


def test_negatives_are_as_even_over_the_classes_as_their_images_allow():
    labels = np.repeat(np.arange(5), [3, 1, 4, 9, 2])
    for limit in range(1, 16):
        drawn = shortcuts.negatives_of(labels, 0, limit, seed=1)
        assert len(set(drawn)) == limit and (np.diff(drawn) > 0).all()
        count, there = np.bincount(labels[drawn], minlength=5)[1:], np.array([1, 4, 9, 2])
        assert count.max() - count[count < there].min(initial=count.max()) <= 1, count
    assert np.array_equal(shortcuts.negatives_of(labels, 0, 16, seed=1), np.flatnonzero(labels))
    assert np.array_equal(shortcuts.negatives_of(labels, 2, None, seed=1), np.flatnonzero(labels != 2))


def test_draws_are_seeded_and_differ_between_classes_and_seeds(many):
    labels = many[2]
    for draw in (
        lambda c, seed: shortcuts.negatives_of(labels, c, 12, seed),
        lambda c, seed: shortcuts.others_of(MANY, c, 12, seed),
    ):
        assert np.array_equal(draw(3, 0), draw(3, 0))
        assert not np.array_equal(draw(3, 0), draw(3, 1)) and not np.array_equal(draw(3, 0), draw(4, 0))


def test_others_are_all_up_to_twenty_and_twenty_of_more(many):
    network, images, labels, masks = many
    for given, expected in (({}, 20), ({"others": None}, MANY - 1), ({"others": 4}, 4)):
        options = {**HOW, "controls": 1, "false_positives": False, **given}
        table = shortcuts.measure(network, images, labels, masks, **options)
        tried = table[table["filter"] == "other"].groupby("class")["draw"].agg(list)
        for c, draws in tried.items():
            assert len(set(draws)) == expected and c not in draws and draws == sorted(draws)
    assert np.array_equal(shortcuts.others_of(21, 7, shortcuts.OTHERS, 0), np.delete(np.arange(21), 7))


def test_limits_do_not_change_what_the_random_controls_are(many):
    network, images, labels, masks = many
    few, all_ = (
        shortcuts.measure(network, images, labels, masks, **HOW, controls=2, **limits)
        for limits in ({"others": 1, "negatives": 1}, {"others": None})
    )
    columns = ["class", "filter", "draw", "positions", "overlap", "images", "tpr"]
    few, all_ = (table.loc[table["filter"] != "other", columns].reset_index(drop=True) for table in (few, all_))
    pd.testing.assert_frame_equal(few, all_)


def test_images_are_filtered_in_the_networks_precision(case):
    network, images, masks = copy.deepcopy(case[0]).double(), case[1], case[2]
    expected = shortcuts.measure(network, images.double(), LABELS, masks, controls=1)
    pd.testing.assert_frame_equal(shortcuts.measure(network, images, LABELS, masks, controls=1), expected)


def test_verdict_of_a_single_class_does_without_other_maps(case):
    table = shortcuts.measure(case[0], case[1], LABELS, case[2], controls=2)
    verdicts = shortcuts.verdicts(table[table["filter"] != "other"])
    assert "tpr_other" not in verdicts
    assert len(verdicts) == 3


def test_band_stop_is_the_change_of_the_confusion_matrix(case):
    network, images, _ = case
    bands = spectrum.bands(*SIZE, (1.5, 3))
    table = shortcuts.band_stop(network, images, LABELS, bands, 3)
    assert table["removed"].unique().tolist() == ["B1+B2", "B1+B3", "B2+B3"]
    assert len(table) == 27
    for row in table.itertuples():
        a, b = (int(name[1]) - 1 for name in row.removed.split("+"))
        before, after = called(network, images), called(network, images, ~(bands[a] | bands[b]))
        of_class = row.true_class == LABELS
        original, filtered = (np.sum(of_class & (x == row.called_class)) for x in (before, after))
        assert (row.original, row.filtered) == (original, filtered)
        np.testing.assert_allclose(row.delta_percent, 100 * (filtered - original) / of_class.sum(), rtol=0, atol=1e-12)
    assert table["delta_percent"].abs().max() > 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"controls": 0}, "controls 0: expected at least 1 draw"),
        ({"others": 0}, "others 0: expected at least 1, or None for all"),
        ({"negatives": -1}, "negatives -1: expected at least 1, or None for all"),
        ({"labels": np.where(LABELS == 1, 0, LABELS)}, "no image of class 1; every class needs at least one"),
        ({"labels": np.r_[LABELS[:-1], 3]}, "labels 0 to 3, but the classes are 0 to 2"),
        ({"labels": LABELS[:-1]}, "11 labels .*12 images|12 images .*11 labels"),
        ({"masks": np.ones((3, 4, 4), bool)}, r"mask of shape \(4, 4\): the images need \[8, 7\]"),
        ({"masks": np.ones((2, *SIZE), bool)}, "labels 0 to 2, but the classes are 0 to 1"),
        ({"masks": np.ones((3, *SIZE))}, "mask of dtype float64: expected bool"),
    ],
    ids=[
        "controls",
        "others",
        "negatives",
        "class missing",
        "label 3",
        "labels short",
        "mask size",
        "two masks",
        "mask dtype",
    ],
)
def test_errors_say_what_is_wrong_and_what_is_allowed(case, change, message):
    arguments = {"network": case[0], "images": case[1], "labels": LABELS, "masks": case[2]} | change
    with pytest.raises(ValueError, match=message):
        shortcuts.measure(**arguments)


def test_a_network_with_more_outputs_than_masks_is_named(case):
    network = nn.Sequential(nn.Flatten(), nn.Linear(56, 4))
    nn.init.constant_(network[1].bias, 0).data[3] = 99
    with pytest.raises(ValueError, match="output for class 3, but there are 3 classes"):
        shortcuts.measure(network, case[1], LABELS, case[2])


class Odd(nn.Module):
    """Standardises each image by its deviation from the mean, which one that a filter left constant has not."""

    def forward(self, images):
        seen = images.flatten(1)
        return ((seen - seen.mean(dim=1, keepdim=True)) / seen.std(dim=1, keepdim=True))[:, :3]


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(56, 2)), "the network has 2 outputs, and none for class 2"),
        (nn.Flatten(0), r"the network gives \(672,\) for 12 images: expected logits of shape \[12, classes\]"),
        (nn.LSTM(7, 3), "the network gives tuple for 12 images: expected logits"),
        (nn.Sequential(nn.Flatten(), nn.Threshold(1e9, torch.nan), nn.Linear(56, 3)), "are|some are not a number"),
    ],
    ids=["few outputs", "one dimension", "tuple", "nan"],
)
def test_what_are_no_logits_is_told(case, network, message):
    images = case[1][:, 0] if isinstance(network, nn.LSTM) else case[1]
    if isinstance(network, nn.LSTM):
        network = nn.Sequential(nn.Flatten(1, 2), network)
        images = case[1]
    with pytest.raises(ValueError, match=message):
        shortcuts.measure(network, images, LABELS, case[2])
    bands = np.zeros((3, *SIZE), bool)
    bands[0, 4, 3] = True
    with pytest.raises(ValueError, match=message):
        shortcuts.band_stop(network, images, LABELS, bands, 3)


def test_logits_that_are_not_a_number_on_filtered_images_alone_are_told(case):
    constant = np.zeros((3, *SIZE), bool)
    constant[:, 4, 3] = True
    with pytest.raises(ValueError, match="finite logits"):
        shortcuts.measure(Odd(), case[1], LABELS, constant)
