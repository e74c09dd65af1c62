"""Labelled images as one object: how a network is given them, normalised and batch by batch, and batches read ahead."""

import h5py
import numpy as np
import pytest
import torch
from small_stores import CLASSES, labelled
from torch import nn

from frequency_shortcuts.data import normalisation
from frequency_shortcuts.data import source as sources
from frequency_shortcuts.data.splits import Images, Split, accepts_split, part_in_order, stratified
from frequency_shortcuts.data.stored_images import take_rows
from frequency_shortcuts.networks import predictions

PIXELS = np.random.default_rng(0).integers(0, 256, (150, 3, 5, 4), dtype=np.uint8)
CHOSEN = [np.array([7]), np.array([9, 3, 3, 149, 0]), np.arange(150)[::-1].copy(), np.arange(0, 150, 3)]
HOW = {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4]}


@pytest.fixture
def stored(tmp_path):
    with h5py.File(tmp_path / "images.h5", "w") as file:
        yield file.create_dataset("images", data=PIXELS, chunks=(1, 3, 5, 4), compression="gzip")


@pytest.mark.parametrize("dtype", [None, torch.float64])
def test_every_kind_of_images_is_read_and_normalised_alike(stored, dtype):
    for chosen in CHOSEN:
        expected = normalisation.normalise(torch.from_numpy(PIXELS[chosen]), **HOW, dtype=dtype or torch.float32)
        for kind in (PIXELS, torch.from_numpy(PIXELS), stored):
            assert torch.equal(sources.Source(kind, **HOW, dtype=dtype).take(chosen), expected)


def test_floats_stay_what_they_are():
    for dtype in (torch.float32, torch.float64):
        values = torch.randn(4, 1, 3, 3, dtype=dtype)
        source = sources.Source(values)
        assert len(source) == 4 and source.dtype == dtype
        assert torch.equal(source.take(np.array([2, 0])), values[[2, 0]])


def test_digests_are_those_of_the_pixels_and_of_how_they_are_normalised(stored):
    digest = sources.Source(PIXELS, **HOW).digest()
    for kind in (torch.from_numpy(PIXELS), stored):
        assert sources.Source(kind, **HOW).digest() == digest
    assert sources.Source(PIXELS, HOW["mean"], HOW["mean"]).digest() != digest
    assert sources.Source(PIXELS[::-1].copy(), **HOW).digest() != digest


def test_what_no_network_sees_is_refused():
    with pytest.raises(ValueError, match="uint8 images need the mean and std"):
        sources.Source(PIXELS)
    with pytest.raises(ValueError, match=r"images of dtype int64: expected float32, float64 or uint8"):
        sources.Source(PIXELS.astype(np.int64))


def test_rows_are_read_in_runs_of_neighbours(stored):
    class Watched:
        shape, dtype, runs = stored.shape, stored.dtype, []

        def __getitem__(self, index):
            self.runs.append((index.start, index.stop))
            return stored[index]

    chosen = np.r_[140:150, 0:100, 120, 120]
    assert np.array_equal(take_rows(Watched(), chosen), PIXELS[chosen])
    assert Watched.runs == [(0, 64), (64, 100), (120, 121), (140, 150)]
    assert take_rows(stored, np.arange(0)).shape == (0, 3, 5, 4)


@pytest.mark.parametrize(("ahead", "n"), [(0, 3), (1, 20), (3, 20), (3, 3), (100, 20), (3, 0)])
def test_batches_come_in_order_and_no_more_than_a_few_are_read_ahead(monkeypatch, ahead, n):
    submitted = []

    class Noted(sources.ThreadPoolExecutor):
        def submit(self, read, batch):
            submitted.append(batch)
            return super().submit(read, batch)

    monkeypatch.setattr(sources, "ThreadPoolExecutor", Noted)
    for i, square in enumerate(sources.prefetched(lambda i: i * i, range(n), ahead)):
        assert square == i * i and len(submitted) <= i + 1 + ahead
    assert submitted == list(range(n))


@pytest.mark.parametrize("ahead", [0, 2, 9])
def test_an_error_is_raised_at_its_batch(ahead):
    batches = sources.prefetched(lambda i: 1 / (i - 5), range(9), ahead)
    assert [next(batches) for _ in range(5)] == [1 / (i - 5) for i in range(5)]
    with pytest.raises(ZeroDivisionError):
        next(batches)
    with pytest.raises(StopIteration):
        next(batches)


def test_batches_are_smaller_where_images_are_large():
    """2^23 numbers a batch on a CPU, 2^25 on a GPU, and 512 images at most."""
    assert sources.fitting_batch((3, 64, 64), "cpu") == 512
    assert sources.fitting_batch((3, 224, 224), "cpu") == 55
    assert sources.fitting_batch((3, 224, 224), "cuda") == 222
    assert sources.fitting_batch((3, 4000, 4000), "cpu") == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"images": np.zeros((3, 4, 4), np.uint8)}, r"images are 3 x 4 x 4: expected \[n, channels, H, W\]; add the"),
        ({"images": np.zeros((0, 1, 4, 4), np.uint8)}, "images are 0 x 1 x 4 x 4: expected .*, none of them 0"),
        ({"std": [0.5]}, r"std is \[0.5\]: expected a number for each of 2 channels"),
    ],
)
def test_wrong_shapes_are_named(change, words):
    given = {"images": np.zeros((3, 2, 4, 4), np.uint8), "mean": [0.5, 0.5], "std": [0.5, 0.5], **change}
    with pytest.raises(ValueError, match=words):
        sources.Source(**given)


# Normalisation


def test_pixel_statistics_against_numpy():
    pixels, _ = labelled(9, 3)
    mean, std = normalisation.pixel_statistics(pixels)
    np.testing.assert_allclose(mean, (pixels / 255).mean(axis=(0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(std, (pixels / 255).std(axis=(0, 2, 3)), rtol=1e-12)


@pytest.mark.parametrize(("mean", "std"), [(0, 1), (0, 1 / 255), (123.68 / 255, 1 / 255)])
def test_what_networks_are_normalised_with_is_in_units_of_one(mean, std):
    normalisation.check_statistics([mean] * 3, [std] * 3, 3)


@pytest.mark.parametrize(("mean", "std"), [(127, 60), (0.5, 60), (0.5, 0), (0.5, -0.2), (float("nan"), 0.2)])
def test_other_units_are_refused(mean, std):
    with pytest.raises(ValueError, match=r"expected units of \[0, 1\]"):
        normalisation.check_statistics([mean] * 3, [std] * 3, 3)


# A split: what measures take from it

FEW = np.random.default_rng(0).integers(0, 256, (7, 1, 4, 4), dtype=np.uint8)
SPLIT = Split(FEW, np.arange(7) % 2, ("a", "b"), np.array([0.5]), np.array([0.2]), neutral=1)


@accepts_split
def measure(network, images, labels, masks, n_classes, *, mean=None, std=None, neutral=None, seed=0):
    return network, images, labels, masks, n_classes, mean, std, neutral, seed


def test_a_split_gives_images_labels_classes_and_normalisation():
    expected = ("net", FEW, SPLIT.labels, "masks", 2, SPLIT.mean, SPLIT.std, 1, 5)
    for found in (measure("net", SPLIT, "masks", seed=5), measure("net", SPLIT, masks="masks", seed=5)):
        assert all(a is b or a == b for a, b in zip(found, expected, strict=True))
    # What is given by name comes before the split, and arrays stay as they are.
    assert measure("net", SPLIT, "masks", neutral=None, mean=[0])[5:8] == ([0], SPLIT.std, None)
    assert measure("net", FEW, "labels", "masks", 3) == ("net", FEW, "labels", "masks", 3, None, None, None, 0)


def test_a_function_gets_only_the_parameters_that_it_has():
    @accepts_split
    def mean_of(images, labels, *, mean):
        return mean

    assert mean_of(SPLIT) is SPLIT.mean


def test_wrong_arguments_are_an_error():
    with pytest.raises(TypeError, match="speed"):
        measure("net", SPLIT, "masks", speed=1)
    with pytest.raises(TypeError, match=r"measure: 3 positional arguments .* allowed are 1 \(masks\)"):
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
    assert isinstance(SPLIT.images, Images)
    assert predictions.accuracy(network, SPLIT) == 4 / 7
    monkeypatch.setattr(sources, "fitting_batch", lambda shape, device: 3)
    assert predictions.accuracy(network, SPLIT) == 4 / 7
    assert network.seen == [7, 3, 3, 1]
    assert predictions.accuracy(network, *SPLIT.tensors()) == 4 / 7


def test_tensors_are_normalised_and_leave_the_images_alone():
    before = FEW.copy()
    seen, truth = SPLIT.tensors()
    assert seen.dtype == torch.float32 and SPLIT.tensors(dtype=torch.float64)[0].dtype == torch.float64
    np.testing.assert_allclose(seen, (FEW / 255 - 0.5) / 0.2, atol=2e-6)
    np.testing.assert_array_equal(truth, SPLIT.labels)
    np.testing.assert_array_equal(FEW, before)


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
    ("shares", "classes", "message"),
    [
        ({"a": 0.5, "b": 0.4}, CLASSES, "positive numbers that sum to 1"),
        ({"a": 0.8, "b": 0.1, "c": 0.1}, CLASSES, "class dog has 2 images, too few for the splits"),
        ({"a": 0.8, "b": 0.1, "c": 0.1}, None, "class 1 has 2 images"),
    ],
)
def test_stratified_refuses_shares_that_do_not_work(shares, classes, message):
    with pytest.raises(ValueError, match=message):
        stratified(np.array([0] * 9 + [1] * 2), shares, seed=0, classes=classes)


def test_the_halves_are_in_the_order_of_the_images_and_together_all_of_them():
    halves = [part_in_order(FEW, SPLIT.labels, part) for part in ("first_half", "second_half")]
    assert [len(labels) for _, labels in halves] == [3, 4] and (halves[1][0] == FEW[3:]).all()
    for joined, whole in zip(map(np.concatenate, zip(*halves, strict=True)), (FEW, SPLIT.labels), strict=True):
        assert (joined == whole).all()
    assert part_in_order(FEW, SPLIT.labels, "all")[0].shape == FEW.shape
