"""Images that are read when they are indexed: of a store, mapped into memory or read by HDF5, or of a torch Dataset."""

import functools
import zlib

import h5py
import numpy as np
import pytest
import torch
from PIL import Image
from small_stores import labelled, write

from frequency_shortcuts.images import stored_images
from frequency_shortcuts.images import stores as store
from frequency_shortcuts.images.splits import images_digest
from frequency_shortcuts.images.stored_images import Stored
from frequency_shortcuts.images.torch_dataset import DatasetImages, stored_image
from frequency_shortcuts.spectrum.arrays import as_array


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
    "in chunks": {"chunks": (7, 2, 5, 4), "compression": "gzip"},
    "int16": {"dtype": np.int16},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_stored_images_are_indexed_as_an_array(tmp_path, layout):
    pixels, labels = labelled(200, 0, channels=2, height=5, width=4)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    if LAYOUTS[layout] is not None:
        replace_images(tmp_path / "s.h5", pixels, **LAYOUTS[layout])
    for chosen in (np.arange(200), np.random.default_rng(0).integers(0, 200, 200)):
        stored = Stored(tmp_path / "s.h5", "train", chosen)
        assert (len(stored), stored.shape, stored.dtype) == (200, pixels.shape, np.uint8)
        for index in INDICES:
            assert stored[index].dtype == np.uint8
            np.testing.assert_array_equal(stored[index], pixels[chosen][index])


def test_images_that_lie_one_after_the_other_are_not_read_by_hdf5(tmp_path, monkeypatch):
    pixels, labels = labelled(6, 0)
    with h5py.File(tmp_path / "s.h5", "w", userblock_size=512) as file:
        file["train/images"], file["train/labels"] = pixels, labels
    monkeypatch.setattr(stored_images, "take_rows", None)
    np.testing.assert_array_equal(
        Stored(tmp_path / "s.h5", "train", np.arange(6))[::-1], pixels[::-1]
    )


def test_a_chunk_that_cannot_be_inflated_is_an_error(tmp_path):
    pixels, labels = labelled(6, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    replace_images(tmp_path / "s.h5", pixels, chunks=(1, 3, 6, 5), compression="gzip")
    with h5py.File(tmp_path / "s.h5", "a") as file:
        file["train/images"].id.write_direct_chunk(
            (2, 0, 0, 0), zlib.compress(pixels[2].tobytes())[:-20]
        )
    with pytest.raises(ValueError, match=r"s\.h5 is damaged: train/images cannot be read"):
        Stored(tmp_path / "s.h5", "train", np.arange(6))[:]


def test_a_store_that_is_replaced_stays_as_it_was_opened(tmp_path):
    pixels, labels = labelled(9, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    stored = Stored(tmp_path / "s.h5", "train", np.arange(9))
    chosen = np.array([7, 2])
    known = images_digest(stored.subset(chosen))
    write(tmp_path / "s.h5", {"train": (255 - pixels, labels)})
    part = stored.subset(chosen)
    assert (len(part), part.shape) == (2, (2, 3, 6, 5)) and images_digest(part) == known
    np.testing.assert_array_equal(part[:], pixels[chosen])
    np.testing.assert_array_equal(
        store.read(tmp_path / "s.h5", "train", in_memory=0).images[:], 255 - pixels
    )


PIXELS = np.random.default_rng(0).integers(0, 256, (6, 3, 4, 5), np.uint8)


class Dataset(list):
    """A map-style Dataset: a list of (image, label)."""


def items(listed, shape=(3, 4, 5), resize=None, **options):
    dataset = listed if isinstance(listed, list) else Dataset(listed)
    return DatasetImages(
        dataset, functools.partial(stored_image, shape=shape, resize=resize), **options
    )


@pytest.mark.parametrize(
    "convert",
    [lambda pixels: Image.fromarray(pixels.transpose(1, 2, 0)), lambda pixels: pixels, torch.from_numpy,
     lambda pixels: torch.from_numpy(pixels) / 255, lambda pixels: pixels.astype(np.float64) / 255],
)  # fmt: skip
def test_every_kind_of_item_gives_its_pixels(convert):
    read = items((convert(pixels), i % 2) for i, pixels in enumerate(PIXELS))
    assert read.shape == (6, 3, 4, 5) and read.dtype == np.uint8 and len(read) == 6
    assert np.array_equal(read[:], PIXELS)
    assert np.array_equal(read[np.array([4, 0, 4])], PIXELS[[4, 0, 4]])
    assert np.array_equal(read.subset(np.array([5, 1]))[1:], PIXELS[[1]])
    assert read.labels().tolist() == [0, 1, 0, 1, 0, 1]
    assert read.subset(np.array([5, 1])).labels().tolist() == [1, 1]


def test_pictures_are_resized():
    picture = Image.new("RGB", (64, 40), (9, 8, 7))
    assert (items([(picture, 0)])[:] == np.array([9, 8, 7])[:, None, None]).all()
    assert items([(picture, 0)], (1, 16, 16), resize=20)[:].shape == (1, 1, 16, 16)


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        (
            torch.full((3, 4, 5), 1.5),
            r"float32 from 1\.5 to 1\.5: expected uint8, or floating point from 0 to 1",
        ),
        (torch.full((3, 4, 5), -0.5), r"float32 from -0\.5 to -0\.5"),
        (torch.zeros((3, 4, 5), dtype=torch.int64), "int64 from 0 to 0"),
        (torch.zeros(3, 8, 8), r"\[3, 8, 8\], not 3 x 4 x 5: give PIL images to have them resized"),
    ],
)
def test_pixels_of_another_kind_are_an_error(image, sentence):
    with pytest.raises(ValueError, match=f"item 0: it is {sentence}"):
        items([(image, 0)])[:]


def test_an_object_that_is_no_dataset_is_an_error():
    with pytest.raises(
        ValueError, match=r"generator is no map-style Dataset: it needs __len__ and __getitem__"
    ):
        DatasetImages((i for i in ()), as_array)


class Failing(Dataset):
    def __getitem__(self, i):
        raise RuntimeError("no\nway")


@pytest.mark.parametrize(
    ("dataset", "sentence"),
    [
        (Failing([0]), r"item 0 fails \(RuntimeError: no\)$"),
        (
            Dataset([(PIXELS[0], 1), (PIXELS[0], 0.7)]),
            r"item 1 has the label 0\.7: expected the number of a class",
        ),
        (
            Dataset([(PIXELS[0], torch.eye(2)[0])]),
            r"item 0 has the label tensor\(\[1\., 0\.\]\): expected",
        ),
        (Dataset([(PIXELS[0], "cat")]), "item 0 has the label 'cat': expected"),
    ],
)
@pytest.mark.parametrize("listed", [False, True])
def test_a_wrong_label_or_item_is_an_error_with_the_names_of_both(dataset, sentence, listed):
    if listed and not isinstance(dataset, Failing):
        dataset = Dataset(dataset)
        dataset.targets = [label for _, label in dataset]
    with pytest.raises(ValueError, match=f"^dataset m:f: {sentence}"):
        items(dataset, name="dataset m:f").labels()


def test_labels_that_are_whole_are_taken_whatever_their_type():
    labels = [1.0, np.float32(0), torch.tensor(1), torch.tensor([0]), True, np.uint8(1)]
    read = items((PIXELS[0], label) for label in labels)
    assert read.labels().tolist() == [1, 0, 1, 0, 1, 1] and read.labels().dtype == np.int64


def test_a_list_of_labels_that_its_items_contradict_is_an_error():
    """A target_transform, or a Dataset that shows a subset of what it lists."""
    dataset = Dataset((pixels, i % 2) for i, pixels in enumerate(PIXELS))
    dataset.labels = [0, 1, 1, 1, 0, 1]
    read = items(dataset)
    assert read.labels().tolist() == [0, 1, 1, 1, 0, 1]
    with pytest.raises(
        ValueError, match="item 2 has the label 0, but the Dataset's own list of labels says 1"
    ):
        read.subset(np.array([2]))[:]
    dataset.labels = [0, 1]
    with pytest.raises(ValueError, match="the Dataset has 6 items and 2 labels"):
        read.labels()
