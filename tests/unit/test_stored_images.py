"""Images that are read when they are indexed: of a store, mapped into memory or read by HDF5, or of a torch Dataset."""

import zlib

import h5py
import numpy as np
import pytest
import torch
from PIL import Image
from small_stores import labelled, write

from frequency_shortcuts.data import stored_images
from frequency_shortcuts.data import stores as store
from frequency_shortcuts.data.splits import images_digest
from frequency_shortcuts.data.stored_images import Stored
from frequency_shortcuts.data.torch_dataset import DatasetImages


@pytest.fixture(autouse=True)
def threads_for_small_images_too(monkeypatch):
    monkeypatch.setattr(stored_images, "PER_THREAD", 1)


def replace_images(path, pixels, **layout):
    """Lay the images of a store out in another way; returns the new dataset of the open file."""
    with h5py.File(path, "a") as file:
        del file["train/images"]
        file["train"].create_dataset("images", data=pixels, **layout)


INDICES = [
    *(slice(None), slice(3, 70), slice(None, None, -7), slice(190, 999), slice(5, 5)),
    *(np.array(positions, int) for positions in ([150, 3, 3, 0, 199], [], [-1, -200, 7])),
    np.arange(200) % 3 == 0,
    [4, 2],
]
LAYOUTS = {
    "ours": None,
    "of an earlier version": {"chunks": (1, 2, 5, 4), "compression": "gzip", "compression_opts": 1},
    "in shared chunks": {"chunks": (7, 2, 5, 4), "compression": "gzip"},
    "integers of 16 bit": {"dtype": np.int16},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_stored_images_are_indexed_as_an_array(tmp_path, layout):
    pixels, labels = labelled(200, 0, channels=2, height=5, width=4)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    if LAYOUTS[layout] is not None:
        replace_images(tmp_path / "s.h5", pixels, **LAYOUTS[layout])
    for chosen, workers in ((np.arange(200), 1), (np.random.default_rng(0).integers(0, 200, 200), 3)):
        stored = Stored(tmp_path / "s.h5", "train", chosen, workers=workers)
        assert (len(stored), stored.shape, stored.dtype) == (200, pixels.shape, np.uint8)
        for index in INDICES:
            assert stored[index].dtype == np.uint8
            np.testing.assert_array_equal(stored[index], pixels[chosen][index])


def test_images_that_lie_one_after_the_other_are_not_read_by_hdf5(tmp_path, monkeypatch):
    """Also behind a block of the user at the beginning of the file."""
    pixels, labels = labelled(6, 0)
    with h5py.File(tmp_path / "s.h5", "w", userblock_size=512) as file:
        file["train/images"], file["train/labels"] = pixels, labels
    monkeypatch.setattr(stored_images, "take_rows", None)
    np.testing.assert_array_equal(Stored(tmp_path / "s.h5", "train", np.arange(6))[::-1], pixels[::-1])


def test_a_chunk_that_is_not_deflated_is_read_and_one_that_cannot_be_inflated_is_an_error(tmp_path):
    pixels, labels = labelled(6, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    replace_images(tmp_path / "s.h5", pixels, chunks=(1, 3, 6, 5), compression="gzip")
    with h5py.File(tmp_path / "s.h5", "a") as file:
        file["train/images"].id.write_direct_chunk((2, 0, 0, 0), pixels[2].tobytes(), filter_mask=1)
    np.testing.assert_array_equal(Stored(tmp_path / "s.h5", "train", np.arange(6))[:], pixels)
    with h5py.File(tmp_path / "s.h5", "a") as file:
        file["train/images"].id.write_direct_chunk((2, 0, 0, 0), zlib.compress(pixels[2].tobytes())[:-20])
    with pytest.raises(ValueError, match=r"s\.h5 is damaged: train/images cannot be read"):
        Stored(tmp_path / "s.h5", "train", np.arange(6))[:]


def test_a_thread_has_enough_to_do(tmp_path, monkeypatch):
    pixels, labels = labelled(40, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    started = []

    class Noted(stored_images.ThreadPoolExecutor):
        def __init__(self, workers):
            started.append(workers)
            super().__init__(workers)

    monkeypatch.setattr(stored_images, "ThreadPoolExecutor", Noted)
    monkeypatch.setattr(stored_images, "PER_THREAD", pixels.nbytes // 3)
    for workers in (1, 4):
        stored = Stored(tmp_path / "s.h5", "train", np.arange(40)[::-1], workers=workers)
        np.testing.assert_array_equal(stored[:], pixels[::-1])
        np.testing.assert_array_equal(stored[:10], pixels[::-1][:10])
    assert started == [3]


def test_a_store_that_is_replaced_stays_as_it_was_opened(tmp_path):
    """Pixels and identity, also of some of its images."""
    pixels, labels = labelled(9, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    stored = Stored(tmp_path / "s.h5", "train", np.arange(9))
    chosen = np.array([7, 2])
    known = images_digest(stored.subset(chosen))
    write(tmp_path / "s.h5", {"train": (255 - pixels, labels)})
    part = stored.subset(chosen)
    assert (len(part), part.shape) == (2, (2, 3, 6, 5)) and images_digest(part) == known
    np.testing.assert_array_equal(part[:], pixels[chosen])
    np.testing.assert_array_equal(store.read(tmp_path / "s.h5", "train", in_memory=0).images[:], 255 - pixels)


# A torch Dataset as an array of images


PIXELS = np.random.default_rng(0).integers(0, 256, (6, 3, 4, 5), np.uint8)


class Dataset(list):
    """A map-style Dataset: a list of (image, label)."""


def of(convert, **options):
    return DatasetImages(Dataset((convert(pixels), i % 2) for i, pixels in enumerate(PIXELS)), (4, 5), **options)


@pytest.mark.parametrize(
    "convert",
    [
        lambda pixels: Image.fromarray(pixels.transpose(1, 2, 0)),
        lambda pixels: pixels,
        torch.from_numpy,
        lambda pixels: torch.from_numpy(pixels) / 255,
        lambda pixels: pixels.astype(np.float64) / 255,
    ],
)
def test_every_kind_of_item_gives_its_pixels(convert):
    items = of(convert)
    assert items.shape == (6, 3, 4, 5) and items.dtype == np.uint8 and len(items) == 6
    assert np.array_equal(items[:], PIXELS)
    assert np.array_equal(items[np.array([4, 0, 4])], PIXELS[[4, 0, 4]])
    assert np.array_equal(items.subset(np.array([5, 1]))[1:], PIXELS[[1]])
    assert items.labels().tolist() == [0, 1, 0, 1, 0, 1]
    assert items.subset(np.array([5, 1])).labels().tolist() == [1, 1]


def test_pictures_are_resized():
    picture = Image.new("RGB", (64, 40), (9, 8, 7))
    assert (DatasetImages([(picture, 0)], (4, 5))[:] == np.array([9, 8, 7])[:, None, None]).all()
    assert DatasetImages([(picture, 0)], (16, 16), channels=1, resize=20)[:].shape == (1, 1, 16, 16)


def test_labels_come_from_the_usual_attributes_without_reading_an_image():
    known = Failing([0, 0, 0])
    known.targets = torch.tensor([2, 0, 1])
    assert DatasetImages(known, (4, 5)).labels().tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        (torch.full((3, 4, 5), 1.5), r"float32 from 1\.5 to 1\.5: expected uint8, or floating point from 0 to 1"),
        (torch.full((3, 4, 5), -0.5), r"float32 from -0\.5 to -0\.5"),
        (torch.zeros((3, 4, 5), dtype=torch.int64), "int64 from 0 to 0"),
        (torch.zeros(3, 8, 8), r"\[3, 8, 8\], not 3 x 4 x 5: give PIL images to have them resized"),
    ],
)
def test_pixels_of_another_kind_are_an_error(image, sentence):
    with pytest.raises(ValueError, match=f"item 0 is {sentence}"):
        DatasetImages([(image, 0)], (4, 5))[:]


def test_an_object_that_is_no_dataset_is_an_error():
    with pytest.raises(ValueError, match=r"generator is no map-style Dataset: it needs __len__ and __getitem__"):
        DatasetImages((i for i in ()), (4, 5))
    with pytest.raises(ValueError, match=r"item 1 is a Tensor: expected \(image, label\)"):
        DatasetImages([(PIXELS[0], 0), torch.zeros(2)], (4, 5))[:]


class Failing(Dataset):
    def __getitem__(self, i):
        raise RuntimeError("no\nway")


@pytest.mark.parametrize(
    ("dataset", "sentence"),
    [
        (Failing([0]), r"item 0 fails \(RuntimeError: no\)$"),
        (Dataset([(PIXELS[0], 1), (PIXELS[0], 0.7)]), r"item 1 has the label 0\.7: expected the number of a class"),
        (Dataset([(PIXELS[0], torch.eye(2)[0])]), r"item 0 has the label tensor\(\[1\., 0\.\]\): expected"),
        (Dataset([(PIXELS[0], "cat")]), "item 0 has the label 'cat': expected"),
    ],
)
@pytest.mark.parametrize("listed", [False, True])
def test_a_wrong_label_or_item_is_an_error_with_the_names_of_both(dataset, sentence, listed):
    if listed and not isinstance(dataset, Failing):
        dataset = Dataset(dataset)
        dataset.targets = [label for _, label in dataset]
    with pytest.raises(ValueError, match=f"^dataset m:f: {sentence}"):
        DatasetImages(dataset, (4, 5), name="dataset m:f").labels()


def test_labels_that_are_whole_are_taken_whatever_their_type():
    labels = [1.0, np.float32(0), torch.tensor(1), torch.tensor([0]), True, np.uint8(1)]
    items = DatasetImages(Dataset((PIXELS[0], label) for label in labels), (4, 5))
    assert items.labels().tolist() == [1, 0, 1, 0, 1, 1] and items.labels().dtype == np.int64


def test_items_are_stored_like_arrays(tmp_path):
    write(tmp_path / "a.h5", {"train": (of(lambda pixels: pixels), np.arange(6) % 2)})
    write(tmp_path / "b.h5", {"train": (PIXELS, np.arange(6) % 2)})
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_a_list_of_labels_that_its_items_contradict_is_an_error():
    """A target_transform, or a Dataset that shows a subset of what it lists."""
    dataset = Dataset((pixels, i % 2) for i, pixels in enumerate(PIXELS))
    dataset.labels = [0, 1, 1, 1, 0, 1]
    items = DatasetImages(dataset, (4, 5))
    assert items.labels().tolist() == [0, 1, 1, 1, 0, 1]
    with pytest.raises(ValueError, match="item 2 has the label 0, but the Dataset's own list of labels says 1"):
        items.subset(np.array([2]))[:]
    dataset.labels = [0, 1]
    with pytest.raises(ValueError, match="the Dataset has 6 items and 2 labels"):
        items.labels()
