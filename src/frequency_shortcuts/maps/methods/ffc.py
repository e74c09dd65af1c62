"""Fast Fourier correlation (Liu et al., arXiv 2504.02016): where does an image move if it becomes more like its class?

From each image, gradient descent on the cross-entropy of the label that the network predicts leads to another image
with the spectrum X'. The score of a pair is 2 Re(conj(X') X) / |X| - |X|, large where the image has much amplitude and
the descent adds to it; here the mean over the channels and the images of a class. The published code takes 20 to 100
steps at a rate of 1000; the rate here was chosen on other data (docs/methods.md).
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from frequency_shortcuts.networks.numerics import square_root
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray

from .gradients import input_gradient
from .method import Size
from .workspace import Workspace


@dataclass(frozen=True)
class Settings:
    """steps : of the descent; rate : what the gradient is multiplied with"""

    steps: int = 20
    rate: float = 1.0

    def __post_init__(self) -> None:
        if self.steps < 1 or not 0 < self.rate < math.inf:
            raise ValueError(f"steps {self.steps}, rate {self.rate}: expected at least 1, and above 0")


def passes(settings: Settings, size: Size) -> int:
    """A forward and a backward pass, which counts two, of each image in each step."""
    return 3 * settings.steps * size.n_images


def scores(workspace: Workspace, settings: Settings) -> FloatArray:
    """Mean score over the images of each class, float64 [class, pairs]."""
    means = []
    for c, count in enumerate(workspace.count):
        compute = functools.partial(_mean, workspace, settings, np.flatnonzero(workspace.labels == c))
        means.append(workspace.step(f"descents of class {c}", compute, 3 * settings.steps * int(count)))
    return np.stack(means)


def _mean(workspace: Workspace, settings: Settings, images: IntArray) -> FloatArray:
    """The mean over the images, [pairs]."""
    engine, pairs = workspace.engine, workspace.pairs
    total = torch.zeros(len(pairs), dtype=torch.float64, device=engine.source.device)
    size = min(engine.backward_batch, engine.batch)
    for start in range(0, len(images), size):
        before = engine.source.take(images[start : start + size])
        after = _descend(workspace, settings, before)
        own, other = (pairs.coefficients(seen).double() for seen in (before, after))
        amplitude = square_root(own.square().sum(dim=0))
        along = torch.where(amplitude > 0, (own * other).sum(dim=0) / amplitude, 0)
        total += (2 * along - amplitude).mean(dim=1).sum(dim=0)
    mean: FloatArray = total.cpu().numpy() / len(images)
    return mean


def _descend(workspace: Workspace, settings: Settings, images: Tensor) -> Tensor:
    """Where the descent ends, [k, channels, H, W]."""
    label: Tensor | None = None  # that the network predicts for the unchanged images

    def loss(logits: Tensor) -> Tensor:
        nonlocal label
        if label is None:
            label = logits.detach().argmax(dim=1, keepdim=True)
        values = logits.logsumexp(dim=1) - logits.gather(1, label)[:, 0]
        if not values.isfinite().all():
            raise ValueError("the network does not give finite logits along the descent: choose a lower rate")
        return values

    for _ in range(settings.steps):
        images = images - settings.rate * input_gradient(workspace.forward, images, loss)
    return images
