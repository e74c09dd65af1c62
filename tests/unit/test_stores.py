"""Image stores: written from arrays and from files, or as the paths of files; read at once and when indexed."""

import h5py
import numpy as np
import pytest
import torch
from small_stores import CLASSES, Noted, content, labelled, photographs, write

from frequency_shortcuts.images import normalisation
from frequency_shortcuts.images import stores as store
from frequency_shortcuts.images.pictures import ImageFiles
from frequency_shortcuts.images.source import Source
from frequency_shortcuts.images.stored_images import Stored


def test_a_store_keeps_its_contract_and_is_read_as_it_was_written(tmp_path):
    splits = {"train": labelled(8, 0), "test": labelled(4, 1)}
    planted = {"control_band": np.eye(6, 5, dtype=bool), "patterns": np.zeros((2, 6, 5), bool)}
    about = {"mechanism": "syn", "neutral": 0}
    write(tmp_path / "s.h5", splits, planted=(planted, about))
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
    assert (attributes["source"], attributes["created_by"]) == ("made here", "test")
    assert attributes["layout"] == "centred"
    for name, (pixels, labels) in splits.items():
        split = store.read(tmp_path / "s.h5", name)
        np.testing.assert_array_equal(split.images, pixels)
        np.testing.assert_array_equal(split.labels, labels)
        assert split.classes == CLASSES and len(split) == len(labels)
        statistics = normalisation.pixel_statistics(splits["train"][0])
        np.testing.assert_array_equal([split.mean, split.std], statistics)


def test_what_cannot_be_stored_is_refused_and_leaves_nothing(tmp_path):
    pixels, labels = labelled(4, 0)
    for splits, stylised, sentence in (
        ({"train": (pixels, 0 * labels)}, None, "made here, split train: no image of class dog"),
        (
            {"train": (np.full_like(pixels, 7), labels)},
            None,
            "made here: all training images are of one tone",
        ),
        ({"train": (pixels, labels)}, pixels[:3], "made here, split train: 3 stylised twins of 4"),
    ):
        with pytest.raises(ValueError, match=sentence):
            write(tmp_path / "s.h5", splits, stylised=stylised)
        assert list(tmp_path.iterdir()) == []


def test_read_the_first_images_of_each_class(tmp_path):
    pixels, _ = labelled(7, 0)
    labels = np.array([1, 1, 0, 1, 0, 0, 1])
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    split = store.read(tmp_path / "s.h5", "train", per_class=2)
    np.testing.assert_array_equal(split.images, pixels[[0, 1, 2, 4]])
    np.testing.assert_array_equal(split.labels, [1, 1, 0, 0])


def test_read_names_the_splits_that_are_there(tmp_path):
    write(tmp_path / "s.h5", {"train": labelled(4, 0), "test": labelled(4, 1)})
    with pytest.raises(ValueError, match=r"has no split 'validation': it holds test, train$"):
        store.read(tmp_path / "s.h5", "validation")


def test_files_are_stored_as_the_array_that_they_decode_to(tmp_path):
    train, test, twins = (
        ImageFiles(photographs(tmp_path / name, n, seed, suffix), (6, 5), workers=4)
        for name, n, seed, suffix in (("a", 11, 0, "png"), ("b", 7, 1, "png"), ("c", 11, 2, "webp"))
    )
    labels = {"train": np.arange(11) % 2, "test": np.arange(7) % 2}
    write(
        tmp_path / "files.h5",
        {"train": (train, labels["train"]), "test": (test, labels["test"])},
        stylised=twins,
    )
    arrays = {"train": (train[:], labels["train"]), "test": (test[:], labels["test"])}
    write(tmp_path / "array.h5", arrays, stylised=twins[:])
    assert (tmp_path / "files.h5").read_bytes() == (tmp_path / "array.h5").read_bytes()
    np.testing.assert_array_equal(store.read(tmp_path / "files.h5", "train").stylised, twins[:])
    assert store.read(tmp_path / "files.h5", "test").stylised is None


@pytest.mark.parametrize("broken", [[0, 5, 6, 11], [*range(8)]])
def test_files_that_do_not_decode_are_left_out_with_their_labels(tmp_path, broken, monkeypatch):
    monkeypatch.setattr(store, "READ_AT_ONCE", 4)
    files, labels = photographs(tmp_path / "a", 12), np.arange(12) % 2
    for i in broken:
        files[i].write_bytes(b"broken")
    pictures = ImageFiles(files, (6, 5), workers=3, on_error="skip")
    write(tmp_path / "files.h5", {"train": (pictures, labels)})
    assert pictures.skipped == [str(files[i]) for i in broken]
    kept = np.delete(np.arange(12), broken)
    write(tmp_path / "array.h5", {"train": (pictures[kept], labels[kept])})
    with h5py.File(tmp_path / "array.h5", "a") as file:
        file.attrs["source"] += f", {len(broken)} undecodable images skipped"
    np.testing.assert_equal(content(tmp_path / "files.h5"), content(tmp_path / "array.h5"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "array.h5", "files.h5"]


def test_a_class_of_which_no_image_decodes_is_an_error_even_when_skipping(tmp_path):
    files = photographs(tmp_path / "a", 4)
    for i in (1, 3):
        files[i].write_bytes(b"broken")
    pictures = ImageFiles(files, (6, 5), on_error="skip")
    with pytest.raises(ValueError, match="made here, split train: no image of class dog;"):
        write(tmp_path / "s.h5", {"train": (pictures, np.arange(4) % 2)})
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_images_are_skipped_with_their_twins_or_not_at_all(tmp_path):
    files, twins = photographs(tmp_path / "a", 8), photographs(tmp_path / "b", 8, 1)
    images, stylised = (ImageFiles(names, (6, 5), on_error="skip") for names in (files, twins))
    splits = {"train": (images, np.arange(8) % 2)}
    files[3].write_bytes(b"broken")
    with pytest.raises(ValueError, match="or one of a pair does not decode"):
        write(tmp_path / "s.h5", splits, stylised=stylised)
    assert not (tmp_path / "s.h5").exists()
    twins[3].write_bytes(b"broken")
    write(tmp_path / "s.h5", splits, stylised=stylised)
    split = store.read(tmp_path / "s.h5", "train")
    kept = np.delete(np.arange(8), 3)
    np.testing.assert_array_equal(split.images, images[kept])
    np.testing.assert_array_equal(split.stylised, stylised[kept])


@pytest.mark.parametrize("n", [1, 16, 40])
def test_blocks_miss_and_repeat_no_image(tmp_path, n, monkeypatch):
    monkeypatch.setattr(store, "READ_AT_ONCE", 16)
    pixels = np.random.default_rng(n).integers(0, 256, (n, 1, 3, 2), np.uint8)
    labels, classes, noted = np.arange(n) % min(n, 2), CLASSES[: min(n, 2)], Noted(pixels)
    store.write(
        tmp_path / "s.h5",
        {"train": (noted, labels)},
        classes=classes,
        source="made here",
        created_by="test",
    )
    stored = content(tmp_path / "s.h5")
    assert max(noted.sizes) <= 16
    np.testing.assert_array_equal(stored["train/images"], pixels)
    np.testing.assert_array_equal(stored["train/labels"], labels)
    np.testing.assert_allclose(stored["mean"], (pixels / 255).mean(axis=(0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(stored["std"], (pixels / 255).std(axis=(0, 2, 3)), rtol=1e-12)


def test_given_statistics_are_kept_and_replace_those_of_the_store(tmp_path):
    write(tmp_path / "s.h5", {"test": labelled(4, 0, channels=1)}, statistics=([0.5], [0.2]))
    split = store.read(tmp_path / "s.h5", "test")
    assert (split.mean.tolist(), split.std.tolist()) == ([0.5], [0.2])
    split = store.read(tmp_path / "s.h5", "test", statistics=([1], [0.3]), in_memory=0)
    assert (split.mean.tolist(), split.std.tolist()) == ([1], [0.3])
    assert split.mean.dtype == split.std.dtype == np.float64


def test_reading_later_gives_the_same_as_reading_at_once(tmp_path):
    pixels, labels = labelled(200, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)}, stylised=255 - pixels)
    at_once = store.read(tmp_path / "s.h5", "train", 30)
    later = store.read(tmp_path / "s.h5", "train", 30, workers=3, in_memory=0)
    assert isinstance(at_once.images, np.ndarray) and isinstance(at_once.stylised, np.ndarray)
    assert isinstance(later.images, Stored) and isinstance(later.stylised, Stored)
    for name in ("labels", "classes", "mean", "std"):
        np.testing.assert_array_equal(getattr(later, name), getattr(at_once, name))
    np.testing.assert_array_equal(later.images[:], at_once.images)
    np.testing.assert_array_equal(later.stylised[:], 255 - at_once.images)
    everything, chosen = np.arange(len(later)), np.array([5, 0, 3])
    assert torch.equal(Source(later).take(everything), Source(at_once).take(everything))
    for part, kind in ((later.subset(chosen), Stored), (at_once.subset(chosen), np.ndarray)):
        assert isinstance(part.images, kind) and len(part) == 3
        np.testing.assert_array_equal(part.images[:], at_once.images[chosen])
        np.testing.assert_array_equal(part.stylised[:], at_once.stylised[chosen])
        assert (
            part.labels.tolist() == at_once.labels[chosen].tolist()
            and part.classes == at_once.classes
        )


def test_images_and_twins_count_together_for_the_memory(tmp_path):
    pixels, labels = labelled(10, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)}, stylised=pixels)
    for room, kind in ((2 * pixels.nbytes, np.ndarray), (2 * pixels.nbytes - 1, Stored)):
        split = store.read(tmp_path / "s.h5", "train", in_memory=room)
        assert isinstance(split.images, kind) and isinstance(split.stylised, kind)
    assert isinstance(
        store.read(tmp_path / "s.h5", "train", 1, in_memory=4 * pixels[0].nbytes).images, np.ndarray
    )


def test_labels_of_any_integer_type_are_read_as_int64(tmp_path):
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file.attrs["classes"] = np.array([b"cat", b"dog"])
        file["test/images"], file["test/labels"] = (
            np.zeros((4, 1, 2, 2), np.uint8),
            np.arange(4, dtype=np.uint64) % 2,
        )
    store.link(tmp_path / "linked.h5", tmp_path / "s.h5", created_by="test")
    found = store.read(tmp_path / "linked.h5", "test")
    assert found.labels.dtype == np.int64 and found.classes == ("cat", "dog")


def write_files(path, splits, **options):
    store.write(
        path, splits, classes=CLASSES, source="made here", created_by="test", listed=True, **options
    )


def test_paths_are_stored_whole(tmp_path, monkeypatch):
    files = photographs(tmp_path / "a", 3)
    files[1] = files[1].rename(tmp_path / "a" / "größe 猫.png")
    monkeypatch.chdir(tmp_path)
    pictures = ImageFiles([file.relative_to(tmp_path) for file in files], (6, 5))
    write_files("s.h5", {"train": (pictures, np.array([0, 1, 1]))})
    expected = pictures[:]
    monkeypatch.chdir("/")
    np.testing.assert_array_equal(store.read(tmp_path / "s.h5", "train").images, expected)
    with h5py.File(tmp_path / "s.h5") as file:
        assert file["train/files"].asstr()[1] == str(files[1])


def test_statistics_are_those_of_a_sample_of_training_images(tmp_path, monkeypatch):
    pictures, labels = (
        ImageFiles(photographs(tmp_path / "a", 40), (6, 5), workers=2),
        np.arange(40) % 2,
    )
    write_files(tmp_path / "all.h5", {"train": (pictures, labels)})
    np.testing.assert_allclose(
        content(tmp_path / "all.h5")["mean"], (pictures[:] / 255).mean((0, 2, 3)), rtol=1e-12
    )
    monkeypatch.setattr(store, "SAMPLED", 10)
    decode, sampled = ImageFiles._decode, []
    monkeypatch.setattr(
        ImageFiles, "_decode", lambda self, path: (sampled.append(path), decode(self, path))[1]
    )
    write_files(tmp_path / "some.h5", {"train": (pictures, labels)})
    chosen = np.array(sorted(pictures.files.index(path) for path in sampled))
    assert len(chosen) == 10 and max(chosen) > 10
    found, values = content(tmp_path / "some.h5"), pictures[chosen] / 255
    np.testing.assert_allclose(found["mean"], values.mean((0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(found["std"], values.std((0, 2, 3)), rtol=1e-12)


def test_a_store_of_files_refuses_what_a_store_of_images_refuses(tmp_path):
    pictures = ImageFiles(photographs(tmp_path / "a", 4), (6, 5))
    for split, files, labels, sentence in (
        ("train", pictures, np.zeros(4, int), "no image of class dog"),
        ("train", pictures, np.arange(3) % 2, "made here, split train: 3 labels for 4 images"),
    ):
        with pytest.raises(ValueError, match=sentence):
            write_files(tmp_path / "s.h5", {split: (files, labels)})
    pictures.files[1].write_bytes(b"broken")
    with pytest.raises(ValueError, match=r"/0001\.png does not decode"):
        write_files(tmp_path / "s.h5", {"train": (pictures, np.arange(4) % 2)})
    assert not (tmp_path / "s.h5").exists()


def test_a_file_that_is_gone_when_it_is_read_is_named(tmp_path):
    files = photographs(tmp_path / "a", 4)
    write_files(tmp_path / "s.h5", {"train": (ImageFiles(files, (6, 5)), np.arange(4) % 2)})
    files[2].unlink()
    with pytest.raises(ValueError, match=r"/0002\.png does not decode as an image .*No such file"):
        store.read(tmp_path / "s.h5", "train")
    split = store.read(tmp_path / "s.h5", "train", in_memory=0)
    assert split.images[:2].shape == (2, 3, 6, 5)


@pytest.mark.parametrize(
    ("resize", "channels", "in_memory"), [(None, 3, 0), (7, 1, store.IN_MEMORY)]
)
def test_a_store_of_files_is_read_as_one_of_images(tmp_path, resize, channels, in_memory):
    splits = {
        name: (
            ImageFiles(photographs(tmp_path / name, n, n), (6, 5), channels, resize=resize),
            np.arange(n) % 2,
        )
        for name, n in (("train", 9), ("test", 6))
    }
    write(tmp_path / "images.h5", splits)
    write_files(tmp_path / "files.h5", splits)
    for name, per_class in (("train", None), ("test", 2)):
        expected = store.read(tmp_path / "images.h5", name, per_class)
        found = store.read(tmp_path / "files.h5", name, per_class, workers=2, in_memory=in_memory)
        assert isinstance(found.images, ImageFiles if in_memory == 0 else np.ndarray)
        assert found.stylised is None
        np.testing.assert_array_equal(found.images[:], expected.images)
        for attribute in ("labels", "classes", "mean", "std"):
            np.testing.assert_array_equal(getattr(found, attribute), getattr(expected, attribute))
