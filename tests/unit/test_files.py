"""Files that are replaced completely or not at all, also on a full disk, and whose damage is noticed and named."""

import copy
import errno
import hashlib
import logging
import os
import subprocess
import sys

import h5py
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from small_stores import FullDisk, photographs
from test_dfm import written

from frequency_shortcuts.data import stores
from frequency_shortcuts.data.folders import ImageFiles
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.evaluation.truth import planted as planted_masks
from frequency_shortcuts.maps import adcs
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.weights import read_metadata
from frequency_shortcuts.storage import files
from frequency_shortcuts.storage.checksums import DamagedFile, read_hdf5, verify_checksum
from frequency_shortcuts.storage.files import replacing_hdf5


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_the_block_writes_a_temporary_file_that_replaces_the_target(tmp_path):
    path = tmp_path / "new" / "a.h5"
    with files.replacing(path) as temporary:
        assert temporary.parent == path.parent
        assert temporary.suffix == ".h5"
        temporary.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert names(path.parent) == ["a.h5"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, PermissionError])
def test_an_error_leaves_the_old_file_and_no_temporary(tmp_path, error):
    path = tmp_path / "a.csv"
    path.write_text("old")
    with pytest.raises(error), files.replacing(path) as temporary:
        temporary.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.csv"]


def test_a_full_disk_is_one_sentence_and_the_old_file_stays(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("old")
    with pytest.raises(OSError, match=r"the disk is full \(\d+ MiB free\): free some space") as caught:  # noqa: SIM117
        with files.replacing(path) as temporary:
            temporary.write_text("half")
            with open("/dev/full", "wb", buffering=0) as full:
                full.write(b"x")  # a real ENOSPC
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(path)
    assert caught.value.__cause__.errno == errno.ENOSPC
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.csv"]


@pytest.mark.parametrize("room", [0, 3_000, 60_000])
def test_hdf5_that_cannot_be_written_keeps_the_old_file_and_does_not_end_the_process(tmp_path, monkeypatch, room):
    monkeypatch.setattr(FullDisk, "room", room)
    monkeypatch.setattr(files, "open", lambda path, mode, buffering: FullDisk(path, "w+b"), raising=False)
    (tmp_path / "a.h5").write_text("old")
    with pytest.raises(OSError, match="the disk is full"), replacing_hdf5(tmp_path / "a.h5") as file:
        for i in range(8):
            file.create_dataset(f"zipped/{i}", data=np.random.default_rng(i).random(1000), compression="gzip")
            file.attrs[f"text {i}"] = "x" * 1000
    assert (tmp_path / "a.h5").read_text() == "old"
    assert names(tmp_path) == ["a.h5"]


KILLED = """
import os, signal, sys
from frequency_shortcuts.storage import files
with files.replacing(sys.argv[1]) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def killed_writer(path):
    """The partial file of a process that was killed while it wrote."""
    subprocess.run([sys.executable, "-c", KILLED, path])
    (left,) = path.parent.glob(f".{path.stem}.*")
    return left


def test_the_next_writer_of_a_file_removes_what_a_killed_one_left(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    left = killed_writer(tmp_path / "a.h5")
    assert left.read_text() == "half"
    others = [".b.txt", ".a.h5", ".a.123.h5", f"{left.name}5", left.name.replace(".a.", ".ab.")]
    for name in others:  # no partial files of a.h5
        (tmp_path / name).touch()
    with files.replacing(tmp_path / "a.h5") as temporary:
        temporary.write_text("whole")
    assert names(tmp_path) == sorted(["a.h5", *others])
    # A warning would be printed into the notebook that draws a figure, which would then differ from others.
    assert caplog.record_tuples == [
        (files.log.name, logging.INFO, f"removed {left}, the partial file of a killed process")
    ]


def test_partial_files_of_processes_at_work_stay_and_are_named(tmp_path, caplog):
    with files.replacing(tmp_path / "a.h5") as temporary:  # a name as this process gives it
        temporary.write_text("half")
        mine = temporary.name
    living = tmp_path / mine.replace(str(os.getpid()), str(os.getppid()))
    elsewhere = tmp_path / mine.replace(files.MACHINE, "00000000")
    forgotten = tmp_path / mine.replace(files.MACHINE, "00000001")
    for path in (living, elsewhere, forgotten):
        path.write_text("half")
    os.utime(forgotten, (0, 0))
    with files.replacing(tmp_path / "a.h5") as temporary:
        temporary.write_text("whole")
    assert names(tmp_path) == sorted([living.name, elsewhere.name, "a.h5"])
    for path in (living, elsewhere):
        assert f"{path} is a partial file, perhaps of a process at work: delete it if there is none" in caplog.messages


def test_full_disks_and_digests_are_those_of_the_system(tmp_path):
    assert files.disk_is_full(OSError(errno.EDQUOT, "x")) and not files.disk_is_full(OSError(errno.EACCES, "x"))
    assert not files.disk_is_full(ValueError("No space left on device"))
    (tmp_path / "a").write_bytes(b"abc" * 100_000)
    assert files.sha256(tmp_path / "a") == hashlib.sha256(b"abc" * 100_000).hexdigest()


# Damage

FLIPS = 60
ABOUT = {"source": "made here", "created_by": "frequency-shortcuts 1"}


def synthetic(path, folder, seed=0):
    images = np.random.default_rng(seed).integers(0, 256, (40, 3, 16, 16), dtype=np.uint8)
    masks = {"truth": np.zeros((2, 16, 16), bool)}
    splits = {name: (images, np.arange(40) % 2) for name in ("train", "test")}
    stores.write(path, splits, classes=("cat", "dog"), planted=masks, planted_about={"neutral": 0}, **ABOUT)


def of_files(path, folder):
    files = ImageFiles(photographs(folder / "pictures", 4), (8, 8))
    stores.write_files(path, {"train": (files, np.arange(4) % 2)}, classes=("cat", "dog"), **ABOUT)


def maps(path, folder):
    written(path, created_by=ABOUT["created_by"])


def spectra(path, folder):
    generator = np.random.default_rng(0)
    class_spectra = adcs.class_spectra(Split(generator.random((8, 1, 16, 16)), np.arange(8) % 2))
    with replacing_hdf5(path) as file:
        file.create_dataset("mean_amplitude", data=class_spectra.mean_amplitude, compression="gzip")
        file["count"] = np.array([4, 4])
        file.attrs.update(layout="centred", classes=["cat", "dog"], **ABOUT)


ARCHITECTURE = architectures.Architecture("resnet18", n_classes=3, channels=1, size=8, width=2)
NETWORK = architectures.build(ARCHITECTURE, 0)


def weights(path, folder):
    architectures.save(path, NETWORK.state_dict(), ARCHITECTURE, {"mean": [0.5], **ABOUT})


def everything(path):
    """All that is read of a file, as bytes."""
    if path.suffix == ".safetensors":
        network = architectures.load_weights(copy.deepcopy(NETWORK), path)
        return repr(read_metadata(path)), *(value.numpy().tobytes() for value in network.state_dict().values())
    with read_hdf5(path) as file:
        contents = [(name, repr(np.asarray(value).tolist())) for name, value in sorted(file.attrs.items())]
        splits = [name for name in ("train", "test") if name in file]
        if not splits:
            file.visititems(
                lambda name, item: contents.append((name, bytes(item[()]) if hasattr(item, "dtype") else ""))
            )
        elif "planted" in file:
            contents += [(name, mask.tobytes()) for name, mask in planted_masks(file).items()]
    for name in splits:
        split = stores.read(path, name, in_memory=0)
        contents.append((name, split.images[:].tobytes(), split.labels.tobytes(), split.classes, split.neutral))
    return contents


KINDS = {"a store": synthetic, "a store of files": of_files, "maps": maps, "spectra": spectra, "weights": weights}


@pytest.fixture(params=KINDS)
def kept(request, tmp_path):
    path = tmp_path / ("w.safetensors" if request.param == "weights" else "f.h5")
    KINDS[request.param](path, tmp_path)
    return path


def test_every_flipped_bit_is_noticed_or_changes_nothing_that_is_read(kept):
    good, expected = kept.read_bytes(), everything(kept)
    noticed = 0
    for bit in np.random.default_rng(0).integers(8 * len(good), size=FLIPS):
        flipped = bytearray(good)
        flipped[bit // 8] ^= 1 << (bit % 8)
        kept.write_bytes(flipped)
        try:
            assert everything(kept) == expected, f"bit {bit}"
        except DamagedFile as error:
            noticed += 1
            assert str(error).startswith(f"{kept}: ") and str(error).endswith("; make it again"), error
    assert noticed == FLIPS


@pytest.mark.parametrize("share", [0, 0.999])
def test_a_file_that_was_cut_short_is_named(kept, share):
    good = kept.read_bytes()
    kept.write_bytes(good[: int(share * len(good))])
    with pytest.raises(DamagedFile, match=rf"^{kept}: .*; make it again$"):
        everything(kept)


@pytest.mark.parametrize("kept", ["a store", "maps"], indirect=True)
def test_a_file_without_its_checksum_is_refused_if_it_is_ours(kept):
    """For example, another program changed it, or an earlier version wrote it."""
    with h5py.File(kept, "r+") as file:
        file.attrs["source"] = "elsewhere"
    with pytest.raises(DamagedFile, match="it has no checksum: it was changed, or an earlier version wrote it; make"):
        everything(kept)


def test_a_changed_pixel_is_named_with_its_image(tmp_path):
    synthetic(tmp_path / "s.h5", tmp_path)
    with h5py.File(tmp_path / "s.h5") as file:
        place = file["test/images"].id.get_offset() + 7 * 3 * 16 * 16
    content = bytearray((tmp_path / "s.h5").read_bytes())
    content[place] ^= 1
    (tmp_path / "s.h5").write_bytes(content)
    assert verify_checksum(tmp_path / "s.h5")  # the pixels are not among what is verified at once
    assert len(stores.read(tmp_path / "s.h5", "train")) == 40
    with pytest.raises(
        DamagedFile, match=r"s\.h5: image 7 of test/images: it does not match its checksum; make it again"
    ):
        stores.read(tmp_path / "s.h5", "test")
    stores.read(tmp_path / "s.h5", "test", in_memory=0).images[np.array([0, 6, 8])]


def test_hdf5_of_another_program_is_read(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = 1
    with read_hdf5(tmp_path / "a.h5") as file:
        assert file["x"][()] == 1
    with (
        pytest.raises(DamagedFile, match=r"a\.h5: it lacks a part \(.*'y' doesn't exist\)"),
        read_hdf5(tmp_path / "a.h5") as file,
    ):
        file["y"]


def test_a_link_is_refused_when_its_store_has_changed(tmp_path):
    synthetic(tmp_path / "theirs.h5", tmp_path)
    stores.link(tmp_path / "link.h5", tmp_path / "theirs.h5", created_by="")
    assert stores.checksum(tmp_path / "link.h5") == stores.checksum(tmp_path / "theirs.h5")
    stores.read(tmp_path / "link.h5", "test")
    synthetic(tmp_path / "theirs.h5", tmp_path, 1)
    with pytest.raises(
        DamagedFile, match=r"link\.h5: it links to .*theirs\.h5, which has changed since; make it again"
    ):
        stores.read(tmp_path / "link.h5", "train")


def test_weights_of_an_earlier_version_are_refused(tmp_path):
    save_file({"a": torch.zeros(2)}, tmp_path / "w.safetensors", {"frequency_shortcuts": '{"architecture": {}}'})
    with pytest.raises(DamagedFile, match="its weights have no checksum, since an earlier version wrote them; make it"):
        read_metadata(tmp_path / "w.safetensors")
