"""The journal of a computation: stored steps, stops, locks, and full disks."""

import numpy as np
from test_journal import VALUES, journey, same

from frequency_shortcuts.storage.journal import Journal


def test_a_truncated_journal_loses_only_the_truncated_steps(tmp_path):
    """At each seventh length of a file of two steps."""
    path, ends = tmp_path / "state", []
    with Journal(path, "mine") as journal:
        for i in range(2):
            journal.step(f"step {i}", lambda i=i: VALUES[i])
            ends.append(path.stat().st_size)
    whole = path.read_bytes()
    for length in {*range(0, len(whole), 7), ends[0] - 1, *ends}:
        path.write_bytes(whole[:length])
        assert journey(path, keys=["step 0", "step 1"]) == [i for i in range(2) if ends[i] > length], length
        assert path.read_bytes() == whole


def test_no_bit_of_a_record_changes_a_result(tmp_path):
    """Each fifth bit of a file of one step, header included: the stored array is returned, or computed anew."""
    path, value = tmp_path / "state", np.arange(3, dtype="<f4")
    with Journal(path, "mine") as journal:
        journal.step("a", lambda: value)
    whole = path.read_bytes()
    for bit in range(0, 8 * len(whole), 5):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
        with Journal(path, "mine") as journal:
            assert same(journal.step("a", lambda: value), value), bit
