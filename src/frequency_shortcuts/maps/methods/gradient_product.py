"""The product of amplitude and gradient: one forward and one backward pass of each image."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from frequency_shortcuts.spectrum.arrays import FloatArray

from .gradients import first_order
from .method import Size
from .workspace import Workspace


@dataclass(frozen=True)
class Settings:
    """A gradient has no settings."""


def passes(settings: Settings, size: Size) -> int:
    """A backward pass counts two."""
    return 3 * size.n_images


def scores(workspace: Workspace, settings: Settings) -> FloatArray:
    """Mean of |X| |G| over the images of each class, float64 [class, pairs].

    X is the spectrum of an image, and G that of the gradient of its loss.
    """
    means = []
    for c, count in enumerate(workspace.count):
        compute = functools.partial(_mean, workspace, c)
        means.append(workspace.step(f"gradients of class {c}", compute, 3 * int(count)))
    return np.stack(means)


def _mean(workspace: Workspace, c: int) -> FloatArray:
    """The mean over the images of class c, [pairs]."""
    engine, of_class = workspace.engine, np.flatnonzero(workspace.labels == c)
    total = torch.zeros(len(workspace.pairs), dtype=torch.float64, device=engine.source.device)
    step = min(engine.backward_batch, engine.batch)

    def logits_of(images: Tensor) -> Tensor:
        logits = workspace.forward(images)
        if not (logits.logsumexp(dim=1) - logits[:, c]).isfinite().all():
            raise ValueError(f"the network does not give finite logits for the images of class {c}")
        return logits

    for start in range(0, len(of_class), step):
        images = engine.source.take(of_class[start : start + step])
        total += first_order(logits_of, images, images, c, workspace.pairs)[1].sum(dim=0)
    return total.cpu().numpy() / len(of_class)
