"""Images in chunks of HDF5 datasets: deflated if it pays, and read from their place in the file."""

import os
import zlib

import h5py
import numpy as np
import pytest

from frequency_shortcuts.data import chunks
from frequency_shortcuts.data import stores as store
from frequency_shortcuts.data.chunks import Stored
from frequency_shortcuts.data.splits import identity

CLASSES = ("cat", "dog")
BLACK, NOISE, HALF = "black", "noise", "half"


def labelled(n, seed, channels=3, height=6, width=5):
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (n, channels, height, width), dtype=np.uint8)
    return pixels, (np.arange(n) % 2).astype(np.int64)


def drawn(kinds, side=80, channels=1):
    """Images that deflate to nothing, not at all, or to a half."""
    pixels = np.random.default_rng(0).integers(0, 256, (len(kinds), channels, side, side), dtype=np.uint8)
    for image, kind in zip(pixels, kinds, strict=True):
        image[:, : {BLACK: side, HALF: side // 2, NOISE: 0}[kind]] = 0
    return pixels


def write(path, splits, **options):
    store.write(path, splits, classes=CLASSES, source="made here", created_by="test", **options)


@pytest.fixture(autouse=True)
def threads_for_small_images_too(monkeypatch):
    monkeypatch.setattr(chunks, "PER_THREAD", 1)


@pytest.fixture
def an_image_a_chunk(monkeypatch):
    monkeypatch.setattr(chunks, "SHARED", 0)


def masks(path):
    with h5py.File(path) as file:
        stored = file["train"]["images"].id
        return [stored.read_direct_chunk((i, 0, 0, 0))[0] for i in range(len(file["train"]["images"]))]


@pytest.mark.parametrize(
    ("kind", "side", "mask"),
    [
        (BLACK, 64, 1),  # 4096 bytes: no more to gain than a page
        (BLACK, 65, 0),
        (HALF, 80, 1),  # a half of 6400 bytes is less than a page
        (HALF, 100, 0),
        (NOISE, 200, 1),
    ],
)
def test_an_image_is_deflated_where_it_pays(tmp_path, kind, side, mask, an_image_a_chunk):
    pixels = drawn([kind] * 4, side)
    write(tmp_path / "s.h5", {"train": (pixels, np.arange(4) % 2)}, statistics=([0.5], [0.2]))
    assert masks(tmp_path / "s.h5") == [mask] * 4
    np.testing.assert_array_equal(store.read(tmp_path / "s.h5", "train").images, pixels)


@pytest.mark.parametrize(("rows", "mask"), [(48, 1), (56, 0)])
def test_a_quarter_of_a_large_image_is_the_least_to_deflate_for(tmp_path, rows, mask):
    """24 and 28 % of 200 x 200 are black: both are more than a page."""
    pixels = drawn([NOISE], 200)
    pixels[:, :, :rows] = 0
    packed, found = chunks.pack(pixels[0])
    assert found == mask
    assert (zlib.decompress(packed) if mask == 0 else packed) == pixels[0].tobytes()


def test_a_chunk_is_what_any_reader_of_hdf5_takes(tmp_path):
    """Deflated chunks hold what HDF5's own filter writes, the others hold the image, and their masks state which."""
    kinds = [BLACK, NOISE, NOISE, HALF, NOISE, BLACK, BLACK, NOISE, HALF]
    pixels = drawn(kinds, 100)
    write(tmp_path / "s.h5", {"train": (pixels, np.arange(9) % 2)}, workers=2)
    with h5py.File(tmp_path / "s.h5") as file, h5py.File(tmp_path / "plain.h5", "w") as plain:
        stored = file["train"]["images"]
        assert (stored.compression, stored.shuffle, stored.fletcher32) == ("gzip", False, False)
        assert stored.chunks == (1, 1, 100, 100) and stored.id.get_num_chunks() == 9
        expected = plain.create_dataset("x", data=pixels, chunks=stored.chunks, compression="gzip", compression_opts=1)
        for i, kind in enumerate(kinds):
            mask, raw = stored.id.read_direct_chunk((i, 0, 0, 0))
            assert mask == (kind == NOISE)
            assert (raw if mask else zlib.decompress(raw)) == pixels[i].tobytes()
            assert zlib.decompress(expected.id.read_direct_chunk((i, 0, 0, 0))[1]) == pixels[i].tobytes()
        np.testing.assert_array_equal(stored[:], pixels)
        np.testing.assert_array_equal(stored[3:7, 0, ::2], pixels[3:7, 0, ::2])


@pytest.mark.parametrize(("n", "side", "each"), [(600, 16, 600), (600, 32, 256), (70, 64, 64), (3, 65, 1), (1, 1, 1)])
def test_small_images_share_chunks(tmp_path, n, side, each):
    """Of 256 KiB at most, the last one filled up; any reader of HDF5 takes them."""
    pixels = np.random.default_rng(0).integers(0, 256, (n, 1, side, side), dtype=np.uint8)
    store.write(
        tmp_path / "s.h5", {"test": (pixels, np.zeros(n, np.int64))}, classes=["one"], source="made here",
        created_by="test", statistics=([0.5], [0.2]),
    )  # fmt: skip
    with h5py.File(tmp_path / "s.h5") as file:
        stored = file["test/images"]
        assert stored.chunks == (each, 1, side, side) and stored.shape == pixels.shape
        assert stored.id.get_num_chunks() == -(-n // each)
        np.testing.assert_array_equal(stored[:], pixels)
    np.testing.assert_array_equal(Stored(tmp_path / "s.h5", "test", np.arange(n))[:], pixels)


def test_a_shared_chunk_of_another_length_is_an_error_and_the_others_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, "SHARED", 4 * 90)
    pixels, labels = labelled(14, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    with h5py.File(tmp_path / "s.h5", "a") as file:
        file["train"]["images"].id.write_direct_chunk((4, 0, 0, 0), bytes(361), 1)
    stored = Stored(tmp_path / "s.h5", "train", np.arange(14))
    np.testing.assert_array_equal(stored[np.array([9, 0, 13])], pixels[[9, 0, 13]])
    with pytest.raises(ValueError, match=r"s\.h5: image 6 of train/images: its chunk has 361 bytes instead of 360"):
        stored[6:]


def test_a_chunk_may_be_longer_than_its_dataset(tmp_path, monkeypatch):
    """As others make them, whose datasets can grow."""
    pixels, labels = labelled(6, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    options = {"maxshape": (None, 3, 6, 5), "chunks": (999, 3, 6, 5), "compression": "gzip"}
    with h5py.File(tmp_path / "s.h5", "a") as file:
        del file["train/images"]
        dataset = file["train"].create_dataset("images", pixels.shape, np.uint8, **options)
        dataset.id.write_direct_chunk((0, 0, 0, 0), pixels.tobytes().ljust(999 * 90, b"\0"), 1)
    with h5py.File(tmp_path / "s.h5") as file:
        np.testing.assert_array_equal(file["train/images"][:], pixels)
    monkeypatch.setattr(chunks, "take_rows", None)
    np.testing.assert_array_equal(Stored(tmp_path / "s.h5", "train", np.arange(6))[::-1], pixels[::-1])


def test_a_shared_chunk_that_somebody_deflated_is_left_to_hdf5(tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, "SHARED", 4 * 90)
    pixels, labels = labelled(14, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    with h5py.File(tmp_path / "s.h5", "a") as file:
        del file["train/images_crc32"]
        file["train"]["images"].id.write_direct_chunk((4, 0, 0, 0), zlib.compress(pixels[4:8][::-1].tobytes()), 0)
    expected = np.concatenate([pixels[:4], pixels[4:8][::-1], pixels[8:]])
    np.testing.assert_array_equal(Stored(tmp_path / "s.h5", "train", np.arange(14))[:], expected)


INDICES = [
    *(slice(None), slice(3, 70), slice(None, None, -7), slice(190, 999), slice(5, 5)),
    *(np.array(some, int) for some in ([150, 3, 3, 0, 199], [], [-1, -200, 7], np.arange(200)[::-1])),
    np.arange(200) % 3 == 0,
    [4, 2],
]
KINDS = {
    "ours": None,
    "ours, an image a chunk": None,
    "ours, some deflated": None,
    "as ours, by h5py": {"chunks": (1, 2, 5, 4), "compression": "gzip", "compression_opts": 9},
    "no chunks": {},
    "chunks of several": {"chunks": (7, 2, 5, 4), "compression": "gzip"},
    "chunks of a channel": {"chunks": (1, 1, 5, 4), "compression": "gzip"},
    "not compressed": {"chunks": (1, 2, 5, 4)},
    "lzf": {"chunks": (1, 2, 5, 4), "compression": "lzf"},
    "shuffled": {"chunks": (1, 2, 5, 4), "compression": "gzip", "shuffle": True},
    "with a checksum": {"chunks": (1, 2, 5, 4), "compression": "gzip", "fletcher32": True},
    "scaled": {"chunks": (1, 2, 5, 4), "compression": "gzip", "scaleoffset": 0},
    "integers of 16 bit": {"chunks": (1, 2, 5, 4), "compression": "gzip", "dtype": np.int16},
}


def store_of(path, kind, pixels, labels):
    """A store as `write` makes it, or the same by h5py alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "SHARED", 7 * pixels[0].nbytes if kind == "ours" else 0)
        write(path, {"train": (pixels, labels)}, workers=2)
    if kind == "ours, some deflated":
        with h5py.File(path, "a") as file:
            for i in np.flatnonzero(np.random.default_rng(2).integers(0, 2, len(pixels))):
                file["train/images"].id.write_direct_chunk((i, 0, 0, 0), zlib.compress(pixels[i].data), 0)
    if KINDS[kind] is not None:
        with h5py.File(path, "a") as file:
            del file["train/images"]
            file["train"].create_dataset("images", data=pixels, **KINDS[kind])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("workers", [1, 3])
def test_stored_images_are_indexed_as_an_array(tmp_path, kind, workers):
    pixels, labels = labelled(200, 0, channels=2, height=5, width=4)
    store_of(tmp_path / "s.h5", kind, pixels, labels)
    for chosen in (np.arange(200), np.arange(200)[::-1], np.random.default_rng(0).integers(0, 200, 200)):
        stored = Stored(tmp_path / "s.h5", "train", chosen, workers=workers)
        assert (len(stored), stored.shape, stored.dtype) == (200, pixels.shape, np.uint8)
        for index in INDICES:
            found = stored[index]
            assert found.dtype == np.uint8
            np.testing.assert_array_equal(found, pixels[chosen][index])


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_store_of_ours_or_its_like_is_read_without_hdf5(tmp_path, kind, monkeypatch):
    pixels, labels = labelled(20, 0, channels=2, height=5, width=4)
    store_of(tmp_path / "s.h5", kind, pixels, labels)
    slow_reads = []
    monkeypatch.setattr(chunks, "take_rows", lambda stored, chosen: slow_reads.append(1) or pixels[chosen])
    np.testing.assert_array_equal(Stored(tmp_path / "s.h5", "train", np.arange(20))[:], pixels)
    assert bool(slow_reads) == (not kind.startswith(("ours", "as ours")))


def test_a_file_with_a_block_of_its_user_is_left_to_hdf5(tmp_path):
    """Whose addresses are counted from its end."""
    pixels, labels = labelled(6, 0)
    with h5py.File(tmp_path / "s.h5", "w", userblock_size=512) as file:
        file["train/labels"] = labels
        options = {"chunks": (1, 3, 6, 5), "compression": "gzip"}
        file.create_dataset("train/images", data=pixels, **options)
        file.attrs.update(classes=CLASSES, mean=[0.5] * 3, std=[0.2] * 3)
    np.testing.assert_array_equal(Stored(tmp_path / "s.h5", "train", np.arange(6))[:], pixels)
    np.testing.assert_array_equal(store.read(tmp_path / "s.h5", "train").images, pixels)


@pytest.mark.parametrize("kind", [NOISE, HALF])
@pytest.mark.parametrize("workers", [1, 3])
def test_a_file_that_is_cut_off_while_it_is_read_is_an_error(tmp_path, kind, workers):
    pixels = drawn([kind] * 8, 100)
    write(tmp_path / "s.h5", {"train": (pixels, np.arange(8) % 2)})
    stored = Stored(tmp_path / "s.h5", "train", np.arange(8), workers=workers)
    np.testing.assert_array_equal(stored[:2], pixels[:2])
    os.truncate(tmp_path / "s.h5", int(stored._chunks.offset[6] + 9))
    np.testing.assert_array_equal(stored[:6], pixels[:6])
    message = r"s\.h5: (it ends within an image|image 6 of train/images: it cannot be inflated .*incomplete)"
    with pytest.raises(ValueError, match=message):
        stored[:]


def test_what_a_subset_reads_is_found_once(tmp_path, monkeypatch):
    pixels, labels = labelled(30, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    stored = Stored(tmp_path / "s.h5", "train", np.arange(30))
    stored[:1]
    monkeypatch.setattr(chunks._Chunks, "of", None)
    np.testing.assert_array_equal(stored.subset(np.array([7, 2])).subset(np.array([1]))[:], pixels[[2]])


@pytest.mark.parametrize("workers", [1, 3])
def test_a_chunk_that_was_stored_without_its_filter_is_read(tmp_path, workers, an_image_a_chunk):
    pixels, labels = labelled(4, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    with h5py.File(tmp_path / "s.h5", "a") as file:
        del file["train/images_crc32"]
        file["train"]["images"].id.write_direct_chunk((2, 0, 0, 0), (255 - pixels[2]).tobytes(), filter_mask=1)
        expected = file["train"]["images"][:]
    np.testing.assert_array_equal(expected[2], 255 - pixels[2])
    np.testing.assert_array_equal(Stored(tmp_path / "s.h5", "train", np.arange(4), workers=workers)[:], expected)


def test_a_chunk_that_was_never_written_is_read_as_h5py_reads_it(tmp_path):
    """As the fill value, black."""
    pixels, labels = labelled(4, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    with h5py.File(tmp_path / "s.h5", "a") as file:
        del file["train/images_crc32"]
        del file["train/images"]
        dataset = file["train"].create_dataset(
            "images", pixels.shape, np.uint8, chunks=(1, 3, 6, 5), compression="gzip"
        )
        dataset[1:] = pixels[1:]
        assert not dataset[0].any()
    found = Stored(tmp_path / "s.h5", "train", np.arange(4))[:]
    np.testing.assert_array_equal(found[1:], pixels[1:])
    assert not found[0].any()


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("in_memory", [0, 2**31])
def test_images_may_lie_in_another_file(tmp_path, workers, in_memory):
    pixels, labels = labelled(9, 0)
    write(tmp_path / "there.h5", {"train": (pixels, labels)})
    write(tmp_path / "s.h5", {"train": (pixels[::-1], labels)})
    with h5py.File(tmp_path / "s.h5", "a") as file:
        del file["train/images_crc32"]
        del file["train/images"]
        file["train/images"] = h5py.ExternalLink("there.h5", "train/images")
    split = store.read(tmp_path / "s.h5", "train", workers=workers, in_memory=in_memory)
    np.testing.assert_array_equal(split.images[:], pixels)


def test_a_store_whose_images_are_missing_says_so(tmp_path):
    """For example, the file that holds them was moved."""
    write(tmp_path / "s.h5", {"train": labelled(4, 0)})
    with h5py.File(tmp_path / "s.h5", "a") as file:
        del file["train/images"]
        file["train/images"] = h5py.ExternalLink("moved.h5", "train/images")
    with pytest.raises((ValueError, OSError), match=r"s\.h5"):
        store.read(tmp_path / "s.h5", "train")


DAMAGED = {
    "cut off": (lambda raw: zlib.compress(raw)[:-20], 0, "it cannot be inflated .*incomplete"),
    "no gzip": (lambda raw: bytes(50), 0, "it cannot be inflated"),
    "another checksum": (lambda raw: zlib.compress(raw)[:-1] + b"?", 0, "it cannot be inflated .*check"),
    "too long": (lambda raw: zlib.compress(raw + b"?"), 0, "91 bytes instead of 90"),
    "too short": (lambda raw: zlib.compress(raw[1:]), 0, "89 bytes instead of 90"),
    "too short, not deflated": (lambda raw: raw[1:], 1, "its chunk has 89 bytes instead of 90"),
}


@pytest.mark.parametrize("kind", DAMAGED)
@pytest.mark.parametrize("workers", [1, 3])
def test_a_damaged_image_is_named_and_the_others_are_read(tmp_path, kind, workers, an_image_a_chunk):
    pixels, labels = labelled(6, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    damage, mask, message = DAMAGED[kind]
    with h5py.File(tmp_path / "s.h5", "a") as file:
        file["train"]["images"].id.write_direct_chunk((2, 0, 0, 0), damage(pixels[2].tobytes()), mask)
    stored = Stored(tmp_path / "s.h5", "train", np.arange(6), workers=workers)
    others = np.array([5, 0, 3, 4, 1])
    np.testing.assert_array_equal(stored[others], pixels[others])
    with pytest.raises(ValueError, match=rf"s\.h5: image 2 of train/images: {message}"):
        stored[:]


@pytest.mark.parametrize("mask", [2, 3, 2**32 - 2, 2**32 - 1])
def test_of_a_mask_only_the_bit_of_the_filter_counts(tmp_path, mask):
    pixels, _ = labelled(3, 0)
    with h5py.File(tmp_path / "s.h5", "w") as file:
        options = {"chunks": (1, 3, 6, 5), "compression": "gzip"}
        dataset = file.create_dataset("train/images", pixels.shape, np.uint8, **options)
        for i in range(3):
            raw = pixels[i].tobytes() if mask & 1 else zlib.compress(pixels[i].data)
            dataset.id.write_direct_chunk((i, 0, 0, 0), raw, mask)
    with h5py.File(tmp_path / "s.h5") as file:
        np.testing.assert_array_equal(file["train/images"][:], pixels)
    np.testing.assert_array_equal(Stored(tmp_path / "s.h5", "train", np.arange(3))[:], pixels)


def test_integers_of_fewer_bits_are_left_to_hdf5(tmp_path):
    """h5py calls them uint8 as well."""
    four_bits = h5py.h5t.STD_U8LE.copy()
    four_bits.set_precision(4)
    four_bits.set_offset(4)
    options = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    options.set_chunk((1, 3, 6, 5))
    options.set_deflate(4)
    pixels = labelled(3, 0)[0] % 16
    with h5py.File(tmp_path / "s.h5", "w") as file:
        space = h5py.h5s.create_simple(pixels.shape)
        dataset = h5py.h5d.create(file.create_group("train").id, b"images", four_bits, space, options)
        h5py.Dataset(dataset)[...] = pixels
    np.testing.assert_array_equal(Stored(tmp_path / "s.h5", "train", np.arange(3))[:], pixels)


def test_a_file_that_was_closed_is_not_read(tmp_path):
    """Its descriptor may be another file's by then."""
    write(tmp_path / "s.h5", {"train": labelled(4, 0)})
    stored = Stored(tmp_path / "s.h5", "train", np.arange(4))
    stored[:]
    stored._file.close()
    with pytest.raises(ValueError, match=r"s\.h5: /train/images: the file was closed"):
        stored[:]


@pytest.mark.parametrize("workers", [1, 4])
def test_a_thread_has_enough_to_do(tmp_path, monkeypatch, workers):
    pixels, labels = labelled(40, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    stored = Stored(tmp_path / "s.h5", "train", np.arange(40)[::-1], workers=workers)
    started = []

    class Noted(chunks.ThreadPoolExecutor):
        def __init__(self, workers):
            started.append(workers)
            super().__init__(workers)

    monkeypatch.setattr(chunks, "ThreadPoolExecutor", Noted)
    monkeypatch.setattr(chunks, "PER_THREAD", pixels.nbytes // 3)
    np.testing.assert_array_equal(stored[:], pixels[::-1])
    np.testing.assert_array_equal(stored[:10], pixels[::-1][:10])
    assert started == ([] if workers == 1 else [3])


def test_a_long_run_is_read_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, "AT_ONCE", 100)
    pixels, labels = labelled(40, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    np.testing.assert_array_equal(Stored(tmp_path / "s.h5", "train", np.arange(40))[:], pixels)


@pytest.mark.parametrize("per_class", [None, 1, 70, 1000])
@pytest.mark.parametrize("sort", [True, False])
def test_read_in_runs_misses_and_repeats_no_image(tmp_path, per_class, sort):
    """More images than are read at once, with stretches of which none is chosen."""
    n = 4 * chunks.RUN + 3
    pixels = np.random.default_rng(0).integers(0, 256, (n, 1, 3, 4), np.uint8)
    labels = np.sort(np.arange(n) % 2) if sort else np.random.default_rng(1).integers(0, 2, n)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    chosen = [i for i, y in enumerate(labels) if per_class is None or np.sum(labels[:i] == y) < per_class]
    split = store.read(tmp_path / "s.h5", "train", per_class)
    np.testing.assert_array_equal(split.images, pixels[chosen])
    np.testing.assert_array_equal(split.labels, labels[chosen])


def test_a_store_that_is_read_later_may_be_replaced(tmp_path):
    """Who reads keeps what he opened."""
    pixels, labels = labelled(9, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    split = store.read(tmp_path / "s.h5", "train", in_memory=0)
    write(tmp_path / "s.h5", {"train": (255 - pixels, labels)})
    np.testing.assert_array_equal(split.images[:], pixels)
    np.testing.assert_array_equal(store.read(tmp_path / "s.h5", "train", in_memory=0).images[:], 255 - pixels)


def test_some_images_are_of_the_store_that_was_opened(tmp_path):
    """Pixels and identity stay the same although another store now has its name."""
    pixels, labels = labelled(9, 0)
    write(tmp_path / "s.h5", {"train": (pixels, labels)})
    before = Stored(tmp_path / "s.h5", "train", np.arange(9))
    read = Stored(tmp_path / "s.h5", "train", np.arange(9))
    read[:1]
    chosen = np.array([7, 2])
    known = identity(before.subset(chosen))
    write(tmp_path / "s.h5", {"train": (255 - pixels, labels)})
    for opened in (before, read):
        some = opened.subset(chosen)
        assert (len(some), some.shape) == (2, (2, 3, 6, 5))
        np.testing.assert_array_equal(some[:], pixels[chosen])
        assert identity(some) == known
