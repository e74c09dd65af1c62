"""Requests to stop a computation."""


class StopAfter:
    """A `stop` that returns true from the n-th call on; `checks` counts the calls."""

    def __init__(self, n=None):
        self.n, self.checks = n, 0

    def __call__(self):
        self.checks += 1
        return self.n is not None and self.checks >= self.n
