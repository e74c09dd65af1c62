"""CIFAR-10's files: reading without executing, verifying, and the places they come from."""

import hashlib
import io
import os
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torchvision.datasets
import torchvision.datasets.utils

from frequency_shortcuts.data import cifar10

N = 3  # images of a file


class Python2(pickle._Pickler):
    """Writes text and bytes as Python 2 wrote its strings, which the published files are full of."""

    def save_string(self, text):
        raw = text.encode("latin1") if isinstance(text, str) else text
        self.write(pickle.BINSTRING + len(raw).to_bytes(4, "little") + raw)
        self.memoize(text)

    dispatch = {**pickle._Pickler.dispatch, str: save_string, bytes: save_string}  # noqa: RUF012


def dumped(content):
    file = io.BytesIO()
    Python2(file, 2).dump(content)
    return file.getvalue().replace(b"numpy._core", b"numpy.core")


@pytest.fixture
def contents():
    """Small contents of the seven files, as dicts."""
    generator = np.random.default_rng(0)
    batches = {
        name: {
            "batch_label": name,
            "labels": [int(label) for label in generator.integers(0, 10, N)],
            "data": generator.integers(0, 256, (N, 3072), dtype=np.uint8),
            "filenames": [f"{name}_{i}.png" for i in range(N)],
        }
        for name in (*cifar10.TRAIN, cifar10.TEST)
    }
    names = {"num_cases_per_batch": N, "label_names": list(cifar10.CLASSES), "num_vis": 3072}
    return {**batches, cifar10.META: names}


@pytest.fixture
def files(contents):
    return {name: dumped(content) for name, content in contents.items()}


def sums(files):
    return {name: hashlib.md5(raw).hexdigest() for name, raw in files.items()}


def put(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, raw in files.items():
        (folder / name).write_bytes(raw)
    return folder


def put_archive(folder, files, inner=cifar10.FOLDER):
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / cifar10.ARCHIVE, "w:gz") as archive:
        for name, raw in files.items():
            member = tarfile.TarInfo(f"{inner}/{name}")
            member.size = len(raw)
            archive.addfile(member, io.BytesIO(raw))
    return folder


def test_the_files_are_those_of_torchvision():
    published = torchvision.datasets.CIFAR10
    assert tuple(name for name, _ in published.train_list) == cifar10.TRAIN
    assert [name for name, _ in published.test_list] == [cifar10.TEST]
    assert (published.base_folder, published.filename) == (cifar10.FOLDER, cifar10.ARCHIVE)
    assert set(cifar10.checksums()) == set(cifar10.FILES) and len(cifar10.FILES) == 7
    assert all(len(bytes.fromhex(digest)) == 16 for digest in cifar10.checksums().values())


def test_the_small_files_are_pickles_of_python_2(files):
    """As the published ones: the names of numpy 1, byte strings, and none of what Python 3 writes for bytes."""
    assert b"cnumpy.core.multiarray\n_reconstruct\n" in files["test_batch"] and b"_codecs" not in files["test_batch"]
    content = pickle.loads(files["test_batch"], encoding="bytes")
    assert set(content) == {b"batch_label", b"labels", b"data", b"filenames"}


def test_read_gives_what_torchvision_reads(tmp_path, contents, files, monkeypatch):
    put(tmp_path / cifar10.FOLDER, files)
    listed = sums(files)
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "train_list", [[n, listed[n]] for n in cifar10.TRAIN])
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "test_list", [[cifar10.TEST, listed[cifar10.TEST]]])
    meta = {"filename": cifar10.META, "key": "label_names", "md5": listed[cifar10.META]}
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "meta", meta)
    found = cifar10.read(tmp_path / cifar10.FOLDER)
    for train, (images, labels) in zip((True, False), found, strict=True):
        expected = torchvision.datasets.CIFAR10(str(tmp_path), train=train)
        assert (images.dtype, labels.dtype, images.shape[1:]) == (np.uint8, np.int64, (3, 32, 32))
        np.testing.assert_array_equal(images.transpose(0, 2, 3, 1), expected.data)
        np.testing.assert_array_equal(labels, expected.targets)
    assert tuple(expected.classes) == cifar10.CLASSES


def test_rows_are_red_green_and_blue_planes_line_by_line(tmp_path, contents, files):
    (images, _), (test, _) = cifar10.read(put(tmp_path, files), sums(files))
    assert (len(images), len(test)) == (5 * N, N)
    for i, j, k in ((0, 0, 0), (1, 5, 31), (2, 31, 7)):
        assert images[N, i, j, k] == contents["data_batch_2"]["data"][0, 1024 * i + 32 * j + k]


@pytest.mark.parametrize("layout", ["files", "folder", "archive"])
def test_a_named_folder_holds_the_files_their_folder_or_the_archive(tmp_path, files, layout):
    match layout:
        case "files":
            put(tmp_path / "mine", files)
        case "folder":
            put(tmp_path / "mine" / cifar10.FOLDER, files)
        case "archive":
            put_archive(tmp_path / "mine", {**files, "readme.html": b"more"})
    sources = cifar10.default_sources(tmp_path / "mine")
    assert cifar10.fetch(tmp_path / "out", sources, sums(files)) == f"folder {tmp_path / 'mine'}"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(cifar10.FILES)
    cifar10.read(tmp_path / "out", sums(files))
    cifar10.check_folder(tmp_path / "mine", sums(files))


def test_only_the_seven_files_are_unpacked(tmp_path, files):
    put_archive(tmp_path / "mine", files, inner="../outside")
    with pytest.raises(cifar10.NotFound, match=r"no file .*data_batch_1"):
        cifar10.check_folder(tmp_path / "mine", sums(files))
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_named_folder_is_the_only_source_and_without_one_the_files_are_downloaded(tmp_path):
    assert [name for name, _ in cifar10.default_sources(tmp_path)] == [f"folder {tmp_path}"]
    assert [name for name, _ in cifar10.default_sources()] == ["torchvision's download"]


def test_torchvisions_download_is_unpacked_and_nothing_in_it_unpickled(tmp_path, files, monkeypatch):
    requested = []

    def download(url, root, filename, md5):
        requested.append((url, filename, md5))
        put_archive(tmp_path / "web", files)
        os.replace(tmp_path / "web" / cifar10.ARCHIVE, Path(root) / filename)

    monkeypatch.setattr(torchvision.datasets.utils, "download_url", download)
    monkeypatch.setattr(pickle, "load", None)
    assert cifar10.fetch(tmp_path / "out", md5=sums(files)) == "torchvision's download"
    published = torchvision.datasets.CIFAR10
    assert requested == [(published.url, published.filename, published.tgz_md5)]
    cifar10.verify(tmp_path / "out", sums(files))


def test_a_file_with_another_checksum_is_refused(tmp_path, files):
    put(tmp_path / "mine", files)
    for call in (cifar10.read, cifar10.verify):
        with pytest.raises(RuntimeError, match=r"data_batch_1 is not the published file \(md5 \w{12}, expected c99"):
            call(tmp_path / "mine")
    with pytest.raises(cifar10.NotFound, match=r"not the published file .*Put cifar-10-python\.tar\.gz"):
        cifar10.check_folder(tmp_path / "mine")
    with pytest.raises(cifar10.NotFound, match="not the published file"):
        cifar10.fetch(tmp_path / "out", cifar10.default_sources(tmp_path / "mine"))
    assert not (tmp_path / "out").exists()


def test_a_truncated_file_is_refused(tmp_path, files):
    cut = {**files, "test_batch": files["test_batch"][:5000]}
    put(tmp_path, cut)
    with pytest.raises(RuntimeError, match="test_batch is not the published file"):
        cifar10.read(tmp_path, sums(files))
    with pytest.raises(ValueError, match="test_batch is not a pickle of images: "):
        cifar10.read(tmp_path, sums(cut))


@pytest.mark.parametrize("damage", [lambda raw: raw[: len(raw) // 2], lambda raw: b"<html>no such page</html>"])
def test_a_damaged_archive_is_named(tmp_path, files, damage):
    path = put_archive(tmp_path, files) / cifar10.ARCHIVE
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(cifar10.NotFound, match=r"cifar-10-python\.tar\.gz is not a whole tar\.gz archive\. Put "):
        cifar10.check_folder(tmp_path, sums(files))


@pytest.mark.parametrize("name", cifar10.FILES)
def test_a_folder_that_lacks_a_file_is_refused_and_the_file_named(tmp_path, files, name):
    (put(tmp_path, files) / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"no file .*{name}"):
        cifar10.read(tmp_path, sums(files))
    with pytest.raises(cifar10.NotFound, match=rf"CIFAR-10 was not found; tried folder .* \(no file .*{name}\)\. Put "):
        cifar10.fetch(tmp_path / "out", cifar10.default_sources(tmp_path), sums(files))


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(cifar10.NotFound, match=r"no folder .*nowhere\. Put .* datasets: cifar10: folder"):
        cifar10.check_folder(tmp_path / "nowhere")


class Hostile:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("function", [eval, exec, os.system, open], ids=lambda function: function.__name__)
@pytest.mark.parametrize("name", ["data_batch_3", "batches.meta"])
def test_a_pickle_that_would_execute_something_is_refused(tmp_path, contents, files, function, name):
    victim = tmp_path / "victim"
    code = f"__import__('pathlib').Path({str(victim)!r}).touch()"
    arguments = {"system": (f"touch {victim}",), "open": (str(victim), "w")}.get(function.__name__, (code,))
    files[name] = dumped({**contents[name], "more": Hostile(function, *arguments)})
    pickle.loads(files[name], encoding="latin1")
    assert victim.exists()  # what an ordinary reader does
    victim.unlink()
    with pytest.raises(ValueError, match=f"{name} is not a pickle of images: it refers to .*{function.__name__}"):
        cifar10.read(put(tmp_path, files), sums(files))
    assert not victim.exists()


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("data_batch_2", {"data": np.zeros((N, 3071), np.uint8)}, r"expected an array data, uint8 \[n, 3072\]"),
        ("data_batch_2", {"data": np.zeros((N, 3072), np.int16)}, "expected an array data"),
        ("data_batch_2", {"data": np.zeros(3072, np.uint8)}, "expected an array data"),
        ("data_batch_2", {"data": {}}, "expected an array data"),
        ("data_batch_2", {"data": None}, "expected an array data"),
        ("test_batch", {"labels": [0] * (N - 1)}, "expected a list of 3 labels from 0 to 9"),
        ("test_batch", {"labels": [0, 1, 10]}, "expected a list of 3 labels"),
        ("test_batch", {"labels": [0, 1, -1]}, "expected a list of 3 labels"),
        ("test_batch", {"labels": ["a", "b", "c"]}, "expected a list of 3 labels"),
        ("test_batch", {"labels": None}, "expected a list of 3 labels"),
        ("batches.meta", {"label_names": ["apple", "baby"]}, "expected label_names airplane, "),
        ("batches.meta", {"label_names": None}, "expected label_names airplane, "),
    ],
)
def test_another_layout_is_refused(tmp_path, contents, files, name, change, message):
    files[name] = dumped({**contents[name], **change})
    with pytest.raises(ValueError, match=f"{name} is not laid out as CIFAR-10: {message}"):
        cifar10.read(put(tmp_path, files), sums(files))


def test_a_file_that_holds_no_dict_is_refused(tmp_path, files):
    files["test_batch"] = dumped([1, 2])
    with pytest.raises(ValueError, match="test_batch is not laid out as CIFAR-10: expected a dict, found list"):
        cifar10.read(put(tmp_path, files), sums(files))
