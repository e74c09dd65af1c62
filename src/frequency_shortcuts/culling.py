"""Culling: by how much the loss of a class rises when one conjugate pair of frequencies is removed.

The increment of class c at a pair is the mean, over the images of class c, of the loss with the pair
removed from all channels less the loss as it is (Wang et al. 2023). `exact` evaluates every pair.
`screened` evaluates the pairs that a first-order score puts first, and estimates the others.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from .evaluation import device_of, evaluating
from .images import check_classes
from .spectrum import ConjugatePairs, FloatArray, positions

log = logging.getLogger(__name__)

Method = Literal["exact", "screened"]
METHODS = ("exact", "screened")


@dataclass(frozen=True)
class Culling:
    """Loss increments with what is needed to judge them.

    increment : float64 [class, pairs]
    evaluated : bool [class, pairs], true where the increment was evaluated exactly, not estimated
    baseline_loss : float64 [class], the mean loss of the unfiltered images
    images_per_class : int64 [class]
    """

    increment: FloatArray
    evaluated: npt.NDArray[np.bool_]
    baseline_loss: FloatArray
    images_per_class: npt.NDArray[np.int64]
    method: Method


def loss_increments(
    network: nn.Module, images: Tensor, labels: npt.ArrayLike | Tensor, n_classes: int, method: Method = "screened"
) -> FloatArray:
    """The increments alone, float64 [class, pairs], in the order of `ConjugatePairs`; see `cull`."""
    return cull(network, images, labels, n_classes, method).increment


def cull(
    network: nn.Module,
    images: Tensor,
    labels: npt.ArrayLike | Tensor,
    n_classes: int,
    method: Method = "screened",
    *,
    share: float = 0.15,
    percents: Sequence[float] = (5,),
    batch_size: int = 512,
    progress: bool = False,
) -> Culling:
    """Loss increment of every class at every conjugate pair.

    Parameters
    ----------
    network : images [n, channels, H, W] -> logits [n, n_classes]; it is used in evaluation mode and left as it was
    images : float32 or float64 [n, channels, H, W], as the network sees them, on any device
    labels : [n], 0 to n_classes - 1
    share : of the pairs, that `screened` evaluates exactly
    percents : sizes of the maps that will be made. The exactly evaluated pairs that fill the largest of
        them within `share` are safe: an estimate that would outrank one is lowered to just below
    batch_size : filtered images in one forward pass

    Raises ValueError for an unknown method, a class without images or a loss that is not finite.
    """
    if method not in METHODS:
        raise ValueError(f"unknown culling method {method!r}: choose from {', '.join(METHODS)}")
    if not 0 < share <= 1:
        raise ValueError(f"share {share}: expected above 0 and at most 1")
    labels = np.asarray(labels)
    check_classes(labels, range(n_classes), n_images=len(images))
    pairs = ConjugatePairs(*images.shape[-2:])
    device = device_of(network)
    increment = np.empty((n_classes, len(pairs)))
    evaluated = np.ones((n_classes, len(pairs)), bool)
    baseline = np.empty(n_classes)
    safe_percent = max((p for p in percents if p < 100 * share), default=min(percents))
    chosen = math.ceil(share * len(pairs)) if method == "screened" else len(pairs)
    with (
        evaluating(network),
        tqdm(
            total=n_classes * chosen, desc="culling", unit="pair", leave=False, disable=None if progress else True
        ) as bar,
    ):
        for c in range(n_classes):
            mine = images[torch.from_numpy(np.flatnonzero(labels == c))].to(device)
            losses = _losses(network, mine, c, batch_size)
            baseline[c] = losses.mean()
            if not np.isfinite(baseline[c]):
                raise ValueError(f"the loss of class {c} is {baseline[c]}: the network does not give finite logits")
            if method == "exact":
                index = np.arange(len(pairs))
            else:
                score, increment[c] = first_order(network, mine, c, pairs, batch_size)
                index = np.sort(np.argsort(-score, kind="stable")[:chosen])
                evaluated[c] = np.isin(np.arange(len(pairs)), index)
            increment[c, index] = _evaluate(network, mine, c, losses, pairs, index, batch_size, bar.update)
            if method == "screened":
                _lower_estimates(increment[c], evaluated[c], pairs, safe_percent)
            log.info("class %d of %d: %d of %d pairs evaluated", c + 1, n_classes, len(index), len(pairs))
    return Culling(increment, evaluated, baseline, np.bincount(labels, minlength=n_classes), method)


def first_order(
    network: nn.Module, images: Tensor, label: int, pairs: ConjugatePairs, batch_size: int = 512
) -> tuple[FloatArray, FloatArray]:
    """Score and signed estimate of every pair from one backward pass, each float64 [pairs].

    With X the spectrum of an image and G that of the gradient of its loss, the score is the mean over
    images of the sum over channels of |X| |G|; the estimate is the change of the loss to first order
    when the pair's plane wave is taken away, the mean over images of -(size / HW) Re(X conj G).
    """
    score = torch.zeros(len(pairs), dtype=torch.float64, device=images.device)
    change = torch.zeros_like(score)
    # The coefficients of a batch are two numbers a pixel and channel: the batch may be as large as the images'.
    for batch in images.split(batch_size):
        with torch.enable_grad():
            seen = batch.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(_loss(network, seen.clone(), label).sum(), seen)
        image, slope = pairs.coefficients(batch), pairs.coefficients(gradient)
        score += (image.square().sum(0) * slope.square().sum(0)).sqrt().sum(dim=(0, 1), dtype=torch.float64)
        change -= (image * slope).sum(dim=(0, 1, 2), dtype=torch.float64)
    scale = pairs.size / (pairs.height * pairs.width)
    return score.cpu().numpy() / len(images), change.cpu().numpy() / len(images) * scale


@torch.inference_mode()
def _losses(network: nn.Module, images: Tensor, label: int, batch_size: int) -> FloatArray:
    """The loss of each image, float64 [n]."""
    return torch.cat([_loss(network, batch.clone(), label) for batch in images.split(batch_size)]).cpu().numpy()


def _loss(network: nn.Module, images: Tensor, label: int) -> Tensor:
    """The loss of each image, float64 [n]; the images may be overwritten by a network that works in place.

    The logits are widened first: in float32 the loss of a confident network is 0, and so is each increment.
    """
    target = torch.full((len(images),), label, device=images.device)
    logits = network(images.contiguous(memory_format=torch.channels_last))
    return functional.cross_entropy(logits.double(), target, reduction="none")


@torch.inference_mode()
def _evaluate(
    network: nn.Module,
    images: Tensor,
    label: int,
    losses: FloatArray,
    pairs: ConjugatePairs,
    index: npt.NDArray[np.int64],
    batch_size: int,
    advance: Callable[[float], object],
) -> FloatArray:
    """Exact increments of the pairs `index`, float64 [k].

    Images and pairs are stacked into one batch. A pair is removed by subtracting its plane wave, two
    real coefficients an image and channel, instead of a Fourier transform there and back a mask.
    """
    total = np.zeros(len(index))
    for first in range(0, len(images), batch_size):
        block = images[first : first + batch_size]
        before = torch.as_tensor(losses[first : first + batch_size], device=images.device)
        coefficients = pairs.coefficients(block)[..., torch.as_tensor(index, device=images.device)]
        cosine, sine = coefficients.permute(0, 3, 1, 2)[..., None, None]  # each [k, n, channels, 1, 1]
        step = max(1, batch_size // len(block))
        for start in range(0, len(index), step):
            some = slice(start, start + step)
            waves = pairs.waves(index[some], dtype=images.dtype, device=images.device)[:, :, None, None]
            filtered = torch.addcmul(block, cosine[some], waves[0], value=-1).addcmul_(sine[some], waves[1])
            after = _loss(network, filtered.flatten(0, 1), label).view(-1, len(block))
            total[some] += (after - before).sum(dim=1).cpu().numpy()
            advance(after.shape[0] * len(block) / len(images))
    return total / len(images)


def _lower_estimates(
    increment: FloatArray, evaluated: npt.NDArray[np.bool_], pairs: ConjugatePairs, top_percent: float
) -> None:
    """In place: no estimate outranks one of the exactly evaluated pairs that fill the top `top_percent` %."""
    exact = np.flatnonzero(evaluated)
    order = exact[np.argsort(-increment[exact], kind="stable")]
    filled = np.cumsum(pairs.size[order]) >= positions(pairs.height, pairs.width, top_percent)
    last = order[np.argmax(filled)] if filled.any() else order[-1]
    # In the precision of the DFM file, so that the order survives being written.
    ceiling = np.nextafter(np.float32(increment[last]), np.float32(-np.inf))
    increment[~evaluated] = np.minimum(increment[~evaluated], ceiling)
