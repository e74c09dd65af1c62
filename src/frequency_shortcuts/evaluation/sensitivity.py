"""Sensitivity of a network to single plane waves: the Fourier heat map.

It is that of Yin, Lopes, Shlens, Cubuk and Gilmer, "A Fourier perspective on model robustness in computer vision"
(NeurIPS 2019): the error when one plane wave of a fixed norm is added to every image.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from tqdm import tqdm

from frequency_shortcuts.data.source import tiling
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.maps.methods.engine import Engine, Limits
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.spectrum.waves import Waves

from .wave_errors import Sensitivity

log = logging.getLogger(__name__)


def fourier_sensitivity(
    network: nn.Module,
    split: Split,
    *,
    norm: float,
    radius: float | None = None,
    limits: Limits | None = None,
    seed: int = 0,
    progress: bool = False,
) -> Sensitivity:
    """Error of every class when a plane wave of one conjugate pair is added to its images (Yin et al. 2019).

    In every channel, the wave has the L2 norm `norm`, in units in which pixels span 0 to 1, for any normalisation of
    the images. Published norms are 4 for images of 32 x 32 and 15.7 for 224 x 224: root mean squares,
    norm / sqrt(H W), of 0.125 and 0.07. The sign is drawn for every image, channel and pair. The phase is fixed, as in
    the code of the authors: an eighth of a period at the first pixel, so that cosine and sine are equal; frequencies
    that are their own partner have only a cosine. Pixels are not clipped to [0, 1]: clipping would lower the norm in
    bright or dark images, and add harmonics, that is, other frequencies than that of the wave.

    Parameters
    ----------
    split : the std of floating-point images is the one that they were normalised with; 1 for pixels
    radius : evaluate the pairs up to this radius, in cycles per image; None for all
    seed : of the signs. The signs for an image depend on its position in the split, not on its batch

    Raises ValueError if no pair is within the radius, the norm is not above 0, or the network predicts another class.
    """
    pairs = ConjugatePairs(*split.images.shape[-2:])
    if norm <= 0:
        raise ValueError(f"norm {norm}: expected above 0")
    index = np.flatnonzero(pairs.radius <= (math.inf if radius is None else radius))
    if not len(index):
        raise ValueError(f"radius {radius}: no frequency is within it")
    engine, n_images = Engine.build(network, split, limits), len(split)
    unit = _unit_waves(pairs, index, norm, split.std).to(engine.source.device, engine.source.dtype)
    bar = tqdm(
        total=n_images * len(index), desc="adding waves", unit="image", unit_scale=True, leave=False,
        disable=None if progress else True,
    )  # fmt: skip
    with torch.inference_mode(), bar, engine.frozen.naming() as name:
        wrong, wrong_before = _count_errors(engine, name, index, unit, seed, bar)
    count = np.bincount(split.labels)
    error = np.full((len(count), len(pairs)), np.nan, np.float32)
    error[:, index] = wrong / count[:, None]
    log.info("waves of %d pairs of frequencies on %d images", len(index), n_images)
    return Sensitivity(error, wrong_before / count, count, norm, pairs)


def _count_errors(
    engine: Engine, name: Callable[[Tensor], Tensor], index: IntArray, unit: Tensor, seed: int, bar: tqdm
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Errors of each class under the waves `unit` of the pairs index [k], int32 [class, k], and without a wave [class].

    Raises ValueError if the network predicts another class. Errors are counted on the device and read once.
    """
    source, pairs = engine.source, engine.pairs
    labels, n_classes = source.split.labels, len(source.split.classes)
    images_at_once, step = tiling(len(labels), engine.batch)
    chosen = torch.as_tensor(index, device=source.device)
    truth = torch.as_tensor(labels, dtype=torch.int64, device=source.device)
    wrong = torch.zeros(n_classes, len(index), dtype=torch.int32, device=source.device)
    wrong_before = torch.zeros(n_classes, 1, dtype=torch.int32, device=source.device)
    greatest = torch.zeros((), dtype=torch.int64, device=source.device)
    for start in range(0, len(labels), images_at_once):
        some = np.arange(start, min(start + images_at_once, len(labels)))
        inputs, own = source.take(some), truth[start : start + images_at_once]
        called = name(inputs)
        greatest = torch.maximum(greatest, called.max())
        wrong_before.index_add_(0, own, (called != own).int()[:, None])
        signs = _signs(some, len(pairs), source.shape[1], seed)[index]
        drawn = torch.as_tensor(signs, device=source.device)[:, :, None]
        waves = Waves(pairs, inputs, min(step, len(index)))
        for first in range(0, len(index), step):
            these = slice(first, first + step)
            perturbed = waves.add(chosen[these], unit[:, these] * drawn[these])
            called = name(perturbed).view(-1, len(some))
            greatest = torch.maximum(greatest, called.max())
            wrong[:, these].index_add_(0, own, (called != own).int().T)
            bar.update(called.numel())
    if greatest >= n_classes:
        raise ValueError(f"the network has an output for class {int(greatest)}, but there are {n_classes} classes")
    return wrong.cpu().numpy(), wrong_before.cpu().numpy()[:, 0]


def _unit_waves(pairs: ConjugatePairs, index: IntArray, norm: float, std: FloatArray) -> Tensor:
    """The coefficients for `Waves` of the pairs index [k], without the random sign: float64 [2, k, 1, 1, channels]."""
    # cos - sin of a pair, and the cosine of a frequency that is its own partner, have a root mean square of 1. The sign
    # of the imaginary part depends on whether the member with v >= 0 is the first one.
    imaginary = np.where(pairs.frequencies[:, 1] % pairs.width > pairs.width // 2, -1.0, 1.0) * (pairs.size == 2)
    unit = np.stack([np.ones(len(pairs)), imaginary])[:, index, None, None, None]
    return torch.as_tensor(unit * (norm / math.sqrt(pairs.height * pairs.width) / std))


def _signs(positions: IntArray, n_pairs: int, channels: int, seed: int) -> npt.NDArray[np.int8]:
    """The signs of the waves that are added to the images at these positions [k], int8 [pairs, k, channels]."""
    drawn = np.empty((n_pairs, len(positions), channels), np.int8)
    for i, position in enumerate(positions):
        drawn[:, i] = np.random.default_rng([seed, position]).integers(0, 2, (n_pairs, channels), np.int8)
    return 2 * drawn - 1
