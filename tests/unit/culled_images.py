"""Images, labels, and a counting network for the tests of culling."""

import numpy as np
import torch
from torch import nn

LABELS = np.array([0, 2, 1, 0, 0, 2, 0, 1, 0])  # unequal, not sorted


def batch(size, channels=2, dtype=torch.float64):
    return torch.from_numpy(np.random.default_rng(0).standard_normal((len(LABELS), channels, *size))).to(dtype)


def remove_slowly(images, pairs, p):
    """The images without pair p, through the full complex FFT."""
    left = np.fft.ifftshift(~pairs.scatter(np.arange(len(pairs)) == p))
    filtered = np.fft.ifft2(np.fft.fft2(images) * left)
    assert np.abs(filtered.imag).max() < 1e-12
    return torch.from_numpy(filtered.real)


def same(one, other):
    """Bitwise."""
    for name in ("score", "evaluated"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    np.testing.assert_equal(one.about, other.about)


class Killed(BaseException):
    pass


COUNTS = {}  # of the counting network, outside of the network so that its fingerprint stays the same


def counted(name):
    return property(lambda self: COUNTS[name], lambda self, value: COUNTS.update({name: value}))


class Counting(nn.Module):
    """Counts its images and raises `Killed` after a number of forward passes."""

    calls, seen, last = counted("calls"), counted("seen"), counted("last")

    def __init__(self, network):
        super().__init__()
        self.network, self.calls, self.seen, self.last = network, 0, 0, None

    def __deepcopy__(self, memo):
        return self  # so that a frozen copy counts here

    def forward(self, images):
        self.calls, self.seen = self.calls + 1, self.seen + len(images)
        if self.last is not None and self.calls > self.last:
            raise Killed
        return self.network(images)
