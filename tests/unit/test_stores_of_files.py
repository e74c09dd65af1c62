"""Stores that hold the paths of image files instead of pixels."""

import h5py
import numpy as np
import pytest
from image_files import photographs
from small_stores import CLASSES, content

from frequency_shortcuts.data import stores as store
from frequency_shortcuts.data.folders import ImageFiles


def write_files(path, splits, **options):
    store.write_files(path, splits, classes=CLASSES, source="made here", created_by="test", **options)


def test_paths_are_stored_whole(tmp_path, monkeypatch):
    """And names of any language; the store is read from another folder."""
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


def test_a_name_that_is_no_utf_8_is_stored_or_named(tmp_path):
    """Old archives have them."""
    files = photographs(tmp_path / "a", 2)
    odd = files[1].rename(tmp_path / "a" / b"\xe9.png".decode("utf-8", "surrogateescape"))
    pictures = ImageFiles([files[0], odd], (6, 5))
    try:
        write_files(tmp_path / "s.h5", {"train": (pictures, np.array([0, 1]))})
    except UnicodeError as error:
        pytest.fail(f"not said of which file: {error}")
    except ValueError as error:
        assert "xe9.png" in ascii(str(error)) or "udce9.png" in ascii(str(error))
    else:
        np.testing.assert_array_equal(store.read(tmp_path / "s.h5", "train").images, pictures[:])


def test_the_checksum_of_a_store_of_files_follows_names_sizes_and_labels(tmp_path):
    files, labels = photographs(tmp_path / "a", 4), np.arange(4) % 2

    def checksum(labels=labels, files=files):
        write_files(
            tmp_path / "s.h5", {"train": (ImageFiles(files, (6, 5)), labels)}, statistics=([0.5] * 3, [1.0] * 3)
        )
        return content(tmp_path / "s.h5")["checksum"]

    first = checksum()
    assert checksum() == first
    assert checksum(labels[::-1].copy()) != first
    assert checksum(files=files[::-1]) != first
    with files[2].open("ab") as file:
        file.write(b"more")
    assert checksum() != first


def test_statistics_are_those_of_a_sample_of_training_images(tmp_path, monkeypatch):
    files = photographs(tmp_path / "a", 40)
    pictures, labels = ImageFiles(files, (6, 5), workers=2), np.arange(40) % 2
    write_files(tmp_path / "all.h5", {"train": (pictures, labels)})
    np.testing.assert_allclose(content(tmp_path / "all.h5")["mean"], (pictures[:] / 255).mean((0, 2, 3)), rtol=1e-12)
    monkeypatch.setattr(store, "SAMPLED", 10)
    decoded_paths = []
    decode = ImageFiles._decode
    monkeypatch.setattr(
        ImageFiles, "_decode", lambda self, path: (decoded_paths.append(str(path)), decode(self, path))[1]
    )
    write_files(tmp_path / "some.h5", {"train": (pictures, labels)})
    chosen = [i for i, file in enumerate(files) if str(file) in decoded_paths]
    assert len(decoded_paths) == len(chosen) == 10 and max(chosen) > 10
    found = content(tmp_path / "some.h5")
    np.testing.assert_allclose(found["mean"], (pictures[np.array(chosen)] / 255).mean((0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(found["std"], (pictures[np.array(chosen)] / 255).std((0, 2, 3)), rtol=1e-12)


def test_a_store_of_files_refuses_what_a_store_of_images_refuses(tmp_path):
    pictures = ImageFiles(photographs(tmp_path / "a", 4), (6, 5))
    path = tmp_path / "s.h5"
    with pytest.raises(ValueError, match="made here, split train: no image of class dog"):
        write_files(path, {"train": (pictures, np.zeros(4, int))})
    with pytest.raises(ValueError, match="made here, split train: 3 labels for 4 images"):
        write_files(path, {"train": (pictures, np.arange(3) % 2)})
    with pytest.raises(ValueError, match="made here: without a train split, the mean and std to normalise with must"):
        write_files(path, {"test": (pictures, np.arange(4) % 2)})
    pictures.files[1].write_bytes(b"broken")
    with pytest.raises(ValueError, match=r"/0001\.png does not decode as an image"):
        write_files(path, {"train": (pictures, np.arange(4) % 2)})
    assert not path.exists()


def test_a_file_that_is_gone_when_it_is_read_is_named(tmp_path):
    files = photographs(tmp_path / "a", 4)
    write_files(tmp_path / "s.h5", {"train": (ImageFiles(files, (6, 5)), np.arange(4) % 2)})
    files[2].unlink()
    with pytest.raises(ValueError, match=r"/0002\.png does not decode as an image .*No such file"):
        store.read(tmp_path / "s.h5", "train")
    split = store.read(tmp_path / "s.h5", "train", in_memory=0)
    assert split.images[:2].shape == (2, 3, 6, 5)
