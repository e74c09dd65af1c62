"""Labelled images as one object: how a network is given them, normalised and batch by batch, and batches read ahead."""

import h5py
import numpy as np
import pytest
import torch
from small_stores import CLASSES
from torch import nn

from frequency_shortcuts.images import normalisation, pictures, splits
from frequency_shortcuts.images import source as sources
from frequency_shortcuts.images.source import Source
from frequency_shortcuts.images.splits import Images, Split, images_digest, stratified
from frequency_shortcuts.images.stored_images import take_rows
from frequency_shortcuts.networks import predictions
from frequency_shortcuts.spectrum import fills

PIXELS = np.random.default_rng(0).integers(0, 256, (150, 3, 5, 4), dtype=np.uint8)
HOW = {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4]}
LABELS = np.arange(150) % 2


@pytest.fixture
def stored(tmp_path):
    with h5py.File(tmp_path / "images.h5", "w") as file:
        yield file.create_dataset("images", data=PIXELS, chunks=(1, 3, 5, 4), compression="gzip")


@pytest.mark.parametrize("dtype", [None, torch.float64])
def test_every_kind_of_images_is_read_and_normalised_alike(stored, dtype):
    before, (mean, std) = (
        PIXELS.copy(),
        (np.reshape(HOW[name], (3, 1, 1)) for name in ("mean", "std")),
    )
    for chosen in map(np.array, ([7], [9, 3, 3, 149, 0], range(149, -1, -1), range(0, 150, 3))):
        expected = normalisation.normalise(
            torch.from_numpy(PIXELS[chosen]), **HOW, dtype=dtype or torch.float32
        )
        np.testing.assert_allclose(expected, (PIXELS[chosen] / 255 - mean) / std, atol=2e-6)
        for kind in (PIXELS, torch.from_numpy(PIXELS), stored):
            assert torch.equal(
                Source(Split(kind, LABELS, **HOW), dtype=dtype).take(chosen), expected
            )
    np.testing.assert_array_equal(PIXELS, before)


def test_digests_are_those_of_the_pixels(stored, monkeypatch):
    digest = images_digest(PIXELS)
    monkeypatch.setattr(splits, "DIGESTED", 7)
    for kind in (PIXELS, torch.from_numpy(PIXELS), stored):
        assert images_digest(kind) == digest
    assert images_digest(PIXELS[::-1]) != digest


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

    class Noted(pictures.ThreadPoolExecutor):
        def submit(self, read, batch):
            submitted.append(batch)
            return super().submit(read, batch)

    monkeypatch.setattr(pictures, "ThreadPoolExecutor", Noted)
    for i, square in enumerate(pictures.prefetched(lambda i: i * i, range(n), ahead)):
        assert square == i * i and len(submitted) <= i + 1 + ahead
    assert submitted == list(range(n))


@pytest.mark.parametrize("ahead", [0, 2, 9])
def test_an_error_is_raised_at_its_batch(ahead):
    batches = pictures.prefetched(lambda i: 1 / (i - 5), range(9), ahead)
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


def test_what_networks_are_normalised_with_is_in_units_of_one():
    for mean, std in ((0, 1), (0, 1 / 255), (123.68 / 255, 1 / 255)):
        normalisation.check_statistics([mean] * 3, [std] * 3, 3)
    for mean, std in ((127, 60), (0.5, 60), (0.5, 0), (0.5, -0.2), (float("nan"), 0.2)):
        with pytest.raises(ValueError, match=r"expected units of \[0, 1\]"):
            normalisation.check_statistics([mean] * 3, [std] * 3, 3)


FEW = np.random.default_rng(0).integers(0, 256, (7, 1, 4, 4), dtype=np.uint8)
SPLIT = Split(FEW, np.arange(7) % 2, ("a", "b"), [0.5], [0.2], neutral=1)


class OnGPU(torch.Tensor):
    """Refuses to become an array, as a tensor on a GPU does, until it is on the CPU."""

    def __array__(self, *_, **__):
        raise TypeError("can't convert cuda:0 device type tensor to numpy")

    def cpu(self):
        return self.as_subclass(torch.Tensor)


@pytest.mark.parametrize("kind", ["list", "int8", "bool", "tensor", "GPU"])
def test_labels_are_numbers_of_any_kind(kind):
    given = {
        "list": SPLIT.labels.tolist(), "int8": SPLIT.labels.astype(np.int8), "bool": SPLIT.labels.astype(bool),
        "tensor": torch.from_numpy(SPLIT.labels), "GPU": torch.from_numpy(SPLIT.labels).as_subclass(OnGPU),
    }[kind]  # fmt: skip
    split = Split(FEW, given, mean=torch.tensor([0.5]), std=[1])
    assert split.labels.dtype == np.int64 and np.array_equal(split.labels, SPLIT.labels)
    assert (
        split.classes == ("0", "1")
        and (split.mean, split.std) == (0.5, 1)
        and split.neutral is None
    )
    np.testing.assert_array_equal(fills.donors(given), fills.donors(split.labels))


def test_floats_need_no_statistics_and_forget_their_gradients():
    images = torch.randn(7, 2, 4, 4, requires_grad=True)
    split = Split(images, SPLIT.labels)
    assert (
        split.mean.tolist() == [0, 0]
        and split.std.tolist() == [1, 1]
        and not split.images.requires_grad
    )


def test_a_subset_has_the_same_classes_and_statistics():
    part = SPLIT.subset(np.array([5, 0]))
    assert (
        np.array_equal(part.images, FEW[[5, 0]])
        and part.labels.tolist() == [1, 0]
        and len(part) == 2
    )
    assert (part.classes, part.mean, part.std, part.neutral) == (
        SPLIT.classes,
        SPLIT.mean,
        SPLIT.std,
        1,
    )
    with pytest.raises(ValueError, match="no image of class b; every class needs at least one"):
        SPLIT.subset(np.array([0]))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"images": FEW[:0]}, "images are 0 x 1 x 4 x 4: expected .*, none of them 0"),
        (
            {"images": FEW.astype(np.int64)},
            "images of dtype int64: expected float32, float64 or uint8",
        ),
        ({"std": None}, "uint8 images need the mean and std to normalise them with"),
        (
            {"labels": np.eye(2, dtype=int)[SPLIT.labels]},
            r"labels of shape \[7, 2\]: expected .* of one-hot vectors",
        ),
        (
            {"labels": SPLIT.labels - 1, "classes": None},
            "labels -1 to 0, but the classes are 0 to 0",
        ),
        ({"labels": SPLIT.labels + 1}, "labels 1 to 2, but the classes are 0 to 1"),
        ({"neutral": 2}, "neutral class 2: expected 0 to 1, or None where there is none"),
        ({"neutral": "b"}, "neutral class 'b': expected 0 to 1"),
        ({"images": [1, 2]}, "images are a list: expected an array"),
        ({"labels": list("abababa"), "classes": None}, "labels of type <U1, expected integers"),
        ({"labels": None}, r"labels of shape \[\]: expected the number of each image's class"),
        (
            {"images": FEW / 255, "std": [0.0]},
            r"mean \[0.5\] and std \[0.0\]: expected numbers, std above 0",
        ),
    ],
)
def test_a_split_says_what_does_not_fit(change, words):
    """Besides what tests/trials and the tests of stores have."""
    given = {
        "images": FEW,
        "labels": SPLIT.labels,
        "classes": ("a", "b"),
        "mean": [0.5],
        "std": [0.2],
        **change,
    }
    with pytest.raises(ValueError, match=words):
        Split(**given)


def test_accuracy_reads_a_split_in_batches_that_fit(monkeypatch):
    seen, network = [], nn.Flatten()
    network.forward = lambda images: (
        seen.append(len(images)),
        torch.tensor([[1.0, 0.0]]).repeat(len(images), 1),
    )[1]
    assert isinstance(SPLIT.images, Images)
    assert predictions.accuracy(network, SPLIT) == 4 / 7
    monkeypatch.setattr(sources, "fitting_batch", lambda shape, device: 3)
    assert predictions.accuracy(network, SPLIT) == 4 / 7
    assert seen == [7, 3, 3, 1]


def test_stratified_shares_every_class_and_loses_none():
    labels, shares = (
        np.repeat([0, 1, 2], [10, 20, 40]),
        {"train": 0.8, "validation": 0.1, "test": 0.1},
    )
    parts, again, other = (stratified(labels, shares, seed) for seed in (1, 1, 2))
    assert sorted(np.concatenate(list(parts.values()))) == list(range(70))
    assert np.bincount(labels[parts["train"]]).tolist() == [8, 16, 32]
    assert np.bincount(labels[parts["test"]]).tolist() == [1, 2, 4]
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
