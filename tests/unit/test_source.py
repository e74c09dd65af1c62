"""Images read piece by piece: the same from a tensor, an array, a file, and some rows of a file."""

import h5py
import numpy as np
import pytest
import torch

from frequency_shortcuts.data import chunks, normalisation
from frequency_shortcuts.data import source as sources

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
    with pytest.raises(ValueError, match=r"images of dtype torch\.int64: expected float32, float64 or uint8"):
        sources.Source(PIXELS.astype(np.int64))


def test_rows_are_read_in_runs_of_neighbours(stored):
    asked = []

    class Watched:
        shape, dtype = stored.shape, stored.dtype

        def __getitem__(self, index):
            asked.append((index.start, index.stop))
            return stored[index]

    chosen = np.r_[140:150, 0:100, 120, 120]
    assert np.array_equal(chunks.take_rows(Watched(), chosen), PIXELS[chosen])
    assert asked == [(0, 64), (64, 100), (120, 121), (140, 150)]
    assert chunks.take_rows(stored, np.arange(0)).shape == (0, 3, 5, 4)
