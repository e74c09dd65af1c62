"""The journal of a computation: stored steps, locks, and full disks."""

import errno
import io
import pickle

import numpy as np
import pytest
from full_disk import FullDisk
from journal_steps import ALL, VALUES, journey, names, same

from frequency_shortcuts.storage import journal as journals
from frequency_shortcuts.storage.journal import Journal


def test_a_journal_returns_stored_steps_bit_for_bit(tmp_path):
    path = tmp_path / "new" / "state"
    assert journey(path) == ALL
    written = path.read_bytes()
    assert journey(path) == []
    assert path.read_bytes() == written
    assert names(path.parent) == ["state"]


def test_a_journal_appends_to_its_stored_steps(tmp_path):
    path = tmp_path / "state"
    journey(path)
    whole = path.read_bytes()
    path.unlink()
    with Journal(path, "mine") as journal:
        for i in range(3):
            journal.step(f"step {i}", lambda i=i: VALUES[i])
    assert whole.startswith(path.read_bytes())
    assert journey(path) == ALL[3:]
    assert path.read_bytes() == whole


def test_a_step_is_on_disk_as_soon_as_it_is_done(tmp_path):
    """A killed process has not closed its file."""
    path = tmp_path / "state"
    with Journal(path, "mine") as journal:
        for i in range(3):
            before = path.stat().st_size
            journal.step(f"step {i}", lambda i=i: VALUES[i])
            assert path.stat().st_size > before
        copy = path.with_name("copy")
        copy.write_bytes(path.read_bytes())
    assert journey(copy) == ALL[3:]


@pytest.mark.slow
def test_a_truncated_journal_loses_only_the_truncated_steps(tmp_path):
    """At every length of a file of two steps."""
    path, ends = tmp_path / "state", []
    with Journal(path, "mine") as journal:
        for i in range(2):
            journal.step(f"step {i}", lambda i=i: VALUES[i])
            ends.append(path.stat().st_size)
    whole = path.read_bytes()
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        assert journey(path, keys=["step 0", "step 1"]) == [i for i in range(2) if ends[i] > length], length
        assert path.read_bytes() == whole


def test_a_record_with_a_wrong_byte_is_computed_anew(tmp_path):
    """A wrong byte in the data of the first step drops all steps."""
    path = tmp_path / "state"
    journey(path)
    whole = path.read_bytes()
    at = whole.index(VALUES[0].tobytes())
    for offset in range(VALUES[0].nbytes):
        path.write_bytes(whole[: at + offset] + bytes([whole[at + offset] ^ 1]) + whole[at + offset + 1 :])
        assert journey(path) == ALL
        assert path.read_bytes() == whole


def test_no_bit_of_a_record_changes_a_result(tmp_path):
    """Each bit of a file of one step, header included: the stored array is returned as it was, or computed anew."""
    path, value = tmp_path / "state", np.arange(3, dtype="<f4")
    with Journal(path, "mine") as journal:
        journal.step("a", lambda: value)
    whole = path.read_bytes()
    for bit in range(8 * len(whole)):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
        with Journal(path, "mine") as journal:
            assert same(journal.step("a", lambda: value), value), bit


@pytest.mark.parametrize("name", ["state", "state.unfinished"])
def test_a_folder_in_the_place_of_a_journal_is_set_aside(tmp_path, caplog, name):
    path = tmp_path / "state"
    (tmp_path / name).mkdir()
    assert journey(path) == ALL
    assert (tmp_path / f"{name}.damaged").is_dir()
    assert caplog.messages == [f"{tmp_path / name} is not a file: it is kept as {tmp_path / name}.damaged"]
    assert journey(path) == []


@pytest.mark.parametrize("fingerprint", ["theirs", "", "mine "])
def test_the_journal_of_another_computation_is_dropped_with_a_message(tmp_path, caplog, fingerprint):
    path = tmp_path / "state"
    journey(path, fingerprint)
    assert not caplog.records
    assert journey(path) == ALL
    assert caplog.messages == [f"{path} belongs to another computation: starting anew"]
    assert journey(path) == []


def numpy_file(*arrays):
    file = io.BytesIO()
    for array in arrays:
        np.save(file, array)
    return file.getvalue()


def archive():
    file = io.BytesIO()
    np.savez(file, a=np.zeros(3))
    return file.getvalue()


def header(text):
    return np.lib.format.magic(1, 0) + b"v\x00" + text.ljust(117) + b"\n"


GARBAGE = {
    "empty": b"",
    "text": b"what is this?\n",
    "zeros": bytes(1000),
    "noise": np.random.default_rng(0).bytes(1000),
    "pickle": pickle.dumps({"a": 1}),
    "archive": archive(),
    "one array": numpy_file(np.zeros(5)),
    "a promise of 80 PB": header(b"{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000000000,), }"),
    "objects": header(b"{'descr': '|O', 'fortran_order': False, 'shape': (), }"),
    "no checksum": numpy_file(np.array("mine"), np.zeros(2), np.array(1)),
    "a text for a checksum": numpy_file(np.array("mine"), np.zeros(2), np.array("a")),
    "three arrays": numpy_file(np.zeros(2), np.zeros(2), np.zeros(2)),
    "dates": numpy_file(np.array("mine"), np.zeros(2, "datetime64[s]"), np.array(1)),
}  # fmt: skip


@pytest.mark.parametrize(
    "kind",
    GARBAGE,
)
def test_a_file_that_is_no_journal_is_dropped(tmp_path, kind):
    path = tmp_path / "state"
    path.write_bytes(GARBAGE[kind])
    assert journey(path) == ALL
    assert journey(path) == []


@pytest.mark.parametrize("changed", ALL)
def test_another_key_drops_its_step_and_all_later_ones(tmp_path, changed):
    path = tmp_path / "state"
    journey(path)
    keys = [f"step {i}" + " anew" * (i == changed) for i in ALL]
    assert journey(path, keys=keys) == ALL[changed:]
    assert journey(path, keys=keys) == []


def test_a_step_that_raises_leaves_the_journal_as_it_was(tmp_path):
    path = tmp_path / "state"

    def broken():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Journal(path, "mine") as journal:
        journal.step("step 0", lambda: VALUES[0])
        journal.step("step 1", broken)
    assert journey(path) == ALL[1:]


def test_a_journal_is_closed_after_the_block(tmp_path):
    with Journal(tmp_path / "state", "mine") as journal:
        pass
    with pytest.raises(ValueError, match="closed"):
        journal.step("step 0", lambda: VALUES[0])


def test_without_a_path_everything_is_computed_and_nothing_stored(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fingerprints = []
    with Journal(None, lambda: fingerprints.append(1)) as journal:
        for value in VALUES:
            assert journal.step("step", lambda value=value: value) is value
    assert not fingerprints  # a fingerprint takes time
    assert journey(None) == journey(None) == ALL
    assert names(tmp_path) == []


# Locks and full disks


def test_a_journal_in_use_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / "state"
    journey(path)
    whole = path.read_bytes()
    with Journal(path, "mine") as journal:
        sentence = rf"^{path}: another job, perhaps of an earlier run, is still at work on it; wait for it, or end it$"
        for fingerprint in ("mine", "theirs"):
            with pytest.raises(RuntimeError, match=sentence):
                Journal(path, fingerprint)
        assert path.read_bytes() == whole
        assert same(journal.step("step 0", lambda: pytest.fail("it is stored")), VALUES[0])
    assert journey(path) == []


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK])
def test_a_file_system_without_locks_works(tmp_path, monkeypatch, number):
    def without(*_):
        raise OSError(number, "no locks")

    monkeypatch.setattr(journals.fcntl, "flock", without)
    assert journey(tmp_path / "state") == ALL
    assert journey(tmp_path / "state") == []


def test_another_error_of_the_lock_is_raised(tmp_path, monkeypatch):
    def broken(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(journals.fcntl, "flock", broken)
    with pytest.raises(OSError, match="Input/output error"):
        Journal(tmp_path / "state", "mine")


def on_a_full_disk(path, room, size):
    """The computation, on a disk that gets full in its second step; returns the error."""
    with pytest.raises(OSError) as caught, Journal(path, "mine") as journal:
        journal.step("step 0", lambda: VALUES[0])
        raw = FullDisk(path, "r+b")
        raw.room = room
        old, journal._file = journal._file, raw
        journal._file.seek(old.tell())
        old.close()
        journal.step("step 1", lambda: np.arange(float(size)))
    return caught.value


FULL = [(0, 5), (1, 5), (300, 5), (0, 5000), (300, 5000), (20_000, 5000)]  # bytes that fit, numbers in the array


@pytest.mark.parametrize(("room", "size"), FULL)
def test_a_full_disk_keeps_the_stored_steps(tmp_path, room, size):
    on_a_full_disk(tmp_path / "state", room, size)
    assert journey(tmp_path / "state") == ALL[1:]


@pytest.mark.parametrize(("room", "size"), FULL)
def test_the_journal_reports_a_full_disk_in_one_sentence(tmp_path, room, size):
    """The error of closing the file, which writes the rest again, must not replace the message."""
    path = tmp_path / "state"
    error = on_a_full_disk(path, room, size)
    assert error.errno == errno.ENOSPC
    assert "the disk is full (" in str(error)
    assert error.filename == str(path)


def test_a_deleted_journal_starts_anew(tmp_path, monkeypatch):
    path = tmp_path / "state"
    real, deleted = journals.fcntl.flock, []

    def flock(file, how):
        if not deleted:
            deleted.append(path.unlink())
        real(file, how)

    monkeypatch.setattr(journals.fcntl, "flock", flock)
    with Journal(path, "mine") as journal:
        journal.step("a", lambda: np.zeros(2))
        assert path.exists() and deleted == [None]
    monkeypatch.undo()
    with Journal(path, "mine") as journal:
        assert journal.step("a", lambda: pytest.fail("it is stored")).tolist() == [0, 0]
