"""The images of Datasets and DataLoaders: pairs and dicts, read batch by batch, and only those that are chosen."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset, TensorDataset, WeightedRandomSampler

from frequency_shortcuts.analysis.classes import match
from frequency_shortcuts.analysis.images import as_splits, collect
from frequency_shortcuts.analysis.torch_images import LoaderImages
from frequency_shortcuts.analysis.transforms import Preprocessing
from frequency_shortcuts.data.torch_dataset import image_and_label

N = 40
IMAGES = np.random.default_rng(0).normal(size=(N, 1, 4, 6)).astype(np.float32)
LABELS = np.arange(N) % 3


class Items:
    """A map-style Dataset that counts how often an item is read; `change` alters it, by the number of the reading."""

    def __init__(self, kind="pair", change=lambda image, reading: image, **attributes):
        self.kind, self.change, self.read = kind, change, np.zeros(N, int)
        self.__dict__ |= attributes

    def __len__(self):
        return N

    def __getitem__(self, i):
        self.read[i] += 1
        image, label = self.change(torch.from_numpy(IMAGES[i]), self.read[i]), int(LABELS[i])
        return (image, label) if self.kind == "pair" else {"pixel_values": image, "labels": label, "text": "x"}


class Stream(IterableDataset):
    def __init__(self, change=lambda image, reading: image):
        self.change, self.reading = change, 0

    def __iter__(self):
        self.reading += 1
        for image, label in zip(IMAGES, LABELS, strict=True):
            yield self.change(torch.from_numpy(image), self.reading), int(label)


def own_collate(items):
    images, labels = zip(*map(image_and_label, items), strict=True)
    return {"pixel_values": torch.stack(images), "label": torch.tensor(labels)}


def test_a_shuffled_loader_keeps_its_first_order():
    images = LoaderImages(DataLoader(Items(), 7, shuffle=True, drop_last=True, collate_fn=own_collate), "images")
    assert len(images) == 35 and not np.array_equal(images.labels, LABELS[:35])
    for i, image in enumerate(images[:]):
        place = next(place for place in range(N) if np.array_equal(IMAGES[place], image))
        assert images.labels[i] == LABELS[place]


def test_the_order_of_a_loader_does_not_depend_on_its_shuffling_and_no_item_comes_twice():
    assert np.array_equal(LoaderImages(DataLoader(Items(), 7, shuffle=True), "images")[:], IMAGES)
    drawn = LoaderImages(DataLoader(Items(), 7, sampler=WeightedRandomSampler(np.ones(N), N)), "images")
    assert 1 < len(drawn) < N and len(np.unique(drawn[:], axis=0)) == len(drawn)


def test_only_chosen_images_are_read_again():
    items = Items()
    images = LoaderImages(DataLoader(items, 7), "images")
    assert (items.read == 1).all()
    images[np.array([30, 12])]
    assert np.flatnonzero(items.read == 2).tolist() == [12, 30]


def test_labels_that_the_dataset_lists_are_not_read():
    items = Items(targets=torch.from_numpy(LABELS))
    images = LoaderImages(DataLoader(items, 7), "images")
    assert items.read.sum() == 7 and np.array_equal(images.labels, LABELS)
    turned = LoaderImages(DataLoader(Items(targets=(LABELS + 1) % 3), 7), "images")
    assert np.array_equal(turned.labels, LABELS)


def split(labelled, *parts):
    classes = match(labelled.labels, labelled.classes, 3)
    return as_splits(labelled, [np.array(part) for part in parts], classes, Preprocessing(), None)


def test_labels_that_change_and_streams_that_end_are_refused():
    class Once(Stream):
        def __iter__(self):
            self.reading += 1
            return super().__iter__() if self.reading < 2 else iter(())

    class Reversed(Stream):
        def __iter__(self):
            self.reading += 1
            return super().__iter__() if self.reading < 2 else reversed(list(super().__iter__()))

    for dataset in (Once(), Reversed()):
        images = LoaderImages(DataLoader(dataset, 7), "images")
        with pytest.raises(ValueError, match="images: the DataLoader gives other labels when it is read again"):
            images[np.array([20])]


@pytest.mark.parametrize("of", ["pair", "dict", "items of a loader", "own collate", "stream"])
def test_images_that_change_are_refused(of):
    def change(image, reading):
        return image + reading

    dataset = Stream(change) if of == "stream" else Items("dict" if of == "dict" else "pair", change)
    if of not in ("pair", "dict"):
        dataset = DataLoader(dataset, 7, collate_fn=own_collate if of == "own collate" else None)
    with pytest.raises(ValueError, match="images: the Dataset gives other pictures at each reading: leave out"):
        split(collect(dataset), range(9))


@pytest.mark.parametrize("images", [IMAGES, Items(), DataLoader(Items(), 7), DataLoader(Stream(), 7)])
def test_both_halves_are_read_at_once(images):
    both = split(collect(images, LABELS if images is IMAGES else None), [9, 4], [30])
    assert [part.labels.tolist() for part in both] == [[0, 1], [0]]
    assert np.array_equal(both[0].images, IMAGES[[9, 4]]) and np.array_equal(both[1].images, IMAGES[[30]])


@pytest.mark.parametrize(
    ("loader", "words"),
    [
        (DataLoader(TensorDataset(torch.zeros(9, 1, 4, 4)), 3), r"a batch is a list: expected tensors, as \(image, l"),
        (DataLoader([{"pixels": 1, "label": 2}]), "a batch is a dict: expected tensors, .* a dict with pixel_values"),
        (DataLoader([]), "the DataLoader is empty"),
        (DataLoader([(torch.zeros(1, 4, 4), 0), (torch.zeros(1, 5, 4), 0)]), "batch 1 has another size; all images"),
        (DataLoader([(torch.zeros(4, 4), 0)]), r"images are 1 x 4 x 4: expected \[n, channels, H, W\]"),
        (DataLoader([(torch.zeros(1, 4, 4), 0.5)]), "labels are float64: expected integers"),
    ],
)  # fmt: skip
def test_other_batches_are_refused(loader, words):
    with pytest.raises(ValueError, match=words):
        LoaderImages(loader, "images")
