"""What asks a computation to stop."""


class StopAfter:
    """A `stop` that returns true from the n-th call on; `looks` counts the calls."""

    def __init__(self, n=None):
        self.n, self.looks = n, 0

    def __call__(self):
        self.looks += 1
        return self.n is not None and self.looks >= self.n
