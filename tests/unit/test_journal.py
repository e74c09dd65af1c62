"""The journal of a computation: stored steps, stops, locks, and full disks."""

import errno
import pickle

import numpy as np
import pytest
from small_stores import FullDisk

from frequency_shortcuts.storage.journal import HEAD, Journal, Stopped

VALUES = [
    np.array([1.5, np.nan, np.inf, -np.inf, -0.0, 5e-324, 0.1 + 0.2]), np.empty(0), np.array(np.pi),
    np.arange(6.0).reshape(2, 3).T, np.array([True, False]),
]  # fmt: skip
ALL = list(range(len(VALUES)))


def same(stored, expected):
    """Bit for bit, dtype and shape included."""
    return (stored.dtype, stored.shape, stored.tobytes()) == (
        expected.dtype,
        expected.shape,
        expected.tobytes(),
    )


def journey(path, fingerprint="mine", keys=None):
    """A computation of one step a value; returns which were computed."""
    computed = []

    def compute(i):
        computed.append(i)
        return VALUES[i]

    with Journal(path, fingerprint) as journal:
        keys = keys or [f"step {i}" for i in ALL]
        results = [journal.step(key, lambda i=i: compute(i)) for i, key in enumerate(keys)]
    assert all(map(same, results, VALUES))
    return computed


def test_a_step_is_on_disk_as_soon_as_it_is_done(tmp_path):
    """A killed process has not closed its file."""
    path, copy = tmp_path / "state", tmp_path / "copy"
    with Journal(path, "mine") as journal:
        for i in range(3):
            journal.step(f"step {i}", lambda i=i: VALUES[i])
        copy.write_bytes(path.read_bytes())
    assert journey(copy) == ALL[3:]
    assert copy.read_bytes().startswith(path.read_bytes())


def test_the_journal_of_another_computation_is_dropped_with_a_message(tmp_path, caplog):
    path = tmp_path / "new" / "state"
    journey(path, "theirs")
    assert not caplog.records
    assert journey(path) == ALL
    assert caplog.messages == [f"{path} belongs to another computation: starting anew"]
    assert journey(path) == []


def test_an_empty_file_is_used_and_any_other_that_is_no_journal_stays(tmp_path):
    path = tmp_path / "state.npy"
    path.touch()
    assert journey(path) == ALL and journey(path) == []
    for write in (lambda: np.save(path, VALUES[0]), lambda: path.write_bytes(pickle.dumps({"a": 1})),
                  lambda: np.save(path, np.array([{}, None]))):  # fmt: skip
        write()
        before = path.read_bytes()
        with pytest.raises(
            ValueError,
            match=r"state\.npy is there and is no file of unfinished work: choose another",
        ):
            Journal(path)
        assert path.read_bytes() == before


def test_another_key_drops_its_step_and_all_later_ones(tmp_path):
    path = tmp_path / "state"
    journey(path)
    keys = [f"step {i}" + " anew" * (i == 2) for i in ALL]
    assert journey(path, keys=keys) == ALL[2:]
    assert journey(path, keys=keys) == []


def test_a_truncated_journal_loses_only_the_truncated_steps(tmp_path):
    """At each 43rd length of a file of two steps, and next to the ends of steps."""
    path, ends = tmp_path / "state", []
    with Journal(path, "mine") as journal:
        for i in range(2):
            journal.step(f"step {i}", lambda i=i: VALUES[i])
            ends.append(path.stat().st_size)
    whole = path.read_bytes()
    for length in {*range(0, len(whole), 43), ends[0] - 1, *ends}:
        path.write_bytes(whole[:length])
        assert journey(path, keys=["step 0", "step 1"]) == [
            i for i in range(2) if ends[i] > length
        ], length
        assert path.read_bytes() == whole


def test_no_bit_of_a_record_changes_a_result(tmp_path):
    """Each 61st bit of a file of one step behind its first bytes: the stored array is returned, or computed anew."""
    path, value = tmp_path / "state", np.arange(3, dtype="<f4")
    with Journal(path, "mine") as journal:
        journal.step("a", lambda: value)
    whole = path.read_bytes()
    for bit in range(8 * len(HEAD), 8 * len(whole), 61):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
        with Journal(path, "mine") as journal:
            assert same(journal.step("a", lambda: value), value), bit


def test_a_step_that_is_not_accepted_is_dropped_with_all_later_ones(tmp_path):
    path = tmp_path / "state"
    journey(path)
    with Journal(path, "mine") as journal:
        first = journal.step(
            "step 0", lambda: pytest.fail("it is stored"), lambda value: len(value) == 7
        )
        assert same(first, VALUES[0])
        assert journal.step(
            "step 1", lambda: np.ones(1), lambda value: len(value) == 1
        ).tolist() == [1]
        journal.step("step 2", lambda: np.ones(1))


def test_what_stopped_says_where_it_is_stored():
    said = str(Stopped("step 3", "state"))
    assert said == "stopped at step 3 on request: stored in state, from which the next run resumes"
    assert str(Stopped("step 3", None)) == "stopped at step 3 on request: nothing is stored"


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


@pytest.mark.parametrize(
    ("room", "size"), [(0, 5), (300, 5), (20_000, 5000)]
)  # bytes that fit, numbers in the array
def test_a_full_disk_keeps_the_stored_steps_and_is_one_sentence(tmp_path, room, size):
    """In the second step. The error of closing the file, which writes the rest again, must not replace the message."""
    path = tmp_path / "state"
    with (
        pytest.raises(OSError, match=r"the disk is full \(") as caught,
        Journal(path, "mine") as journal,
    ):
        journal.step("step 0", lambda: VALUES[0])
        raw = FullDisk(path, "r+b")
        raw.room = room
        old, journal._file = journal._file, raw
        journal._file.seek(old.tell())
        old.close()
        journal.step("step 1", lambda: np.arange(float(size)))
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(path))
    assert journey(path) == ALL[1:]
