"""A torch Dataset as an array of images."""

import numpy as np
import pytest
import torch
from PIL import Image

from frequency_shortcuts.data import stores
from frequency_shortcuts.data.torch_dataset import DatasetImages

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


def test_pictures_are_resized_and_tensors_are_not():
    picture = Image.new("RGB", (64, 40), (9, 8, 7))
    assert (DatasetImages([(picture, 0)], (4, 5))[:] == np.array([9, 8, 7])[:, None, None]).all()
    assert DatasetImages([(picture, 0)], (16, 16), channels=1, resize=20)[:].shape == (1, 1, 16, 16)
    with pytest.raises(ValueError, match=r"item 0 is \[3, 8, 8\], not 3 x 4 x 5: give PIL images to have them resized"):
        DatasetImages([(torch.zeros(3, 8, 8), 0)], (4, 5))[:]


def test_labels_come_from_the_usual_attributes_without_reading_an_image():
    class Known(list):
        targets = torch.tensor([2, 0, 1])

        def __getitem__(self, i):
            raise AssertionError

    items = DatasetImages(Known([0, 0, 0]), (4, 5))
    assert items.labels().tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        (
            torch.full((3, 4, 5), 1.5),
            r"item 0 is float32 from 1\.5 to 1\.5: expected uint8, or floating point from 0 to 1",
        ),
        (torch.full((3, 4, 5), -0.5), r"item 0 is float32 from -0\.5 to -0\.5"),
        (torch.zeros((3, 4, 5), dtype=torch.int64), r"item 0 is int64 from 0 to 0"),
    ],
)
def test_pixels_of_another_kind_are_an_error(image, sentence):
    with pytest.raises(ValueError, match=sentence):
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
        (Failing([0]), r"^dataset m:f: item 0 fails \(RuntimeError: no\)$"),
        (
            Dataset([(PIXELS[0], 1), (PIXELS[0], 0.7)]),
            r"^dataset m:f: item 1 has the label 0\.7: expected the number of a ",
        ),
        (
            Dataset([(PIXELS[0], torch.eye(2)[0])]),
            r"^dataset m:f: item 0 has the label tensor\(\[1\., 0\.\]\): expected",
        ),
        (
            Dataset([(PIXELS[0], "cat")]),
            r"^dataset m:f: item 0 has the label 'cat': expected the number of a class, fr",
        ),
    ],
)
@pytest.mark.parametrize("listed", [False, True])
def test_a_wrong_label_or_item_is_an_error_with_the_names_of_both(dataset, sentence, listed):
    if listed and not isinstance(dataset, Failing):
        dataset = Dataset(dataset)
        dataset.targets = [label for _, label in dataset]
    with pytest.raises(ValueError, match=sentence):
        DatasetImages(dataset, (4, 5), name="dataset m:f").labels()


def test_labels_that_are_whole_are_taken_whatever_their_type():
    labels = [1.0, np.float32(0), torch.tensor(1), torch.tensor([0]), True, np.uint8(1)]
    items = DatasetImages(Dataset((PIXELS[0], label) for label in labels), (4, 5))
    assert items.labels().tolist() == [1, 0, 1, 0, 1, 1] and items.labels().dtype == np.int64


def test_items_are_stored_like_arrays(tmp_path):
    about = {"classes": ("a", "b"), "source": "", "created_by": ""}
    stores.write(tmp_path / "a.h5", {"train": (of(lambda pixels: pixels), np.arange(6) % 2)}, **about)
    stores.write(tmp_path / "b.h5", {"train": (PIXELS, np.arange(6) % 2)}, **about)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


@pytest.mark.parametrize("name", ["targets", "labels"])
def test_a_list_of_labels_that_its_items_contradict_is_an_error(name):
    """A target_transform, or a Dataset that shows a subset of what it lists."""

    class Turned(list):
        def __getitem__(self, i):
            image, label = super().__getitem__(i)
            return image, 1 - label

    turned = Turned((pixels, i % 2) for i, pixels in enumerate(PIXELS))
    setattr(turned, name, [0, 1, 0, 1, 0, 1])
    items = DatasetImages(turned, (4, 5))
    assert items.labels().tolist() == [0, 1, 0, 1, 0, 1]
    with pytest.raises(ValueError, match="item 2 has the label 1, but the Dataset's own list of labels says 0"):
        items.subset(np.array([2]))[:]
    setattr(turned, name, [0, 1])
    with pytest.raises(ValueError, match=f"the Dataset has 6 items and 2 {name}"):
        DatasetImages(turned, (4, 5)).labels()
