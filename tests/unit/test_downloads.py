"""Published sets, read from files, verified and fetched from the first place that has them; and renditions."""

import gzip
import hashlib
import http.client
import pickle
import struct
from unittest.mock import Mock

import numpy as np
import pytest
from torchvision.datasets import CIFAR10

from frequency_shortcuts.images import stores
from frequency_shortcuts.images.splits import stratified
from frequency_shortcuts.images.stored_images import Stored
from study.images import renditions
from study.sources.downloads import DOWNLOADS, NotFound

FASHION, CIFAR = DOWNLOADS["fashion_mnist"], DOWNLOADS["cifar10"]
N = 3  # photographs of a file
PICKLES = [name.removeprefix("cifar-10-batches-py/") for name in CIFAR.files]


def idx(array):
    """The published layout: two zero bytes, the type (8 = unsigned byte), the number of axes, their lengths, data."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def fashion(monkeypatch):
    generator, arrays = np.random.default_rng(0), {}
    for part, n in (("train", 12), ("t10k", 5)):
        arrays[f"{part}-images-idx3-ubyte.gz"] = generator.integers(
            0, 256, (n, 28, 28), dtype=np.uint8
        )
        arrays[f"{part}-labels-idx1-ubyte.gz"] = generator.integers(0, 10, n, dtype=np.uint8)
    sums = {name: hashlib.sha256(idx(array)).hexdigest() for name, array in arrays.items()}
    monkeypatch.setattr(type(FASHION), "sums", sums)
    return arrays


@pytest.fixture
def cifar(monkeypatch):
    generator = np.random.default_rng(0)
    contents = {}
    for name in PICKLES[:6]:
        labels, pixels = (
            generator.integers(0, 10, N).tolist(),
            generator.integers(0, 256, (N, 3072), np.uint8),
        )
        contents[name] = {"labels": labels, "data": pixels}
    contents["batches.meta"] = {"label_names": list(CIFAR.classes)}
    sums = {
        name: hashlib.md5(pickle.dumps(content, 2)).hexdigest()
        for name, content in contents.items()
    }
    monkeypatch.setattr(CIFAR10, "train_list", [[name, sums[name]] for name in PICKLES[:5]])
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", sums["test_batch"]]])
    monkeypatch.setattr(CIFAR10, "meta", CIFAR10.meta | {"md5": sums["batches.meta"]})
    return contents


def put(folder, contents):
    """The files of published sets: arrays of Fashion-MNIST, and dicts of CIFAR-10."""
    for name, content in contents.items():
        pickled = isinstance(content, dict)
        path = folder / (f"cifar-10-batches-py/{name}" if pickled else name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(content, 2) if pickled else gzip.compress(idx(content)))
    return folder


def test_sealed_photographs_are_the_last_of_each_class_in_the_training_split_of_the_default_study():
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(10), 6000))
    sealed, train = (
        FASHION.numbered(labels, FASHION.sealed),
        stratified(labels, {"train": 0.9, "validation": 0.1}, 0)["train"],
    )
    assert (np.diff(sealed) > 0).all() and np.isin(sealed, train).all()
    assert (np.bincount(labels[sealed]) == 500).all()
    for c in range(10):
        others = train[(labels[train] == c) & ~np.isin(train, sealed)]
        assert len(others) == 4900 and others.max() < sealed[labels[sealed] == c].min()
    assert CIFAR.sealed is None


@pytest.mark.parametrize("seed", [0, 7])
def test_sealed_photographs_are_in_no_split_and_numbered_ones_in_the_test_split_alone(
    monkeypatch, seed
):
    labels = np.repeat(np.arange(10), 60)
    numbers = (
        np.arange(600, dtype=np.uint16).view(np.uint8).reshape(600, 1, 1, 2)
    )  # of each image, as its pixels
    monkeypatch.setattr(type(FASHION), "sealed", (50, 54))
    monkeypatch.setattr(
        type(FASHION), "read", lambda self, folder: ((numbers, labels), (numbers[:9], labels[:9]))
    )
    kept, other = (
        {
            name: images.view(np.uint16).ravel()
            for name, (images, _) in FASHION.splits("raw", 0.1, seed, of).items()
        }
        for of in ("all", [40, 42])
    )
    sealed, train = (
        FASHION.numbered(labels, (50, 54)),
        stratified(labels, {"train": 0.9, "validation": 0.1}, 0)["train"],
    )
    slow = [train[labels[train] == c][39:42] for c in range(10)]
    assert (
        np.array_equal(other["test"], np.concatenate(slow))
        and len(sealed) == 50
        and len(kept["test"]) == 9
    )
    assert np.array_equal(np.sort(np.concatenate([sealed, *other.values()])), np.arange(600))
    for name in ("train", "validation"):
        assert np.array_equal(other[name], np.setdiff1d(kept[name], other["test"]))
    half, of_half = FASHION.splits("raw", 0.1, seed, "second_half")["test"]
    assert of_half.tolist() == [0] * 5 and np.array_equal(half, numbers[4:9])
    assert (np.bincount(labels[other["validation"]]) <= 6).all()


def test_fashion_mnist_is_read_with_a_black_border(tmp_path, fashion):
    for part, (images, labels) in zip(
        ("train", "t10k"), FASHION.read(put(tmp_path, fashion)), strict=True
    ):
        raw = fashion[f"{part}-images-idx3-ubyte.gz"]
        assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
        assert images.shape == (len(raw), *FASHION.shape)
        np.testing.assert_array_equal(images[:, 0, 2:30, 2:30], raw)
        assert images.sum() == raw.sum()
        np.testing.assert_array_equal(labels, fashion[f"{part}-labels-idx1-ubyte.gz"])


def test_cifar10_is_read_as_planes_of_red_green_and_blue(tmp_path, cifar):
    train, test = CIFAR.read(put(tmp_path, cifar))
    for (images, labels), names in ((train, PICKLES[:5]), (test, PICKLES[5:6])):
        assert (images.dtype, labels.dtype) == (np.uint8, np.int64) and images.flags.c_contiguous
        rows = np.concatenate([cifar[name]["data"] for name in names])
        np.testing.assert_array_equal(images.reshape(-1, 3072), rows)
        np.testing.assert_array_equal(
            labels, np.concatenate([cifar[name]["labels"] for name in names])
        )
    assert train[0].shape == (5 * N, *CIFAR.shape)
    assert train[0][N, 1, 5, 31] == cifar["data_batch_2"]["data"][0, 1024 + 32 * 5 + 31]


def test_a_folder_of_the_user_holds_the_files_of_cifar10(tmp_path, cifar):
    own = put(tmp_path / "own", cifar)
    assert CIFAR.fetch(tmp_path / "out", str(own)) == f"folder {own}"
    copies = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").glob("*/*")}
    assert copies == set(CIFAR.files) and len(CIFAR.read(tmp_path / "out")[0][1]) == 5 * N


def test_the_sources_are_tried_in_order_and_the_first_that_works_is_named(
    tmp_path, fashion, monkeypatch
):
    good, cut_off = (
        put(tmp_path / "good", fashion),
        Mock(side_effect=http.client.IncompleteRead(b"half")),
    )
    tried = [cut_off, *(Mock(return_value=folder) for folder in (tmp_path / "nowhere", good, good))]
    monkeypatch.setattr(
        FASHION, "sources", [*zip(("web", "first", "second", "third"), tried, strict=True)]
    )
    assert FASHION.fetch(tmp_path / "out") == "second" and [one.call_count for one in tried] == [
        1,
        1,
        1,
        0,
    ]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(FASHION.files)
    # A folder of the user is the only source.
    with pytest.raises(
        NotFound,
        match=r"tried folder .*own \(.*No such file.*own/train-images-idx3-ubyte\.gz'\)\. Install",
    ):
        FASHION.fetch(tmp_path / "other", tmp_path / "own")


def test_if_no_source_works_one_error_says_what_was_tried_and_what_to_do(tmp_path, monkeypatch):
    unreachable = Mock(side_effect=OSError("network unreachable"))
    monkeypatch.setattr(
        FASHION, "sources", [("the shelf", lambda scratch: tmp_path), ("the web", unreachable)]
    )
    with pytest.raises(NotFound) as caught:
        FASHION.fetch(tmp_path / "out")
    for part in (
        "the shelf ([Errno 2] No such file",
        "the web (network unreachable)",
        *FASHION.files,
        "fashion_mnist: folder",
    ):
        assert part in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("published", "damage"),
    [
        ("fashion", lambda raw: b"<html>no such page</html>"),
        ("fashion", lambda raw: gzip.compress(b"")),
        ("cifar", lambda raw: raw[: len(raw) // 2]),
    ],
)
def test_files_that_are_not_the_published_ones_are_refused(
    tmp_path, published, damage, fashion, cifar
):
    own = tmp_path / "own"
    written = {
        "fashion": lambda: put(own, fashion) / "t10k-labels-idx1-ubyte.gz",
        "cifar": lambda: put(own, cifar) / "cifar-10-batches-py" / "data_batch_3",
    }
    path = written[published]()
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(NotFound, match=rf"was not found; tried folder {own} \("):
        (FASHION if published == "fashion" else CIFAR).fetch(tmp_path / "out", own)
    assert not (tmp_path / "out").exists()


def test_a_pickle_that_is_not_the_published_one_is_not_opened(tmp_path, cifar, monkeypatch):
    cifar["data_batch_3"]["labels"][0] = 11
    monkeypatch.setattr(pickle, "load", None)
    with pytest.raises(RuntimeError, match="Dataset not found or corrupted"):
        CIFAR.read(put(tmp_path, cifar))


def test_debians_package_is_unpacked(tmp_path, fashion, monkeypatch):
    """By shell scripts in the place of two programs; apt is the only source."""
    folder, inside = put(tmp_path / "files", fashion), "$3/usr/share/datasets"
    for name, script in {
        "apt-get": '[ "$1 $2" = "download dataset-fashion-mnist" ] && touch dataset-fashion-mnist_0.1_all.deb',
        "dpkg-deb": f'[ "$1" = -x ] && [ -f "$2" ] && mkdir -p {inside} && cp -r {folder} {inside}/fashion-mnist',
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(FASHION, "sources", FASHION.sources[-1:])
    assert FASHION.fetch(tmp_path / "out") == "apt-get download dataset-fashion-mnist"


SEEDED = {"noisy", "texture"}


def photographs(n=6, channels=3, height=32, width=32, low=0, high=255):
    """Smooth bright blobs with a texture, on a dark border; three classes."""
    generator = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width]
    images = np.empty((n, channels, height, width))
    for image in images:
        row, column = generator.uniform(0.4, 0.6, 2) * (height, width)
        size = generator.uniform(0.15, 0.3) * min(height, width)
        blob = np.exp(-((((y - row) ** 2 + (x - column) ** 2) / size**2) ** 2))
        image[:] = blob * generator.uniform(0.5, 1, (channels, height, width))
    return (low + images / images.max() * (high - low)).astype(np.uint8), np.arange(n) % 3


@pytest.mark.parametrize("name", renditions.names())
def test_a_rendition_is_repeatable_and_changes_every_image(name):
    for shape in ((1, 32, 32), (3, 33, 45)):
        images, labels = photographs(6, *shape)
        before = images.copy()
        drawn = renditions.Rendition(name, images, labels, seed=1)[:]
        assert (drawn.dtype, drawn.shape) == (np.uint8, images.shape)
        np.testing.assert_array_equal(images, before)
        np.testing.assert_array_equal(renditions.Rendition(name, images, labels, seed=1)[:], drawn)
        assert (drawn != images).any(axis=(1, 2, 3)).all()
        assert np.array_equal(renditions.Rendition(name, images, labels, seed=2)[:], drawn) == (
            name not in SEEDED
        )


def drawn(name, *images):
    stack = np.stack(images)[:, None].astype(np.uint8)
    return renditions.Rendition(name, stack, np.arange(len(images)))[:][:, 0]


def test_renditions_of_a_step_a_ring_one_tone_and_all_levels():
    y, x = np.mgrid[:32, :32]
    step, even = np.where(x < 16, 0, 255), np.full((32, 32), 80)
    sketched, empty = drawn("sketch", step, even)  # nothing of the first may show in the second
    assert (
        sketched[:, 15:17].max() == 0
        and sketched[:, :12].min() == 255
        and sketched[:, 20:].min() == 255
    )
    assert empty.min() == 255
    np.testing.assert_array_equal(drawn("cartoon", step)[0], step)
    assert set(np.unique(renditions.Rendition("cartoon", *photographs())[:])) <= {0, 85, 170, 255}
    radius = np.hypot(y - 15.5, x - 15.5)
    rings = [
        np.where((radius < 10) & (radius > 4), tone, dark) for dark, tone in ((0, 200), (250, 90))
    ]
    for filled in drawn("silhouette", *rings):  # the object without its holes
        np.testing.assert_array_equal(filled, np.where(radius < 10, 255, 0))
    assert drawn("silhouette", even).max() == 0
    levels = np.arange(256).reshape(16, 16)
    np.testing.assert_array_equal(drawn("inverted", levels)[0], 255 - levels)


def test_texture_keeps_low_frequencies_and_takes_high_ones_of_another_class():
    images, labels = photographs(low=90, high=150)  # low contrast, so that nothing is clipped
    drawn = renditions.Rendition("texture", images, labels)[:]
    radius = np.hypot(np.fft.fftfreq(32, 1 / 32)[:, None], np.fft.fftfreq(32, 1 / 32))
    before, after = np.fft.fft2(images), np.fft.fft2(drawn)
    rounding = 6 * 32 / np.sqrt(12)  # six standard deviations of the rounding of 32 x 32 pixels
    np.testing.assert_allclose(
        after[..., radius < 4], before[..., radius < 4], rtol=0, atol=rounding
    )
    for i, image in enumerate(after):
        donors = [
            j
            for j in range(len(images))
            if abs(image - before[j])[..., radius >= 4].max() < rounding
        ]
        assert len(donors) == 1
        assert labels[donors[0]] != labels[i]


@pytest.mark.parametrize("name", renditions.names())
def test_images_that_are_read_when_they_are_drawn_give_the_same(tmp_path, monkeypatch, name):
    """From a store that is larger than what may be in memory, in batches, which shows that images do not interfere."""
    pixels, labels = photographs(7)
    about = {
        "classes": ("a", "b", "c"),
        "source": "",
        "created_by": "",
        "statistics": (np.zeros(3), np.ones(3)),
    }
    stores.write(tmp_path / "test.h5", {"test": (pixels, labels)}, **about)
    stored = stores.read(tmp_path / "test.h5", "test", in_memory=pixels.nbytes - 1).images
    assert isinstance(stored, Stored)
    whole = renditions.Rendition(name, pixels, labels, seed=1)[:]
    for per_batch in (1, 2):
        monkeypatch.setattr(renditions, "IN_BATCH", per_batch * pixels[0].size)
        np.testing.assert_array_equal(renditions.Rendition(name, stored, labels, seed=1)[:], whole)
    drawn = renditions.Rendition(name, stored, labels, seed=1)
    assert (drawn.shape, len(drawn)) == (whole.shape, 7)
    for some in (slice(5, 9), slice(2, 5), slice(0, 0)):
        np.testing.assert_array_equal(drawn[some], whole[some])
    stores.write(tmp_path / "drawn.h5", {"test": (drawn, labels)}, **about)
    np.testing.assert_array_equal(stores.read(tmp_path / "drawn.h5", "test").images, whole)
