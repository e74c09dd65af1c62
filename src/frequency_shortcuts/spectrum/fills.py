"""Fills: what stands at the frequencies of an image that are not its own.

A test keeps some frequencies of an image and takes the others from a *fill*. With `zeros`, nothing stands there: the
published way. An image with 95 % zeros is unlike all that a network has seen, so that the test also asks what the
network calls an empty image. `swap` and `noise` leave the image like the data:

- `swap`: the coefficients of another image, its donor.
- `noise`: the mean amplitude over all test images with one random phase at each frequency.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from .arrays import IntArray, as_array
from .pairs import ConjugatePairs

if TYPE_CHECKING:
    from torch import Tensor

Fill = Literal["zeros", "swap", "noise"]
FILLS: tuple[Fill, ...] = ("zeros", "swap", "noise")


def donors(labels: npt.ArrayLike, *, neutral: int | None = None, seed: int | Sequence[int] = 0) -> IntArray:
    """The donor of every image: position [n] of another image among the same n.

    It is an image of the `neutral` class where the set has one, else of another class than the image's own. Each
    image that can be a donor of a class is used about equally often. An image is never its own donor.

    labels : int [n]

    >>> donors([0, 0, 1, 1], neutral=0)[:2]  # the two images of class 0 are each other's donors
    array([1, 0])

    Raises ValueError where there is no donor: a single class, or one image of the neutral class.
    """
    labels = as_array(labels)
    generator = np.random.default_rng(seed)
    out = np.empty(len(labels), np.int64)
    for c in np.unique(labels):
        own = np.flatnonzero(labels == c)
        pool = generator.permutation(np.flatnonzero(labels != c if neutral is None else labels == neutral))
        if len(pool) < 1 + (c == neutral):
            of = "of another class" if neutral is None else f"of the neutral class {neutral}"
            raise ValueError(
                f"fill swap: an image of class {c} needs another image {of} as its donor, and there is none"
            )
        if c == neutral:  # each gives to the next one of the shuffled circle
            out[pool] = np.roll(pool, 1)
        else:
            out[own] = np.resize(pool, len(own))
    return out


def noise(images: Iterable[Tensor] | Tensor, seed: int | Sequence[int] = 0) -> Tensor:
    """The fill `noise` of some images: complex [channels, H, W // 2 + 1], in the half plane of a real FFT.

    images : float32 or float64 [n, channels, H, W], or an iterable of batches of such, on one device

    The amplitude is the mean over all images, of each channel; the phase is random and shared by the channels.
    Frequencies that are their own partner (DC, Nyquist corners) keep the mean coefficient, which is real.

    Raises ValueError where there is no image.
    """
    import torch

    amplitude = total = None
    count = 0
    for batch in [images] if isinstance(images, torch.Tensor) else images:
        height, width = batch.shape[-2:]
        coefficients = torch.fft.rfft2(batch.double())
        sums = coefficients.abs().sum(dim=0), coefficients.sum(dim=0)
        amplitude, total = sums if amplitude is None else (amplitude + sums[0], total + sums[1])
        count, dtype = count + len(batch), batch.dtype
    if amplitude is None or total is None or not count:
        raise ValueError("fill noise: there are no images to take the mean amplitude of")
    turn = torch.from_numpy(random_phases(height, width, seed)).to(amplitude.device)
    fill = torch.where(turn == 0, total, amplitude * turn) / count
    return fill.to(torch.complex128 if dtype == torch.float64 else torch.complex64)


def random_phases(height: int, width: int, seed: int | Sequence[int] = 0) -> npt.NDArray[np.complex128]:
    """exp(i phase) of a random phase at every conjugate pair, [H, W // 2 + 1], as a real FFT orders them.

    It is 0 at the frequencies that are their own partner, which have no phase.
    """
    pairs = ConjugatePairs(height, width)
    turn = np.exp(2j * np.pi * np.random.default_rng(seed).random(len(pairs)))
    turn[pairs.size == 1] = 0
    plane = np.zeros((height, width), np.complex128)
    first, second = pairs.positions[:, 0], pairs.positions[:, 1]
    plane[first[:, 0], first[:, 1]] = turn
    plane[second[:, 0], second[:, 1]] = turn.conj()
    return np.fft.ifftshift(plane)[:, : width // 2 + 1]
