"""Images of a store, read when they are indexed: mapped into memory, or by HDF5 if another program laid them out."""

import zlib

import h5py
import numpy as np
import pytest
from small_stores import labelled, write

from frequency_shortcuts.data import stored_images
from frequency_shortcuts.data import stores as store
from frequency_shortcuts.data.splits import identity
from frequency_shortcuts.data.stored_images import Stored


@pytest.fixture(autouse=True)
def threads_for_small_images_too(monkeypatch):
    monkeypatch.setattr(stored_images, "PER_THREAD", 1)


def replace_images(path, pixels, **layout):
    """Lay the images of a store out in another way; returns the new dataset of the open file."""
    with h5py.File(path, "a") as file:
        del file["train/images"]
        file["train"].create_dataset("images", data=pixels, **layout)


def test_a_chunk_that_an_earlier_version_did_not_deflate_is_read(tmp_path):
    pixels, labels = labelled(4, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    replace_images(tmp_path / "s.h5", pixels, chunks=(1, 3, 6, 5), compression="gzip")
    with h5py.File(tmp_path / "s.h5", "a") as file:
        file["train/images"].id.write_direct_chunk((2, 0, 0, 0), pixels[2].tobytes(), filter_mask=1)
    np.testing.assert_array_equal(Stored(tmp_path / "s.h5", "train", np.arange(4))[:], pixels)


@pytest.mark.parametrize("block", [0, 512])
def test_images_that_lie_one_after_the_other_are_not_read_by_hdf5(tmp_path, monkeypatch, block):
    """Also behind a block of the user at the beginning of the file."""
    pixels, labels = labelled(6, 0)
    with h5py.File(tmp_path / "s.h5", "w", userblock_size=block) as file:
        file["train/images"], file["train/labels"] = pixels, labels
    monkeypatch.setattr(stored_images, "take_rows", None)
    np.testing.assert_array_equal(Stored(tmp_path / "s.h5", "train", np.arange(6))[::-1], pixels[::-1])


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_changed_image_is_named_and_the_others_are_read(tmp_path, workers, chunked):
    pixels, labels = labelled(6, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    changed = pixels.copy()
    changed[2, 1, 3, 3] ^= 1
    replace_images(tmp_path / "s.h5", changed, **({"chunks": (4, 3, 6, 5)} if chunked else {}))
    stored = Stored(tmp_path / "s.h5", "train", np.arange(6), workers=workers)
    others = np.array([5, 0, 3, 4, 1])
    np.testing.assert_array_equal(stored[others], pixels[others])
    with pytest.raises(ValueError, match=r"s\.h5: image 2 of train/images: it does not match its checksum"):
        stored[:]


def test_a_chunk_that_cannot_be_inflated_is_an_error(tmp_path):
    pixels, labels = labelled(6, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    replace_images(tmp_path / "s.h5", pixels, chunks=(1, 3, 6, 5), compression="gzip")
    with h5py.File(tmp_path / "s.h5", "a") as file:
        file["train/images"].id.write_direct_chunk((2, 0, 0, 0), zlib.compress(pixels[2].tobytes())[:-20])
    with pytest.raises(ValueError, match=r"s\.h5: train/images cannot be read, the file is damaged"):
        Stored(tmp_path / "s.h5", "train", np.arange(6))[:]


@pytest.mark.parametrize("workers", [1, 4])
def test_a_thread_has_enough_to_do(tmp_path, monkeypatch, workers):
    pixels, labels = labelled(40, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    stored = Stored(tmp_path / "s.h5", "train", np.arange(40)[::-1], workers=workers)
    started = []

    class Noted(stored_images.ThreadPoolExecutor):
        def __init__(self, workers):
            started.append(workers)
            super().__init__(workers)

    monkeypatch.setattr(stored_images, "ThreadPoolExecutor", Noted)
    monkeypatch.setattr(stored_images, "PER_THREAD", pixels.nbytes // 3)
    np.testing.assert_array_equal(stored[:], pixels[::-1])
    np.testing.assert_array_equal(stored[:10], pixels[::-1][:10])
    assert started == ([] if workers == 1 else [3])


@pytest.mark.parametrize("read_before", [False, True])
def test_a_store_that_is_replaced_stays_as_it_was_opened(tmp_path, read_before):
    """Pixels and identity, also of some of its images."""
    pixels, labels = labelled(9, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    stored = Stored(tmp_path / "s.h5", "train", np.arange(9))
    if read_before:
        stored[:1]
    chosen = np.array([7, 2])
    known = identity(stored.subset(chosen))
    write(tmp_path / "s.h5", {"train": (255 - pixels, labels)})
    part = stored.subset(chosen)
    assert (len(part), part.shape) == (2, (2, 3, 6, 5)) and identity(part) == known
    np.testing.assert_array_equal(part[:], pixels[chosen])
    np.testing.assert_array_equal(store.read(tmp_path / "s.h5", "train", in_memory=0).images[:], 255 - pixels)
