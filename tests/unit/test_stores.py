"""Image stores: written from arrays and from files, read at once and when indexed."""

import errno

import h5py
import numpy as np
import pytest
import torch
from full_disk import FullDisk
from image_files import photographs
from small_stores import CLASSES, content, labelled, same, write

from frequency_shortcuts.data import normalisation
from frequency_shortcuts.data import stores as store
from frequency_shortcuts.data.folders import ImageFiles
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.data.stored_images import Stored
from frequency_shortcuts.storage import files as files_of_storage


def test_store_round_trip(tmp_path):
    splits = {name: labelled(n, n) for name, n in (("train", 8), ("validation", 4), ("test", 6))}
    write(tmp_path / "s.h5", splits)
    for name, (pixels, labels) in splits.items():
        split = store.read(tmp_path / "s.h5", name)
        np.testing.assert_array_equal(split.images, pixels)
        np.testing.assert_array_equal(split.labels, labels)
        assert split.classes == CLASSES
        assert len(split) == len(labels)
        np.testing.assert_array_equal(split.mean, normalisation.pixel_statistics(splits["train"][0])[0])


def test_store_keeps_the_contract_of_the_file(tmp_path):
    splits = {"train": labelled(8, 0), "test": labelled(4, 1)}
    planted = {"control_band": np.eye(6, 5, dtype=bool), "patterns": np.zeros((2, 6, 5), bool)}
    about = {"mechanism": "syn", "neutral": 0}
    write(tmp_path / "s.h5", splits, planted=planted, planted_about=about)
    with h5py.File(tmp_path / "s.h5") as file:
        assert dict(file["planted"].attrs) == about
        for name, (pixels, _) in splits.items():
            images, labels = file[name]["images"], file[name]["labels"]
            assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
            assert images.shape == pixels.shape
            assert images.chunks is None and images.id.get_offset() is not None
        for name, mask in planted.items():
            assert file["planted"][name].dtype == bool
            np.testing.assert_array_equal(file["planted"][name], mask)
        attributes = dict(file.attrs)
    assert list(attributes["classes"]) == list(CLASSES)
    assert attributes["mean"].shape == attributes["std"].shape == (3,)
    assert (attributes["source"], attributes["created_by"]) == ("made here", "test")
    assert len(attributes["checksum"]) == 64
    assert attributes["layout"] == "centred"


def test_write_refuses_an_empty_class_and_leaves_nothing(tmp_path):
    pixels, labels = labelled(4, 0)
    with pytest.raises(ValueError, match=r"made here, split train: no image of class dog"):
        write(tmp_path / "s.h5", {"train": (pixels, 0 * labels)})
    assert list(tmp_path.iterdir()) == []


def test_write_refuses_images_of_one_tone(tmp_path):
    pixels, labels = labelled(4, 0)
    with pytest.raises(ValueError, match=r"made here: all training images are of one tone"):
        write(tmp_path / "s.h5", {"train": (np.full_like(pixels, 7), labels)})


def test_read_the_first_images_of_each_class(tmp_path):
    pixels, _ = labelled(7, 0)
    labels = np.array([1, 1, 0, 1, 0, 0, 1])
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    split = store.read(tmp_path / "s.h5", "train", per_class=2)
    np.testing.assert_array_equal(split.images, pixels[[0, 1, 2, 4]])
    np.testing.assert_array_equal(split.labels, [1, 1, 0, 0])


@pytest.mark.parametrize("in_memory", [store.IN_MEMORY, 0])
def test_some_images_of_a_split_in_their_order(tmp_path, in_memory):
    images, labels = labelled(12, 0)
    write(tmp_path / "s.h5", {"train": (images, labels)}, stylised=images[:, :, ::-1])
    split = store.read(tmp_path / "s.h5", "train", 4, in_memory=in_memory)
    chosen = np.array([5, 0, 3])
    part = split.subset(chosen)
    np.testing.assert_array_equal(part.images[:], split.images[:][chosen])
    np.testing.assert_array_equal(part.stylised[:], split.stylised[:][chosen])
    assert part.labels.tolist() == split.labels[chosen].tolist() and len(part) == 3 and part.classes == split.classes
    assert (in_memory == 0) == isinstance(part.images, Stored)
    twinless = Split(images, labels, ("a", "b"), split.mean, split.std).subset(chosen)
    assert twinless.stylised is None


def test_read_names_the_splits_that_are_there(tmp_path):
    write(tmp_path / "s.h5", {"train": labelled(4, 0), "test": labelled(4, 1)}, planted={"x": np.ones((6, 5), bool)})
    with pytest.raises(ValueError, match=r"has no split 'validation': it holds test, train$"):
        store.read(tmp_path / "s.h5", "validation")


@pytest.mark.parametrize("workers", [1, 4])
def test_files_are_stored_as_the_array_that_they_decode_to(tmp_path, workers):
    train, test, twins = (
        ImageFiles(photographs(tmp_path / name, n, seed, suffix), (6, 5), workers=workers)
        for name, n, seed, suffix in (("a", 11, 0, "png"), ("b", 7, 1, "png"), ("c", 11, 2, "webp"))
    )
    labels = {"train": np.arange(11) % 2, "test": np.arange(7) % 2}
    write(tmp_path / "files.h5", {"train": (train, labels["train"]), "test": (test, labels["test"])}, stylised=twins)
    arrays = {"train": (train[:], labels["train"]), "test": (test[:], labels["test"])}
    write(tmp_path / "array.h5", arrays, stylised=twins[:])
    same(tmp_path / "files.h5", tmp_path / "array.h5")
    assert (tmp_path / "files.h5").read_bytes() == (tmp_path / "array.h5").read_bytes()
    np.testing.assert_array_equal(store.read(tmp_path / "files.h5", "train").stylised, twins[:])
    assert store.read(tmp_path / "files.h5", "test").stylised is None


def test_the_checksum_covers_all_that_a_store_holds(tmp_path):
    pixels, labels = labelled(8, 0)
    masks = np.zeros((2, 6, 5), bool)

    def checksum(images=pixels, labels=labels, twins=255 - pixels, masks=masks, neutral=0, **options):
        splits = {"train": (images, labels), "test": labelled(4, 1)}
        options = {"classes": CLASSES, "source": "", "created_by": "", "planted": {"truth": masks}} | options
        store.write(tmp_path / "s.h5", splits, stylised=twins, planted_about={"neutral": neutral}, **options)
        assert store.checksum(tmp_path / "s.h5") == content(tmp_path / "s.h5")["checksum"]
        return store.checksum(tmp_path / "s.h5")

    other = pixels.copy()
    other[3, 1, 2, 2] ^= 1
    statistics = ([0.5] * 3, [0.2] * 3)
    one_less = {"images": pixels[:-1], "labels": labels[:-1], "twins": 255 - pixels[:-1]}
    changes = [
        {"images": other}, {"labels": labels[::-1].copy()}, {"twins": pixels}, {"masks": ~masks}, {"neutral": 1},
        {"classes": ("cat", "cow")}, {"statistics": statistics}, {"statistics": (statistics[0], [0.3] * 3)}, one_less,
    ]  # fmt: skip
    checksums = [checksum(), *(checksum(**change) for change in changes)]
    assert len(set(checksums)) == len(checksums)
    assert checksum(source="elsewhere", created_by="another commit") == checksums[0]


@pytest.mark.parametrize("broken", [[0, 5, 6, 11], [*range(8)]])
def test_files_that_do_not_decode_are_left_out_with_their_labels(tmp_path, broken, monkeypatch):
    """Also whole blocks of them; the store is the one of the other images."""
    monkeypatch.setattr(store, "BLOCK", 4)
    files = photographs(tmp_path / "a", 12)
    for i in broken:
        files[i].write_bytes(b"broken")
    labels = np.arange(12) % 2
    pictures = ImageFiles(files, (6, 5), workers=3, on_error="skip")
    write(tmp_path / "files.h5", {"train": (pictures, labels)})
    assert pictures.skipped == [str(files[i]) for i in broken]
    kept = np.delete(np.arange(12), broken)
    write(tmp_path / "array.h5", {"train": (pictures[kept], labels[kept])})
    skipped = f", {len(broken)} undecodable images skipped"
    assert content(tmp_path / "files.h5")["source"] == f"made here{skipped}"
    with h5py.File(tmp_path / "array.h5", "a") as file:
        file.attrs["source"] += skipped
    same(tmp_path / "files.h5", tmp_path / "array.h5")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "array.h5", "files.h5"]
    with pytest.raises(ValueError, match=r"/0000\.png does not decode as an image"):
        write(tmp_path / "stop.h5", {"train": (ImageFiles(files, (6, 5)), labels)})
    assert not (tmp_path / "stop.h5").exists()


@pytest.mark.parametrize("broken", [[1, 3], [0, 1, 2, 3]])
def test_a_class_of_which_no_image_decodes_is_an_error_even_when_skipping(tmp_path, broken):
    files = photographs(tmp_path / "a", 4)
    for i in broken:
        files[i].write_bytes(b"broken")
    pictures = ImageFiles(files, (6, 5), on_error="skip")
    with pytest.raises(ValueError, match=r"made here, split train: no image of class (cat, )?dog;"):
        write(tmp_path / "s.h5", {"train": (pictures, np.arange(4) % 2)})
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(("images_broken", "twins_broken"), [([3], []), ([3], [4]), ([3], [3])])
def test_images_are_skipped_with_their_twins_or_not_at_all(tmp_path, images_broken, twins_broken):
    files, twins = photographs(tmp_path / "a", 8), photographs(tmp_path / "b", 8, 1)
    for path in [files[i] for i in images_broken] + [twins[i] for i in twins_broken]:
        path.write_bytes(b"broken")
    images, stylised = (ImageFiles(names, (6, 5), on_error="skip") for names in (files, twins))
    splits = {"train": (images, np.arange(8) % 2)}
    if images_broken != twins_broken:
        with pytest.raises(ValueError, match=r"made here: an image or its stylised twin does not decode"):
            write(tmp_path / "s.h5", splits, stylised=stylised)
        assert not (tmp_path / "s.h5").exists()
        return
    write(tmp_path / "s.h5", splits, stylised=stylised)
    split = store.read(tmp_path / "s.h5", "train")
    kept = np.delete(np.arange(8), images_broken)
    np.testing.assert_array_equal(split.images, images[kept])
    np.testing.assert_array_equal(split.stylised, stylised[kept])


def test_too_few_twins_are_an_error(tmp_path):
    images, labels = labelled(8, 0)
    with pytest.raises(ValueError, match="7 stylised twins of 8"):
        write(tmp_path / "s.h5", {"train": (images, labels)}, stylised=images[:7])


@pytest.mark.parametrize("n", [1, 15, 16, 17, 40])
def test_blocks_miss_and_repeat_no_image(tmp_path, n, monkeypatch):
    monkeypatch.setattr(store, "BLOCK", 16)
    pixels = np.random.default_rng(n).integers(0, 256, (n, 1, 3, 2), np.uint8)
    labels, classes = np.arange(n) % min(n, 2), CLASSES[: min(n, 2)]
    store.write(tmp_path / "s.h5", {"train": (pixels, labels)}, classes=classes, source="made here", created_by="test")
    stored = content(tmp_path / "s.h5")
    np.testing.assert_array_equal(stored["train/images"], pixels)
    np.testing.assert_array_equal(stored["train/labels"], labels)
    np.testing.assert_allclose(stored["mean"], (pixels / 255).mean(axis=(0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(stored["std"], (pixels / 255).std(axis=(0, 2, 3)), rtol=1e-12)


def test_sliceable_images_are_read_block_by_block(tmp_path):
    """For example a dataset of another file. A store of a store is the same store."""
    splits = {"train": labelled(600, 0)}
    write(tmp_path / "a.h5", splits)
    block_sizes = []

    class Noted:
        def __init__(self, images):
            self.images, self.shape = images, images.shape

        def __len__(self):
            return len(self.images)

        def __getitem__(self, index):
            block_sizes.append(index.stop - index.start)
            return self.images[index]

    with h5py.File(tmp_path / "a.h5") as file:
        write(tmp_path / "b.h5", {"train": (Noted(file["train"]["images"]), splits["train"][1])})
    assert max(block_sizes) <= store.BLOCK
    stored = Stored(tmp_path / "a.h5", "train", np.arange(600), workers=2)
    write(tmp_path / "c.h5", {"train": (stored, splits["train"][1])})
    same(tmp_path / "a.h5", tmp_path / "b.h5")
    same(tmp_path / "a.h5", tmp_path / "c.h5")


def test_without_a_train_split_the_statistics_must_be_given(tmp_path):
    splits = {"test": labelled(4, 0, channels=1)}
    with pytest.raises(ValueError, match="made here: without a train split, the mean and std to normalise with must"):
        write(tmp_path / "s.h5", splits)
    assert list(tmp_path.iterdir()) == []
    write(tmp_path / "s.h5", splits, statistics=([0.5], [0.2]))
    split = store.read(tmp_path / "s.h5", "test")
    assert (split.mean.tolist(), split.std.tolist()) == ([0.5], [0.2])


@pytest.mark.parametrize("from_files", [True, False])
def test_a_full_disk_is_one_sentence(tmp_path, monkeypatch, from_files):
    monkeypatch.setattr(FullDisk, "room", 300_000)
    monkeypatch.setattr(files_of_storage, "open", lambda path, mode, buffering: FullDisk(path, "w+b"), raising=False)
    pixels, labels = labelled(1000, 0, height=30, width=30)
    files = ImageFiles(photographs(tmp_path / "a", 1) * 1000, (30, 30))
    with pytest.raises(OSError, match=r"the disk is full \(\d+ MiB free\): free some space and start again") as caught:
        write(tmp_path / "s.h5", {"train": (files if from_files else pixels, labels)})
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(tmp_path / "s.h5"))
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(("per_class", "workers"), [(None, 3), (30, 1)])
def test_reading_later_gives_the_same_as_reading_at_once(tmp_path, per_class, workers):
    pixels, labels = labelled(200, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)}, stylised=255 - pixels)
    at_once = store.read(tmp_path / "s.h5", "train", per_class)
    later = store.read(tmp_path / "s.h5", "train", per_class, workers=workers, in_memory=0)
    assert isinstance(at_once.images, np.ndarray) and isinstance(at_once.stylised, np.ndarray)
    assert isinstance(later.images, Stored) and isinstance(later.stylised, Stored)
    for name in ("labels", "classes", "mean", "std"):
        np.testing.assert_array_equal(getattr(later, name), getattr(at_once, name))
    np.testing.assert_array_equal(later.images[:], at_once.images)
    np.testing.assert_array_equal(later.stylised[:], 255 - at_once.images)
    assert all(map(torch.equal, later.tensors(), at_once.tensors()))


def test_images_and_twins_count_together_for_the_memory(tmp_path):
    pixels, labels = labelled(10, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)}, stylised=pixels)
    for room, kind in ((2 * pixels.nbytes, np.ndarray), (2 * pixels.nbytes - 1, Stored)):
        split = store.read(tmp_path / "s.h5", "train", in_memory=room)
        assert isinstance(split.images, kind) and isinstance(split.stylised, kind)
    assert isinstance(store.read(tmp_path / "s.h5", "train", 1, in_memory=4 * pixels[0].nbytes).images, np.ndarray)


@pytest.mark.parametrize("in_memory", [0, 2**31])
def test_given_statistics_replace_those_of_the_store(tmp_path, in_memory):
    write(tmp_path / "s.h5", {"train": labelled(4, 0)})
    given = ([0.1, 0.2, 0.3], [1, 2, 3])
    split = store.read(tmp_path / "s.h5", "train", statistics=given, in_memory=in_memory)
    np.testing.assert_array_equal([split.mean, split.std], given)
    assert split.mean.dtype == split.std.dtype == np.float64


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint64])
def test_labels_of_every_integer_type_are_read_as_int64(tmp_path, dtype):
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file.attrs["classes"] = np.array([b"cat", b"dog"])
        file["test/images"], file["test/labels"] = np.zeros((4, 1, 2, 2), np.uint8), np.arange(4, dtype=dtype) % 2
    store.link(tmp_path / "linked.h5", tmp_path / "s.h5", created_by="test")
    found = store.read(tmp_path / "linked.h5", "test")
    assert found.labels.dtype == np.int64 and found.classes == ("cat", "dog")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"labels": np.array([0, 1, 0, 1], np.float32)}, r"s\.h5, split test: labels of type float32"),
        ({"classes": ["cat", ""]}, r"s\.h5, split test: a class has no name"),
        ({"classes": ["cat", "cat"]}, r"s\.h5, split test: two classes are called cat"),
        ({"classes": ["cat", "wild\ndog"]}, r"s\.h5, split test: the class 'wild\\ndog' has a control character"),
        ({"mean": [127.0], "std": [50.0]}, r"s\.h5: mean \[127\.0\] and std \[50\.0\] cannot be normalised with"),
        ({"mean": [0.5] * 3, "std": [0.2] * 3}, r"s\.h5: mean is \[0\.5, 0\.5, 0\.5\]: expected a number for each"),
    ],
)
def test_a_store_that_cannot_be_used_is_one_sentence(tmp_path, changes, sentence):
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["test/images"], file["test/labels"] = np.zeros((4, 1, 2, 2), np.uint8), changes.pop("labels", [0, 1, 0, 1])
        file.attrs.update({"classes": list(CLASSES)} | changes)
    with pytest.raises(ValueError, match=sentence), store.open_store(tmp_path / "s.h5"):
        pass
