"""Images of Datasets and DataLoaders, only those that are chosen; their classes matched with outputs of a network."""

import sys

import numpy as np
import pytest
import torch
from torch.utils.data import (
    BatchSampler,
    ChainDataset,
    DataLoader,
    TensorDataset,
    WeightedRandomSampler,
)
from torchvision import transforms

from frequency_shortcuts.analysis.chosen_images import as_split
from frequency_shortcuts.analysis.classes import match_outputs
from frequency_shortcuts.images import stores
from frequency_shortcuts.images.labelled import read_labelled
from frequency_shortcuts.images.splits import images_digest
from frequency_shortcuts.images.torch_dataset import DatasetImages

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
        return (
            (image, label, i)
            if self.kind == "pair"
            else {"pixel_values": image, "labels": label, "text": "x"}
        )


def split(labelled, positions):
    return as_split(labelled, np.array(positions), "012")


@pytest.mark.parametrize(
    "options",
    [{"batch_size": 7, "shuffle": True, "drop_last": True}, {"sampler": WeightedRandomSampler(np.ones(N), N)},
     {"batch_sampler": BatchSampler(range(9), 7, False)}, {"collate_fn": lambda items: items}],
)  # fmt: skip
def test_of_a_loader_all_items_of_the_dataset_are_read(options, caplog):
    for kind in ("pair", "dict"):
        read = read_labelled(DataLoader(Items(kind), **options))
        assert np.array_equal(read.images[:], IMAGES) and np.array_equal(read.labels, LABELS)
    assert (
        "images are a DataLoader: all items of its Dataset are used, not its sampler and collate_fn"
        in caplog.text
    )


def test_only_chosen_images_are_read_and_labels_that_are_listed_are_not():
    items = Items(targets=torch.from_numpy(LABELS))
    read = read_labelled(items)
    assert items.read.sum() <= 2 and np.array_equal(read.labels, LABELS)
    read.images[np.array([30, 12])]
    assert np.flatnonzero(items.read[1:]).tolist() == [11, 29]


def test_images_that_do_not_fit_into_memory_are_read_again(monkeypatch):
    for limit, kind in ((None, np.ndarray), (0, DatasetImages)):
        if limit is not None:
            monkeypatch.setattr(stores, "IN_MEMORY", limit)
        part = split(read_labelled(Items()), range(9, 39, 2))
        assert isinstance(part.images, kind) and np.array_equal(part.images[:], IMAGES[9:39:2])
        assert images_digest(part.images) == images_digest(IMAGES[9:39:2])
        assert isinstance(part.subset(np.arange(6)).images, kind)


@pytest.mark.parametrize("kind", ["pair", "dict"])
def test_images_that_change_are_refused(kind):
    with pytest.raises(
        ValueError,
        match="images differ when they are read again: leave out the random augmentation",
    ):
        split(read_labelled(Items(kind, lambda image, reading: image + reading)), range(9))


def test_the_transform_of_the_dataset_says_what_it_normalised_with():
    items = Items(
        transform=transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.5], [0.2])])
    )
    assert read_labelled(items).std.tolist() == [0.2] and read_labelled(Items()).std is None


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        (TensorDataset(torch.zeros(9, 1, 4, 4)), r"item 0 is a tuple: expected \(image, label, \.\.\.\), or"),
        ([{"pixels": 1, "label": 2}], r"item 0 is a dict: .*\), or a dict with pixel_values"),
        ([], "the list is empty"),
        (ChainDataset([]), "images are a ChainDataset: expected an array or tensor"),
        ([(torch.zeros(1, 4, 4), 0), (torch.zeros(1, 5, 4), 0)], "item 1 has another size than item 0; all need one"),
        ([(torch.zeros(1, 4, 4), 0), (torch.ones(1, 4, 4) / 0, 0)], "item 1: it holds numbers that are not finite"),
    ],
)  # fmt: skip
def test_other_items_are_refused(dataset, words):
    with pytest.raises(ValueError, match=words):
        read_labelled(DataLoader(dataset)).images[:]


NUMBERS = np.arange(3)
NAMED = ("Granny_Smith", "ashcan", "fox")
IDS = ("n01440764", "n01443537", "n15075141")  # the first two classes of ImageNet, and the last


def test_outputs_by_the_names_of_the_classes_or_of_all_outputs():
    found = match_outputs(
        NAMED, NUMBERS, 1000, outputs={"fox": 277, "ashcan": 412, "Granny_Smith": 948}
    )
    assert found.outputs.tolist() == [948, 412, 277]
    assert match_outputs(NAMED, NUMBERS, 1000, outputs=[948, 412, 277]).outputs.tolist() == [
        948,
        412,
        277,
    ]
    assert match_outputs(None, NUMBERS, 9, outputs={0: 4, 1: 5, "2": 6}).outputs.tolist() == [
        4,
        5,
        6,
    ]
    outputs = {"fox": 1, "ashcan": 2, "Granny_Smith": 3}
    shown = match_outputs(NAMED, NUMBERS, 1000, classes=("apple", "bin", "fox"), outputs=outputs)
    assert shown.names == ("apple", "bin", "fox") and shown.outputs.tolist() == [3, 2, 1]
    found = match_outputs(
        NAMED, NUMBERS, 5, classes=["fox", "cat", "ashcan", "dog", "Granny Smith"]
    )
    assert found.names == NAMED and found.outputs.tolist() == [4, 2, 0]


def test_wordnet_ids_are_classes_of_imagenet():
    pytest.importorskip("timm")
    assert match_outputs(IDS, NUMBERS, 1000).outputs.tolist() == [0, 1, 999]
    with pytest.raises(
        ValueError,
        match="n99999999 is not among the 1000 classes of ImageNet: leave it out, or say",
    ):
        match_outputs((*IDS[:2], "n99999999"), NUMBERS, 1000)


def test_wordnet_ids_without_timm_are_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm.data.imagenet_info", None)
    with pytest.raises(
        ValueError,
        match=r"WordNet ids \(n01440764 is the first\).*install it \(pip install timm\), or",
    ):
        match_outputs(IDS, NUMBERS, 1000)
    assert match_outputs(IDS, NUMBERS, 1000, outputs=[0, 1, 999]).outputs.tolist() == [0, 1, 999]
    assert match_outputs(IDS, NUMBERS, 3).outputs is None


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
        match_outputs(named, np.arange(len(named)), 1000, outputs=outputs)
    assert "\n" not in str(error.value)
