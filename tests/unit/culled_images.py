"""Images and labels for the tests of culling."""

import numpy as np
import torch

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
