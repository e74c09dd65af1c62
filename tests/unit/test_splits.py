"""Labelled images as one object: measures take their arguments from it and read it batch by batch."""

import numpy as np
import pytest
import torch
from small_stores import CLASSES, labelled, write
from torch import nn

from frequency_shortcuts.data import source
from frequency_shortcuts.data import stores as store
from frequency_shortcuts.data.splits import Images, Split, accepts_split, part_in_order, stratified
from frequency_shortcuts.networks import predictions

PIXELS = np.random.default_rng(0).integers(0, 256, (7, 1, 4, 4), dtype=np.uint8)
SPLIT = Split(PIXELS, np.arange(7) % 2, ("a", "b"), np.array([0.5]), np.array([0.2]), neutral=1)


@accepts_split
def measure(network, images, labels, masks, n_classes, *, mean=None, std=None, neutral=None, seed=0):
    return network, images, labels, masks, n_classes, mean, std, neutral, seed


def test_a_split_gives_images_labels_classes_and_normalisation():
    expected = ("net", PIXELS, SPLIT.labels, "masks", 2, SPLIT.mean, SPLIT.std, 1, 5)
    for found in (measure("net", SPLIT, "masks", seed=5), measure("net", SPLIT, masks="masks", seed=5)):
        assert all(a is b or a == b for a, b in zip(found, expected, strict=True))


def test_what_is_given_by_name_comes_before_the_split():
    assert measure("net", SPLIT, "masks", neutral=None, mean=[0])[5:8] == ([0], SPLIT.std, None)


def test_arrays_stay_as_they_are():
    assert measure("net", PIXELS, "labels", "masks", 3) == ("net", PIXELS, "labels", "masks", 3, None, None, None, 0)


def test_a_function_gets_only_the_parameters_that_it_has():
    @accepts_split
    def mean_of(images, labels, *, mean):
        return mean

    assert mean_of(SPLIT) is SPLIT.mean


def test_an_unknown_argument_is_an_error_as_before():
    with pytest.raises(TypeError, match="speed"):
        measure("net", SPLIT, "masks", speed=1)


def test_more_positional_arguments_than_follow_the_images_are_an_error():
    with pytest.raises(
        TypeError, match=r"measure: 3 positional arguments follow the Split, .* allowed are 1 \(masks\)"
    ):
        measure("net", SPLIT, "labels", "masks", 2)


class Counting(nn.Module):
    """Predicts class 0 for every image and records the sizes of its batches."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, images):
        self.seen.append(len(images))
        return torch.tensor([[1.0, 0.0]]).repeat(len(images), 1)


def test_accuracy_reads_a_split_in_batches_that_fit(monkeypatch):
    network = Counting()
    assert predictions.accuracy(network, SPLIT) == 4 / 7
    monkeypatch.setattr(source, "fitting_batch", lambda shape, device: 3)
    assert predictions.accuracy(network, SPLIT) == 4 / 7
    assert network.seen == [7, 3, 3, 1]
    assert predictions.accuracy(network, *SPLIT.tensors()) == 4 / 7


def test_large_images_are_never_shown_as_a_whole():
    """VGG16 would need 13 GB for 512 images of 224 x 224 pixels."""

    class Large:
        shape, dtype = (60, 3, 224, 224), np.dtype(np.uint8)

        def __len__(self):
            return 60

        def __getitem__(self, index):
            return np.zeros((len(np.arange(60)[index]), 3, 224, 224), np.uint8)

    network, images = Counting(), Large()
    assert isinstance(images, Images)
    predictions.accuracy(network, Split(images, np.arange(60) % 2, ("a", "b"), np.full(3, 0.5), np.full(3, 0.2)))
    assert network.seen == [55, 5]


def test_tensors_are_normalised_and_leave_the_store_alone(tmp_path):
    pixels, labels = labelled(6, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    split = store.read(tmp_path / "s.h5", "train")
    seen, truth = split.tensors()
    expected = (pixels / 255 - split.mean[:, None, None]) / split.std[:, None, None]
    assert seen.dtype == torch.float32
    np.testing.assert_allclose(seen, expected, atol=2e-6)
    np.testing.assert_array_equal(truth, labels)
    np.testing.assert_array_equal(split.images, pixels)
    assert split.tensors(dtype=torch.float64)[0].dtype == torch.float64


def test_stratified_shares_every_class_and_loses_none():
    labels = np.repeat([0, 1, 2], [10, 20, 40])
    parts = stratified(labels, {"train": 0.8, "validation": 0.1, "test": 0.1}, seed=1)
    assert sorted(np.concatenate(list(parts.values()))) == list(range(70))
    assert np.bincount(labels[parts["train"]]).tolist() == [8, 16, 32]
    assert np.bincount(labels[parts["test"]]).tolist() == [1, 2, 4]
    again = stratified(labels, {"train": 0.8, "validation": 0.1, "test": 0.1}, seed=1)
    other = stratified(labels, {"train": 0.8, "validation": 0.1, "test": 0.1}, seed=2)
    np.testing.assert_array_equal(parts["test"], again["test"])
    assert not np.array_equal(parts["test"], other["test"])


@pytest.mark.parametrize(
    ("shares", "message"),
    [({"a": 0.5, "b": 0.4}, "positive numbers that sum to 1"), ({"a": 0.99, "b": 0.01}, "class 0 has 5 images")],
)
def test_stratified_refuses_shares_that_do_not_work(shares, message):
    with pytest.raises(ValueError, match=message):
        stratified(np.zeros(5, np.int64), shares, seed=0)


def test_stratified_names_the_class_that_is_too_small():
    with pytest.raises(ValueError, match=r"class dog has 2 images, too few for the splits"):
        stratified(np.array([0] * 9 + [1] * 2), {"a": 0.8, "b": 0.1, "c": 0.1}, seed=0, classes=CLASSES)


def test_the_halves_are_in_the_order_of_the_images_and_together_all_of_them():
    halves = [part_in_order(PIXELS, SPLIT.labels, part) for part in ("first_half", "second_half")]
    assert [len(labels) for _, labels in halves] == [3, 4] and (halves[1][0] == PIXELS[3:]).all()
    for joined, whole in zip(map(np.concatenate, zip(*halves, strict=True)), (PIXELS, SPLIT.labels), strict=True):
        assert (joined == whole).all()
    assert part_in_order(PIXELS, SPLIT.labels, "all")[0].shape == PIXELS.shape
