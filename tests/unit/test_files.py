"""Files that are replaced completely or not at all, also on a full disk."""

import errno
import logging
import os
import subprocess
import sys

import numpy as np
import pytest
from small_stores import FullDisk

from frequency_shortcuts.storage import files
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
    with (
        pytest.raises(
            OSError, match=r"the disk is full \(\d+ MiB free\): free some space"
        ) as caught,
        files.replacing(path) as temporary,
    ):
        temporary.write_text("half")
        with open("/dev/full", "wb", buffering=0) as full:
            full.write(b"x")  # a real ENOSPC
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(path)
    assert caught.value.__cause__.errno == errno.ENOSPC
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.csv"]


@pytest.mark.parametrize("room", [0, 3_000, 60_000])
def test_hdf5_that_cannot_be_written_keeps_the_old_file_and_does_not_end_the_process(
    tmp_path, monkeypatch, room
):
    monkeypatch.setattr(FullDisk, "room", room)
    monkeypatch.setattr(
        files, "open", lambda path, mode, buffering: FullDisk(path, "w+b"), raising=False
    )
    (tmp_path / "a.h5").write_text("old")
    with (
        pytest.raises(OSError, match="the disk is full"),
        replacing_hdf5(tmp_path / "a.h5") as file,
    ):
        for i in range(8):
            file.create_dataset(
                f"zipped/{i}", data=np.random.default_rng(i).random(1000), compression="gzip"
            )
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


def test_the_next_writer_of_a_file_removes_what_a_killed_one_left(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    subprocess.run([sys.executable, "-c", KILLED, tmp_path / "a.h5"])
    (left,) = tmp_path.glob(".a.*")
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
        assert (
            f"{path} is a partial file, perhaps of a process at work: delete it if there is none"
            in caplog.messages
        )


@pytest.mark.parametrize("number, full", [(errno.EDQUOT, True), (errno.EACCES, False)])
def test_full_disks_are_those_of_the_system(number, full, tmp_path):
    with pytest.raises(OSError) as caught, files.explain_full_disk(tmp_path / "a"):
        raise OSError(number, "x")
    assert ("the disk is full" in str(caught.value)) == full
