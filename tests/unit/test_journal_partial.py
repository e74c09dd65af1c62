"""The partial result of the step that a journal is at."""

import errno

import numpy as np
import pytest
from journal_steps import ALL, VALUES, journey, names, same

from frequency_shortcuts.storage import journal as journals
from frequency_shortcuts.storage.journal import Journal, Stopped


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
