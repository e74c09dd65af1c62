"""Files that are replaced completely or not at all, also on a full disk."""

import errno
import hashlib
import logging
import os
import subprocess
import sys

import pytest

from frequency_shortcuts.storage import files


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


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, PermissionError])
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


def test_a_damaged_file_is_set_aside_under_a_free_name(tmp_path):
    for content in ("1", "2", "3"):
        (tmp_path / "a.pt").write_text(content)
        aside = files.set_aside(tmp_path / "a.pt")
        assert aside.read_text() == content
    assert names(tmp_path) == ["a.pt.damaged", "a.pt.damaged2", "a.pt.damaged3"]


def test_the_state_of_finished_work_is_deleted_with_what_belongs_to_it(tmp_path):
    for name in ("a.state", "a.state.damaged", "a.state.damaged2", "b.state"):
        (tmp_path / name).touch()
    files.delete_state(tmp_path / "a.state")
    assert names(tmp_path) == ["b.state"]


def test_a_full_disk_is_recognised_by_its_error_number():
    assert files.disk_is_full(OSError(errno.ENOSPC, "x"))
    assert files.disk_is_full(OSError(errno.EDQUOT, "x"))
    assert not files.disk_is_full(OSError(errno.EACCES, "x"))
    assert not files.disk_is_full(ValueError("No space left on device"))


def test_sha256_is_that_of_the_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc" * 100_000)
    assert files.sha256(tmp_path / "a") == hashlib.sha256(b"abc" * 100_000).hexdigest()
