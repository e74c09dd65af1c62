"""Image stores, splits, normalisation and folders of images."""

import h5py
import numpy as np
import pytest
import torch
from PIL import Image

from frequency_shortcuts import images as store

CLASSES = ("cat", "dog")


def labelled(n, seed, channels=3, height=6, width=5):
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (n, channels, height, width), dtype=np.uint8)
    return pixels, (np.arange(n) % 2).astype(np.int64)


def write(path, splits, **options):
    store.write(path, splits, classes=CLASSES, source="made here", created_by="test", **options)


def test_store_round_trip(tmp_path):
    splits = {name: labelled(n, n) for name, n in (("train", 8), ("validation", 4), ("test", 6))}
    write(tmp_path / "s.h5", splits)
    for name, (pixels, labels) in splits.items():
        split = store.read(tmp_path / "s.h5", name)
        np.testing.assert_array_equal(split.images, pixels)
        np.testing.assert_array_equal(split.labels, labels)
        assert split.classes == CLASSES
        assert len(split) == len(labels)
        np.testing.assert_array_equal(split.mean, store.pixel_statistics(splits["train"][0])[0])


def test_store_keeps_the_contract_of_the_file(tmp_path):
    splits = {"train": labelled(8, 0), "test": labelled(4, 1)}
    planted = {"control_band": np.eye(6, 5, dtype=bool), "patterns": np.zeros((2, 6, 5), bool)}
    write(tmp_path / "s.h5", splits, planted=planted)
    with h5py.File(tmp_path / "s.h5") as file:
        for name, (pixels, _) in splits.items():
            images, labels = file[name]["images"], file[name]["labels"]
            assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
            assert images.shape == pixels.shape
            assert images.chunks == (1, 3, 6, 5)
            assert images.compression is not None
        for name, mask in planted.items():
            assert file["planted"][name].dtype == bool
            np.testing.assert_array_equal(file["planted"][name], mask)
        attributes = dict(file.attrs)
    assert list(attributes["classes"]) == list(CLASSES)
    assert attributes["mean"].shape == attributes["std"].shape == (3,)
    assert (attributes["source"], attributes["created_by"]) == ("made here", "test")
    assert len(attributes["checksum"]) == 64
    assert attributes["layout"] == "centred"


def test_checksum_follows_the_data_and_nothing_else(tmp_path):
    def checksum(name, splits):
        write(tmp_path / name, splits)
        with h5py.File(tmp_path / name) as file:
            return file.attrs["checksum"]

    splits = {"train": labelled(8, 0)}
    assert checksum("a.h5", splits) == checksum("b.h5", splits)
    pixels, labels = splits["train"]
    assert checksum("c.h5", {"train": (pixels, labels[::-1].copy())}) != checksum("a.h5", splits)
    assert checksum("d.h5", {"train": (255 - pixels, labels)}) != checksum("a.h5", splits)


def test_store_with_the_statistics_of_another_set(tmp_path):
    write(tmp_path / "s.h5", {"test": labelled(4, 0)}, statistics=([0.1, 0.2, 0.3], [1.0, 2.0, 3.0]))
    split = store.read(tmp_path / "s.h5", "test")
    np.testing.assert_array_equal(split.mean, [0.1, 0.2, 0.3])
    np.testing.assert_array_equal(split.std, [1, 2, 3])


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


@pytest.mark.parametrize("per_class", [None, 1, 70, 1000])
@pytest.mark.parametrize("sort", [True, False])
def test_read_in_runs_misses_and_repeats_no_image(tmp_path, per_class, sort):
    """More images than are read at once, with stretches of which none is chosen."""
    n = 4 * store.RUN + 3
    pixels = np.random.default_rng(0).integers(0, 256, (n, 1, 3, 4), np.uint8)
    labels = np.sort(np.arange(n) % 2) if sort else np.random.default_rng(1).integers(0, 2, n)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    chosen = [i for i, y in enumerate(labels) if per_class is None or np.sum(labels[:i] == y) < per_class]
    split = store.read(tmp_path / "s.h5", "train", per_class)
    np.testing.assert_array_equal(split.images, pixels[chosen])
    np.testing.assert_array_equal(split.labels, labels[chosen])


def test_read_names_the_splits_that_are_there(tmp_path):
    write(tmp_path / "s.h5", {"train": labelled(4, 0), "test": labelled(4, 1)}, planted={"x": np.ones((6, 5), bool)})
    with pytest.raises(ValueError, match=r"has no split 'validation': it holds test, train$"):
        store.read(tmp_path / "s.h5", "validation")


def test_pixel_statistics_against_numpy():
    pixels, _ = labelled(9, 3)
    mean, std = store.pixel_statistics(pixels)
    np.testing.assert_allclose(mean, (pixels / 255).mean(axis=(0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(std, (pixels / 255).std(axis=(0, 2, 3)), rtol=1e-12)


def test_tensors_are_normalised_and_leave_the_store_alone(tmp_path):
    pixels, labels = labelled(6, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    split = store.read(tmp_path / "s.h5", "train")
    seen, truth = split.tensors()
    expected = (pixels / 255 - split.mean[:, None, None]) / split.std[:, None, None]
    assert seen.dtype == torch.float32
    np.testing.assert_allclose(seen, expected, atol=2e-6)
    np.testing.assert_array_equal(truth, labels)
    np.testing.assert_array_equal(split.images, pixels)
    assert split.tensors(dtype=torch.float64)[0].dtype == torch.float64


def test_stratified_shares_every_class_and_loses_none():
    labels = np.repeat([0, 1, 2], [10, 20, 40])
    parts = store.stratified(labels, {"train": 0.8, "validation": 0.1, "test": 0.1}, seed=1)
    assert sorted(np.concatenate(list(parts.values()))) == list(range(70))
    assert np.bincount(labels[parts["train"]]).tolist() == [8, 16, 32]
    assert np.bincount(labels[parts["test"]]).tolist() == [1, 2, 4]
    again = store.stratified(labels, {"train": 0.8, "validation": 0.1, "test": 0.1}, seed=1)
    other = store.stratified(labels, {"train": 0.8, "validation": 0.1, "test": 0.1}, seed=2)
    np.testing.assert_array_equal(parts["test"], again["test"])
    assert not np.array_equal(parts["test"], other["test"])


@pytest.mark.parametrize(
    ("shares", "message"),
    [({"a": 0.5, "b": 0.4}, "positive numbers that sum to 1"), ({"a": 0.99, "b": 0.01}, "class 0 has 5 images")],
)
def test_stratified_refuses_shares_that_do_not_work(shares, message):
    with pytest.raises(ValueError, match=message):
        store.stratified(np.zeros(5, np.int64), shares, seed=0)


def halves(left, right, side=16):
    """A square picture, one colour on the left and one on the right."""
    pixels = np.empty((side, side, 3), np.uint8)
    pixels[:, : side // 2], pixels[:, side // 2 :] = left, right
    return Image.fromarray(pixels)


RED, BLUE = (250, 0, 0), (0, 0, 250)


def saved(folder, name, picture, **options):
    folder.mkdir(parents=True, exist_ok=True)
    picture.save(folder / name, **options)
    return folder / name


@pytest.mark.parametrize("mode", ["RGB", "P", "RGBA", "L", "LA", "1"])
def test_every_mode_of_png_becomes_its_rgb(tmp_path, mode):
    picture = halves((255, 255, 255), (0, 0, 0)).convert(mode)
    saved(tmp_path / "a", "x.png", picture)
    pixels, labels, classes, skipped = store.read_folder(tmp_path, 16)
    assert (pixels.shape, pixels.dtype) == ((1, 3, 16, 16), np.uint8)
    assert (labels.tolist(), classes, skipped) == ([0], ("a",), [])
    assert (pixels[0, :, :, :8] == 255).all()
    assert (pixels[0, :, :, 8:] == 0).all()


def test_sixteen_bit_grey_keeps_its_tones(tmp_path):
    ramp = np.tile(np.arange(16, dtype=np.uint16) * 4096, (16, 1))
    saved(tmp_path / "a", "x.png", Image.fromarray(ramp))
    pixels, *_ = store.read_folder(tmp_path, 16)
    np.testing.assert_allclose(pixels[0, 0], ramp / 257, atol=1.01)


def test_jpeg_and_capital_suffixes_are_read_in_sorted_order(tmp_path):
    saved(tmp_path / "b", "2.JPG", halves(BLUE, BLUE), format="JPEG")
    saved(tmp_path / "b", "1.jpeg", halves(RED, RED))
    saved(tmp_path / "a", "1.png", halves(RED, BLUE))
    (tmp_path / "a" / "notes.txt").write_text("not a picture")
    pixels, labels, classes, _ = store.read_folder(tmp_path, 16)
    assert (labels.tolist(), classes) == ([0, 1, 1], ("a", "b"))
    np.testing.assert_allclose(pixels[1:, :, 4, 4], [RED, BLUE], atol=6)  # JPEG is lossy


def test_exif_rotation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned clockwise by a quarter: left becomes top
    saved(tmp_path / "a", "x.png", halves(RED, BLUE), exif=exif)
    pixels, *_ = store.read_folder(tmp_path, 16)
    assert (pixels[0].transpose(1, 2, 0)[:8] == RED).all()
    assert (pixels[0].transpose(1, 2, 0)[8:] == BLUE).all()


def test_the_centre_is_cropped_from_the_short_side(tmp_path):
    wide = np.zeros((8, 24, 3), np.uint8)
    wide[:, 8:16] = 200
    saved(tmp_path / "a", "x.png", Image.fromarray(wide))
    pixels, *_ = store.read_folder(tmp_path, 8, channels=1)
    assert pixels.shape == (1, 1, 8, 8)
    assert (pixels == 200).all()


def test_missing_and_empty_folders_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*/nowhere: expected class folders"):
        store.read_folder(tmp_path / "nowhere", 8)
    (tmp_path / "cat").mkdir()
    with pytest.raises(ValueError, match=r"holds no images: expected .*/<class>/\*\.jpg"):
        store.read_folder(tmp_path, 8)
    saved(tmp_path / "dog", "x.png", halves(RED, BLUE))
    with pytest.raises(ValueError, match=r"no image of class cat; every class"):
        store.read_folder(tmp_path, 8)


def test_an_image_that_does_not_decode_stops_or_is_listed(tmp_path):
    whole = saved(tmp_path / "a", "1.png", halves(RED, BLUE)).read_bytes()
    (tmp_path / "a" / "2.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "a" / "3.jpg").write_text("no picture at all")
    with pytest.raises(ValueError, match=r"/a/2\.png does not decode as an image .*set on_error to skip"):
        store.read_folder(tmp_path, 8)
    pixels, labels, _, skipped = store.read_folder(tmp_path, 8, on_error="skip")
    assert len(pixels) == len(labels) == 1
    assert skipped == [str(tmp_path / "a" / "2.png"), str(tmp_path / "a" / "3.jpg")]


def test_a_picture_too_large_to_decode_is_named(tmp_path, monkeypatch):
    saved(tmp_path / "a", "huge.png", halves(RED, BLUE))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ValueError, match=r"/a/huge\.png does not decode as an image"):
        store.read_folder(tmp_path, 8)


def test_a_class_of_which_no_image_decodes_is_an_error_even_when_skipping(tmp_path):
    saved(tmp_path / "a", "1.png", halves(RED, BLUE))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "1.png").write_text("broken")
    with pytest.raises(ValueError, match="no image of class b"):
        store.read_folder(tmp_path, 8, on_error="skip")
