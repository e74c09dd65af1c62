"""Images read piece by piece: the same from a tensor, an array, and a file; batches read ahead."""

import threading
import time

import h5py
import numpy as np
import pytest
import torch

from frequency_shortcuts.data import normalisation
from frequency_shortcuts.data import source as sources
from frequency_shortcuts.data.stored_images import take_rows
from frequency_shortcuts.maps import adcs

PIXELS = np.random.default_rng(0).integers(0, 256, (150, 3, 5, 4), dtype=np.uint8)
CHOSEN = [
    np.array([7]),
    np.array([9, 3, 3, 149, 0]),
    np.arange(150)[::-1].copy(),
    np.arange(20, 120),
    np.arange(0, 150, 3),
]
HOW = {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4]}


@pytest.fixture
def stored(tmp_path):
    with h5py.File(tmp_path / "images.h5", "w") as file:
        yield file.create_dataset("images", data=PIXELS, chunks=(1, 3, 5, 4), compression="gzip")


@pytest.mark.parametrize("dtype", [None, torch.float64])
@pytest.mark.parametrize("chosen", CHOSEN, ids=len)
def test_every_kind_of_images_is_read_and_normalised_alike(stored, chosen, dtype):
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
    runs = []

    class Watched:
        shape, dtype = stored.shape, stored.dtype

        def __getitem__(self, index):
            runs.append((index.start, index.stop))
            return stored[index]

    chosen = np.r_[140:150, 0:100, 120, 120]
    assert np.array_equal(take_rows(Watched(), chosen), PIXELS[chosen])
    assert runs == [(0, 64), (64, 100), (120, 121), (140, 150)]
    assert take_rows(stored, np.arange(0)).shape == (0, 3, 5, 4)


@pytest.mark.parametrize("ahead", [0, 1, 3, 100])
@pytest.mark.parametrize("n", [0, 1, 3, 20])
def test_batches_come_in_order(ahead, n):
    def square(i):
        time.sleep(0.002 * (i % 3))
        return i * i

    assert list(sources.prefetched(square, range(n), ahead)) == [i * i for i in range(n)]


def test_no_more_than_a_few_batches_are_read_ahead():
    reads = []
    for used, _ in enumerate(sources.prefetched(reads.append, range(30), ahead=3), start=1):
        time.sleep(0.01)
        assert len(reads) <= used + 3
    assert reads == list(range(30))


def test_batches_are_read_while_one_is_used():
    done = threading.Event()
    batches = sources.prefetched(lambda i: done.set() if i == 1 else i, range(3), ahead=1)
    assert next(batches) == 0
    assert done.wait(10)
    batches.close()


@pytest.mark.parametrize("ahead", [0, 2, 9])
def test_an_error_is_raised_at_its_batch(ahead):
    found = []
    with pytest.raises(ZeroDivisionError):
        found.extend(sources.prefetched(lambda i: 1 / (i - 5), range(9), ahead))
    batches = sources.prefetched(lambda i: 1 / (i - 5), range(9), ahead)
    assert [next(batches) for _ in range(5)] == [1 / (i - 5) for i in range(5)]
    with pytest.raises(ZeroDivisionError):
        next(batches)
    with pytest.raises(StopIteration):
        next(batches)


def test_closing_early_waits_for_only_one_batch():
    reads, before = [], threading.active_count()

    def slow(i):
        reads.append(i)
        time.sleep(0.02)
        return i

    batches = sources.prefetched(slow, range(1000), ahead=50)
    assert next(batches) == 0
    batches.close()
    assert len(reads) <= 53
    assert threading.active_count() == before
    count = len(reads)
    time.sleep(0.1)
    assert len(reads) == count


def test_endless_batches_are_read_as_far_as_they_are_used():
    def endless():
        i = 0
        while True:
            yield i
            i += 1

    found = []
    for i in sources.prefetched(lambda i: i, endless()):
        found.append(i)
        if i == 7:
            break
    assert found == list(range(8))


@pytest.mark.parametrize(
    ("shape", "device", "fitting"),
    [
        ((1, 32, 32), "cpu", 512),
        ((3, 64, 64), "cpu", 512),
        ((3, 224, 224), "cpu", 55),
        ((3, 224, 224), "cuda", 222),
        ((3, 4000, 4000), "cpu", 1),
    ],
)
def test_batches_are_smaller_where_images_are_large(shape, device, fitting):
    """2^23 numbers a batch on a CPU, 2^25 on a GPU, and 512 images at most."""
    assert sources.fitting_batch(shape, device) == fitting


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"images": np.zeros((3, 4, 4), np.uint8)}, r"images are 3 x 4 x 4: expected \[n, channels, H, W\]; add the"),
        ({"images": np.zeros((0, 1, 4, 4), np.uint8)}, "images are 0 x 1 x 4 x 4: expected .*, none of them 0"),
        ({"mean": 0.5}, "mean is 0.5: expected a number for each of 2 channels"),
        ({"std": [0.5]}, r"std is \[0.5\]: expected a number for each of 2 channels"),
    ],
)
def test_wrong_shapes_are_named(change, words):
    given = {"images": np.zeros((3, 2, 4, 4), np.uint8), "mean": [0.5, 0.5], "std": [0.5, 0.5], **change}
    with pytest.raises(ValueError, match=words):
        sources.Source(**given)
    with pytest.raises(ValueError, match=words):
        adcs.class_spectra(given.pop("images"), np.arange(3), 3, **given)
