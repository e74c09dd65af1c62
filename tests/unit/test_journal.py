"""The journal of a computation: stored steps, partial results, locks, and full disks."""

import errno
import io
import pickle

import numpy as np
import pytest
from full_disk import FullDisk

from frequency_shortcuts.storage import journal as journals
from frequency_shortcuts.storage.journal import Journal, Stopped


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


VALUES = [
    np.array([1.5, np.nan, np.inf, -np.inf, -0.0, 5e-324, 0.1 + 0.2]),
    np.empty(0),
    np.array(np.pi),
    np.arange(6.0).reshape(2, 3).T,
    np.empty((3, 0, 2)),
    np.array([True, False]),
    np.arange(3),
]
ALL = list(range(len(VALUES)))


def same(found, expected):
    """Bit for bit, dtype and shape included."""
    return (found.dtype, found.shape, found.tobytes()) == (expected.dtype, expected.shape, expected.tobytes())


def journey(path, fingerprint="mine", keys=None):
    """A computation of one step a value; returns which were computed."""
    computed = []

    def compute(i):
        computed.append(i)
        return VALUES[i]

    with Journal(path, fingerprint) as journal:
        keys = keys or [f"step {i}" for i in ALL]
        found = [journal.step(key, lambda i=i: compute(i)) for i, key in enumerate(keys)]
    assert all(map(same, found, VALUES))
    return computed


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


# Partial results


def piecewise(journal, key="sum", pieces=5, variant="", pieces_done=None):
    """A step that adds up its pieces and stores the partial sum after each."""

    def compute():
        partial = journal.partial_result(variant)
        done, total = (0, 0.0) if partial is None else (int(partial[0]), float(partial[1]))
        for i in range(done, pieces):
            total += 0.1 * i
            if pieces_done is not None:
                pieces_done.append(i)
            journal.checkpoint(lambda i=i, total=total: np.array([i + 1, total]), variant)
        return np.array([total])

    return journal.step(key, compute)


class Killed(Exception):
    pass


def killed_at(piece):
    """A stop that is never requested, and ends the computation instead."""
    checks = iter(range(1000))

    def look():
        if next(checks) == piece:
            raise Killed
        return False

    return look


@pytest.mark.parametrize("piece", range(1, 6))
def test_a_step_resumes_from_its_partial_result(tmp_path, piece):
    path, pieces_done = tmp_path / "state", []
    with Journal(None) as journal:
        expected = piecewise(journal)
    with pytest.raises(Killed), Journal(path, "mine", minutes=0, stop=killed_at(piece)) as journal:
        piecewise(journal, pieces_done=pieces_done)
    with Journal(path, "mine", minutes=0) as journal:
        assert same(piecewise(journal, pieces_done=pieces_done), expected)
        assert names(tmp_path) == ["state"]  # the partial result is deleted with the step
        assert same(journal.step("next", lambda: VALUES[0]), VALUES[0])
    # Only the piece in which it was killed is computed twice.
    assert pieces_done == [*range(piece), *range(piece - 1, 5)]
    with Journal(path, "mine") as journal:
        assert same(piecewise(journal, pieces_done=pieces_done), expected) and len(pieces_done) == 6


def test_a_step_stores_no_partial_result_before_it_is_due(tmp_path, monkeypatch):
    now, checkpoints = [0.0], []
    monkeypatch.setattr(journals.time, "monotonic", lambda: now[0])

    def compute():
        for i in range(100):
            now[0] += 10.0
            journal.checkpoint(lambda i=i: checkpoints.append(i) or np.array([i]))
        return np.zeros(1)

    with Journal(tmp_path / "state", "mine", minutes=2) as journal:
        journal.step("first", compute)
        assert checkpoints == [12, 25, 38, 51, 64, 77, 90]  # more than two minutes since the last time
        now[0] += 1e9
        journal.step("none", lambda: np.zeros(1))
        checkpoints.clear()
        journal.step("second", compute)
        assert checkpoints[0] == 12  # since anything was stored, the step before it too


def test_a_stop_stores_the_partial_result_and_names_the_file(tmp_path):
    path, pieces_done, checks = tmp_path / "state", [], iter(range(100))
    with (
        pytest.raises(Stopped, match=rf"stopped at sum on request: stored in {path}, from which the next") as caught,
        Journal(path, "mine", stop=lambda: next(checks) == 3) as journal,
    ):
        piecewise(journal, pieces_done=pieces_done)
    assert isinstance(caught.value, RuntimeError) and names(tmp_path) == ["state", "state.unfinished"]
    with Journal(path, "mine") as journal:
        piecewise(journal, pieces_done=pieces_done)
    assert pieces_done == [0, 1, 2, 3, 4] and names(tmp_path) == ["state"]


def test_a_stop_takes_effect_before_a_computed_step_and_not_before_a_stored_one(tmp_path):
    journey(tmp_path / "state")
    with Journal(tmp_path / "state", "mine", stop=lambda: True) as journal:
        for i in ALL:
            assert same(journal.step(f"step {i}", Killed), VALUES[i])
        with pytest.raises(Stopped):
            journal.step("one more", Killed)
    with pytest.raises(Stopped, match="nothing is stored"), Journal(None, stop=lambda: True) as journal:
        journal.step("step", Killed)


@pytest.mark.parametrize("change", ["fingerprint", "key", "variant"])
def test_the_partial_result_of_another_step_is_not_used(tmp_path, change):
    path, pieces_done = tmp_path / "state", []
    with pytest.raises(Killed), Journal(path, "mine", minutes=0, stop=killed_at(3)) as journal:
        piecewise(journal)
    other = {change: "other"}
    with Journal(path, other.pop("fingerprint", "mine"), minutes=0) as journal:
        piecewise(journal, pieces_done=pieces_done, **other)
    assert pieces_done == [0, 1, 2, 3, 4] and names(tmp_path) == ["state"]


def test_a_damaged_partial_result_is_dropped(tmp_path):
    """Cut at every length, and with every byte changed."""
    path = tmp_path / "state"
    with pytest.raises(Killed), Journal(path, "mine", minutes=0, stop=killed_at(3)) as journal:
        piecewise(journal)
    kept, unfinished = (tmp_path / "state.unfinished").read_bytes(), tmp_path / "state.unfinished"
    numbers = kept.index(np.array([2, 0.1]).tobytes())
    spoilt = [kept[:n] for n in range(len(kept))]
    spoilt += [kept[:i] + bytes([kept[i] ^ 1]) + kept[i + 1 :] for i in range(numbers, numbers + 16)]
    started = path.read_bytes()
    for bytes_ in spoilt:
        path.write_bytes(started)
        unfinished.write_bytes(bytes_)
        pieces_done = []
        with Journal(path, "mine") as journal:
            piecewise(journal, pieces_done=pieces_done)
        assert pieces_done == [0, 1, 2, 3, 4] and names(tmp_path) == ["state"]


def test_partial_results_do_not_make_the_files_grow(tmp_path):
    path, sizes = tmp_path / "state", set()

    def compute():
        for i in range(50):
            journal.checkpoint(lambda i=i: np.full(1000, i))
            sizes.add((path.stat().st_size, (tmp_path / "state.unfinished").stat().st_size))
        return np.zeros(1)

    with Journal(path, "mine", minutes=0) as journal:
        journal.step("step", compute)
    assert len(sizes) == 1


def test_a_full_disk_keeps_the_earlier_partial_result(tmp_path, monkeypatch):
    path, write, writes = tmp_path / "state", journals._write, iter(range(100))

    def full(file, key, value):
        if next(writes) == 3:  # the header of the journal is the first
            raise OSError(errno.ENOSPC, "No space left on device")
        write(file, key, value)

    monkeypatch.setattr(journals, "_write", full)
    with pytest.raises(OSError, match="the disk is full"), Journal(path, "mine", minutes=0) as journal:
        piecewise(journal)
    pieces_done = []
    with Journal(path, "mine") as journal:
        piecewise(journal, pieces_done=pieces_done)
    assert pieces_done == [2, 3, 4]


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
        assert same(journal.step("step 0", Killed), VALUES[0])
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


def test_the_partial_result_of_a_stored_step_is_deleted_after_a_kill_in_between(tmp_path):
    path = tmp_path / "state"
    with Journal(path, "mine", minutes=0) as journal:
        journal.step("a", lambda: (journal.checkpoint(lambda: np.ones(2)), np.zeros(2))[1])
    unfinished = tmp_path / "state.unfinished"
    assert not unfinished.exists()
    with open(unfinished, "wb", buffering=0) as file:  # as if it had been killed before that was deleted
        journals._write(file, "mine\na\n", np.ones(2))
    with Journal(path, "mine") as journal:
        assert journal.step("a", lambda: pytest.fail("it is stored")).tolist() == [0, 0]
    assert not unfinished.exists()


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
