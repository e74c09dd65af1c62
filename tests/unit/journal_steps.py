"""A computation in steps, stored in a journal."""

import numpy as np

from frequency_shortcuts.storage.journal import Journal


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
