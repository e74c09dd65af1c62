"""Images of Datasets and DataLoaders, only those that are chosen; their classes matched with outputs of a network."""

import sys

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset, TensorDataset, WeightedRandomSampler

from frequency_shortcuts.analysis.classes import match
from frequency_shortcuts.analysis.images import as_splits, read_labelled
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


@pytest.mark.parametrize("of", ["dict", "own collate", "stream"])
def test_images_that_change_are_refused(of):
    def change(image, reading):
        return image + reading

    dataset = Stream(change) if of == "stream" else Items("dict" if of == "dict" else "pair", change)
    if of not in ("pair", "dict"):
        dataset = DataLoader(dataset, 7, collate_fn=own_collate if of == "own collate" else None)
    with pytest.raises(ValueError, match="images: the Dataset gives other pictures at each reading: leave out"):
        split(read_labelled(dataset), range(9))


@pytest.mark.parametrize("images", [IMAGES, Items(), DataLoader(Items(), 7), DataLoader(Stream(), 7)])
def test_both_halves_are_read_at_once(images):
    both = split(read_labelled(images, LABELS if images is IMAGES else None), [9, 4], [30])
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


LOADERS = {
    "dicts": lambda: DataLoader(Items("dict"), batch_size=7),
    "stream": lambda: DataLoader(Stream(), batch_size=7),
    "listed": lambda: DataLoader(Items(targets=LABELS.tolist()), batch_size=7),
    "workers": lambda: DataLoader(Items(), batch_size=7, num_workers=2, collate_fn=own_collate),
}


@pytest.mark.parametrize("kind", LOADERS)
def test_chosen_images_of_a_loader(kind):
    images = LoaderImages(LOADERS[kind](), "images")
    assert images.shape == IMAGES.shape and images.dtype == np.float32 and np.array_equal(images.labels, LABELS)
    for chosen in ([31, 2, 2, 39, 0], [], list(range(N))[::-1]):
        assert np.array_equal(images[np.array(chosen, int)], IMAGES[chosen])


# Classes and outputs

MATCHED = np.array([0, 1, 2, 1])
NAMED = ("Granny_Smith", "ashcan", "fox")
IDS = ("n01440764", "n01443537", "n15075141")  # the first two classes of ImageNet, and the last


def test_outputs_by_the_names_of_the_classes():
    found = match(MATCHED, NAMED, 1000, outputs={"fox": 277, "ashcan": 412, "Granny_Smith": 948})
    assert found.outputs.tolist() == [948, 412, 277]
    assert match(MATCHED, NAMED, 1000, outputs=[948, 412, 277]).outputs.tolist() == [948, 412, 277]
    assert match(MATCHED, None, 9, outputs={0: 4, 1: 5, "2": 6}).outputs.tolist() == [4, 5, 6]
    shown = match(
        LABELS, NAMED, 1000, classes=("apple", "bin", "fox"), outputs={"fox": 1, "ashcan": 2, "Granny_Smith": 3}
    )
    assert shown.names == ("apple", "bin", "fox") and shown.outputs.tolist() == [3, 2, 1]


def test_outputs_by_the_names_of_all_outputs():
    found = match(MATCHED, NAMED, 5, classes=["fox", "cat", "ashcan", "dog", "Granny Smith"])
    assert found.names == NAMED and found.outputs.tolist() == [4, 2, 0]


def test_wordnet_ids_are_classes_of_imagenet():
    pytest.importorskip("timm")
    assert match(MATCHED, IDS, 1000).outputs.tolist() == [0, 1, 999]
    with pytest.raises(ValueError, match="n99999999 is not among the 1000 classes of ImageNet: leave it out, or say"):
        match(MATCHED, (*IDS[:2], "n99999999"), 1000)


def test_wordnet_ids_without_timm_are_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm.data.imagenet_info", None)
    with pytest.raises(
        ValueError, match=r"WordNet ids \(n01440764 is the first\).*install it \(pip install timm\), or"
    ):
        match(MATCHED, IDS, 1000)
    assert match(MATCHED, IDS, 1000, outputs=[0, 1, 999]).outputs.tolist() == [0, 1, 999]
    assert match(MATCHED, IDS, 3).outputs is None


MANY = tuple(f"class{c:02}" for c in range(30))


@pytest.mark.parametrize(
    ("named", "outputs", "words"),
    [
        (NAMED, {"fox": 1, "ashcan": 2}, "outputs has no number for Granny_Smith: expected one for each class"),
        (NAMED, dict(zip(NAMED, range(3), strict=True)) | {"ox": 5}, "outputs names ox: the classes .* Granny_S"),
        (NAMED, {"fox": 1, "ashcan": 1, "Granny_Smith": 3}, r"outputs \[3, 1, 1\]: expected 3 different numbers"),
        (NAMED, {"fox": [1, 2], "ashcan": 1, "Granny_Smith": 3}, r"outputs \[3, 1, \[1, 2\]\]: expected 3 different"),
        (MANY, [0, 1], "expected 30 different numbers.* in this order: " + ", ".join(MANY)),
        (MANY, None, "1000 outputs, the images have 30 classes.* by its name or in this order: " + ", ".join(MANY)),
    ],
)  # fmt: skip
def test_outputs_that_do_not_match_are_one_sentence(named, outputs, words):
    with pytest.raises(ValueError, match=words) as error:
        match(np.arange(len(named)), named, 1000, outputs=outputs)
    assert "\n" not in str(error.value)
