"""Folders of image files: their listing, and the reading of many pictures."""

import threading
import time

import numpy as np
import pytest
from PIL import Image
from small_stores import saved

from frequency_shortcuts.data import folders
from frequency_shortcuts.data.folders import ImageFiles

# Which files there are


def tree(root, *names):
    """A folder with these empty files."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def shown(root, files):
    return [str(path.relative_to(root)) for path in files]


def test_the_folders_are_the_classes_in_sorted_order(tmp_path):
    root = tree(tmp_path, "b/2.JPG", "b/10.jpeg", "b/1.webp", "a/x.PNG", "a/notes.txt", "a/.hidden.png", ".git/x.png")
    tree(tmp_path, "stray.png", "a/deeper/x.png")
    files, labels, classes = folders.listing(root)
    assert shown(root, files) == ["a/x.PNG", "b/1.webp", "b/10.jpeg", "b/2.JPG"]
    assert (labels.tolist(), labels.dtype, classes) == ([0, 1, 1, 1], np.int64, ("a", "b"))


def test_classes_are_mapped_to_folders_in_their_own_order(tmp_path):
    root = tree(tmp_path, "n01/1.jpg", "n02/1.jpg", "n02/2.jpg", "n03/1.jpg")
    files, labels, classes = folders.listing(root, {"zebra": "n02", "ant": "n01"})
    assert shown(root, files) == ["n02/1.jpg", "n02/2.jpg", "n01/1.jpg"]
    assert (labels.tolist(), classes) == ([0, 0, 1], ("zebra", "ant"))


def test_missing_and_empty_folders_are_named(tmp_path):
    """Besides what tests/trials has."""
    with pytest.raises(ValueError, match=r"has no n01 \(cat\); it holds no folders$"):
        folders.listing(tmp_path, {"cat": "n01"})
    tree(tmp_path, "dog/x.png", "cat/notes.txt")
    with pytest.raises(ValueError, match=r"has no n01 \(cat\), cow; it holds cat, dog$"):
        folders.listing(tmp_path, {"cat": "n01", "cow": "cow", "dog": "dog"})
    with pytest.raises(ValueError, match=r"n01 in .* is the folder of several classes"):  # and so of different splits
        folders.listing(tmp_path, {"cat": "n01", "dog": "n01"})


def test_twins_have_the_same_name_and_any_suffix(tmp_path):
    """One of exactly the same name comes first: 1.jpg and 1.png may be two photographs."""
    root = tree(tmp_path / "content", "a/1.jpg", "a/1.png", "a/2.b.JPEG", "b/1.png")
    style = tree(tmp_path / "style", "b/1.webp", "a/2.b.png", "a/1.png", "a/1.jpg", "a/3.png", "c/1.png")
    files, _, _ = folders.listing(root)
    expected = ["a/1.jpg", "a/1.png", "a/2.b.png", "b/1.webp"]
    assert shown(style, folders.twins(files, root, str(style))) == expected
    assert folders.twins([], root, style) == []


def test_missing_twins_are_named(tmp_path):
    root = tree(tmp_path / "content", *(f"a/{i}.jpg" for i in range(7)), "b/1.jpg")
    files, _, _ = folders.listing(root)
    with pytest.raises(FileNotFoundError, match=r"/style: expected the same class .* as in .*content"):
        folders.twins(files, root, tmp_path / "style")
    tree(tmp_path / "style", "a/6.png")
    with pytest.raises(ValueError, match=r"/style has no twin of a/0.jpg, .*, a/4\.jpg and 2 more$"):
        folders.twins(files, root, tmp_path / "style")


# Many of them


@pytest.fixture
def many(tmp_path):
    """Fifty files; file i has the tone 5 i."""
    return [saved(tmp_path, f"{i:02d}.png", Image.new("RGB", (6, 5), (5 * i,) * 3)) for i in range(50)]


def tones(pixels):
    return (pixels[:, 0, 0, 0] // 5).tolist()


def test_decoding_keeps_the_order_of_the_files(many, monkeypatch):
    decode = ImageFiles._decode

    def slow(self, path):
        time.sleep(0.004 * (int(path.stem) % 5 == 0))
        return decode(self, path)

    monkeypatch.setattr(ImageFiles, "_decode", slow)
    found = list(ImageFiles(many, (4, 4), workers=8).decoded())
    assert [i for i, _ in found] == list(range(50))
    assert tones(np.stack([pixels for _, pixels in found])) == list(range(50))


INDICES = [slice(None), slice(7, 20), slice(None, None, -3), slice(40, 99), slice(3, 3), np.array([9, 2, 2, 49, 0]),
           np.array([], int), np.array([-1, -50]), np.arange(50) % 7 == 0]  # fmt: skip


def test_pictures_are_indexed_as_an_array(many):
    pictures = ImageFiles(many, (4, 4), workers=3)
    assert (len(pictures), pictures.shape, pictures.dtype) == (50, (50, 3, 4, 4), np.uint8)
    for index in INDICES:
        found = pictures[index]
        assert found.shape[1:] == (3, 4, 4)
        assert tones(found) == np.arange(50)[index].tolist()


def test_a_subset_keeps_the_settings(many):
    pictures = ImageFiles(many, (4, 6), 1, resize=7, workers=2, on_error="skip")
    some = pictures.subset(np.array([5, 3, 3]))
    assert (some.resize, some.workers, some.on_error, some.shape) == (7, 2, "skip", (3, 1, 4, 6))
    assert tones(some[:]) == [5, 3, 3]
    np.testing.assert_array_equal(some[:], pictures[np.array([5, 3, 3])])


def test_a_picture_that_does_not_decode_stops_or_is_skipped(many):
    for i in (0, 7, 8, 49):
        many[i].write_bytes(b"broken")
    with pytest.raises(ValueError, match=r"/00\.png does not decode"):
        list(ImageFiles(many, (4, 4), workers=4).decoded())
    pictures = ImageFiles(many, (4, 4), workers=4, on_error="skip")
    positions = [i for i, _ in pictures.decoded()]
    assert positions == [i for i in range(50) if i not in (0, 7, 8, 49)]
    assert pictures.skipped == [str(many[i]) for i in (0, 7, 8, 49)]
    with pytest.raises(ValueError, match=r"/07\.png does not decode"):  # an array has no holes
        pictures[5:9]
    assert tones(pictures[1:4]) == [1, 2, 3]


class Watched(folders.ThreadPoolExecutor):
    """Notes what it is given to do, and when its work is to end."""

    submitted, ending = [], threading.Event()

    def submit(self, work, path):
        self.submitted.append(path)
        return super().submit(work, path)

    def shutdown(self, **options):
        self.ending.set()
        super().shutdown(**options)


@pytest.fixture
def watched(monkeypatch):
    monkeypatch.setattr(folders, "ThreadPoolExecutor", Watched)
    Watched.submitted.clear(), Watched.ending.clear()
    return Watched


def test_no_more_than_a_few_are_decoded_ahead(many, watched):
    """Memory must not grow with the folder when the writer is slow."""
    for i, _ in ImageFiles(many, (4, 4), workers=2).decoded():
        assert len(watched.submitted) <= i + 9
    assert watched.submitted == many
