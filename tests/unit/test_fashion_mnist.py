"""Fashion-MNIST's files: reading, verifying, and the order of the places they are looked for in."""

import gzip
import hashlib
import http.client
import shutil
import struct

import numpy as np
import pytest

from frequency_shortcuts.data import fashion_mnist


def idx(array):
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def data(monkeypatch):
    """Tiny arrays, in place of the published ones."""
    generator = np.random.default_rng(0)
    arrays = {}
    for part, n in (("train", 12), ("t10k", 5)):
        arrays[f"{part}-images-idx3-ubyte.gz"] = generator.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        arrays[f"{part}-labels-idx1-ubyte.gz"] = generator.integers(0, 10, n, dtype=np.uint8)
    digests = {name: hashlib.sha256(idx(array)).hexdigest() for name, array in arrays.items()}
    monkeypatch.setattr(fashion_mnist, "FILES", digests)
    return arrays


def put(folder, data):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in data.items():
        (folder / name).write_bytes(gzip.compress(idx(array)))
    return folder


def fails(error):
    def bring(scratch):
        raise error

    return bring


def test_the_published_digests_are_sha256():
    assert len(fashion_mnist.FILES) == 4
    assert all(len(bytes.fromhex(digest)) == 32 for digest in fashion_mnist.FILES.values())


@pytest.mark.parametrize("pad", [0, 2])
def test_read_gives_padded_images_and_labels(tmp_path, data, pad):
    put(tmp_path, data)
    for part, (images, labels) in zip(("train", "t10k"), fashion_mnist.read(tmp_path, pad=pad), strict=True):
        raw = data[f"{part}-images-idx3-ubyte.gz"]
        assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
        assert images.shape == (len(raw), 1, 28 + 2 * pad, 28 + 2 * pad)
        np.testing.assert_array_equal(images[:, 0, pad : pad + 28, pad : pad + 28], raw)
        assert images.sum() == raw.sum()  # the border is black
        np.testing.assert_array_equal(labels, data[f"{part}-labels-idx1-ubyte.gz"])


def test_sources_are_tried_in_order_and_the_first_that_works_is_named(tmp_path, data):
    good = put(tmp_path / "good", data)
    tried = []

    def source(name, folder):
        return name, lambda scratch: tried.append(name) or folder

    sources = [source("first", tmp_path / "nowhere"), source("second", good), source("third", good)]
    assert fashion_mnist.fetch(tmp_path / "out", sources) == "second"
    assert tried == ["first", "second"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(fashion_mnist.FILES)
    fashion_mnist.verify(tmp_path / "out")


def test_the_users_own_folder_comes_before_all_others(tmp_path):
    named = [name for name, _ in fashion_mnist.default_sources(tmp_path)]
    assert named == [f"folder {tmp_path}", *(name for name, _ in fashion_mnist.default_sources())]
    assert named[1:] == [
        "folder /usr/share/datasets/fashion-mnist",
        "torchvision's download",
        "apt-get download dataset-fashion-mnist",
    ]


def test_a_file_that_is_not_the_published_one_is_refused(tmp_path, data):
    put(tmp_path, data | {"t10k-labels-idx1-ubyte.gz": np.zeros(5, np.uint8)})
    with pytest.raises(RuntimeError, match=r"t10k-labels-idx1-ubyte\.gz is not the published file \(sha256 \w{12}"):
        fashion_mnist.read(tmp_path)
    with pytest.raises(fashion_mnist.NotFound, match="not the published file"):
        fashion_mnist.fetch(tmp_path / "out", [("folder", lambda _: tmp_path)])
    assert not (tmp_path / "out").exists()


def test_a_missing_file_is_named(tmp_path, data):
    (put(tmp_path, data) / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"no file .*train-labels-idx1-ubyte\.gz"):
        fashion_mnist.verify(tmp_path)


def cut(archive):
    return archive[: len(archive) // 2]


def garbled(archive):
    return archive[:12] + b"\xff\xff\xff" + archive[15:]


def other(archive):
    return b"<html>no such page</html>"


@pytest.mark.parametrize("damage", [cut, garbled, other])
def test_a_damaged_archive_is_named(tmp_path, data, damage):
    path = put(tmp_path, data) / "train-images-idx3-ubyte.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(RuntimeError, match=r"train-images-idx3-ubyte\.gz is not a whole gzip file"):
        fashion_mnist.verify(tmp_path)


def test_when_everything_fails_one_error_says_what_was_tried_and_what_to_do(tmp_path, data):
    sources = [
        ("the shelf", lambda _: tmp_path / "nowhere"),
        ("the web", fails(OSError("network unreachable"))),
        ("the shop", fails(RuntimeError("closed"))),
    ]
    with pytest.raises(fashion_mnist.NotFound) as caught:
        fashion_mnist.fetch(tmp_path / "out", sources)
    message = str(caught.value)
    for part in ("the shelf (no file", "the web (network unreachable)", "the shop (closed)", *fashion_mnist.FILES):
        assert part in message
    assert "Install Debian's package dataset-fashion-mnist" in message
    assert "datasets: fashion_mnist: folder" in message


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError("timed out"),
        http.client.IncompleteRead(b"half"),  # a download that was cut off
        ValueError("not enough values to unpack"),  # apt-get succeeded and left no archive
    ],
    ids=lambda error: type(error).__name__,
)
def test_however_a_source_fails_the_next_is_tried(tmp_path, data, error):
    good = put(tmp_path / "good", data)
    assert fashion_mnist.fetch(tmp_path / "out", [("bad", fails(error)), ("good", lambda _: good)]) == "good"


def programs(folder, monkeypatch, **scripts):
    """Put shell scripts of these names first on the PATH."""
    folder.mkdir()
    for name, script in scripts.items():
        path = folder / name.replace("_", "-")
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_debians_package_is_unpacked(tmp_path, data, monkeypatch):
    folder = put(tmp_path / "files", data)
    inside = "$3/usr/share/datasets"
    programs(
        tmp_path / "bin", monkeypatch,
        apt_get='[ "$1 $2" = "download dataset-fashion-mnist" ] && touch dataset-fashion-mnist_0.1_all.deb',
        dpkg_deb=f'[ "$1" = -x ] && [ -f "$2" ] && mkdir -p {inside} && cp -r {folder} {inside}/fashion-mnist',
    )  # fmt: skip
    sources = [source for source in fashion_mnist.default_sources() if source[0].startswith("apt-get")]
    assert fashion_mnist.fetch(tmp_path / "out", sources) == "apt-get download dataset-fashion-mnist"


def test_the_last_line_of_apt_is_reported(tmp_path, data, monkeypatch):
    programs(
        tmp_path / "bin", monkeypatch, apt_get="echo noise >&2; echo 'E: no such package' >&2; exit 100", dpkg_deb=""
    )
    with pytest.raises(fashion_mnist.NotFound, match=r"tried apt \(E: no such package\)"):
        fashion_mnist.fetch(tmp_path / "out", [("apt", fashion_mnist._debian_package)])


def test_a_machine_without_apt_skips_that_source(tmp_path, data, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(fashion_mnist.NotFound, match=r"tried apt \(not a Debian machine\)"):
        fashion_mnist.fetch(tmp_path / "out", [("apt", fashion_mnist._debian_package)])
