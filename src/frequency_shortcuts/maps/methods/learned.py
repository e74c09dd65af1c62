"""Learned masks: one number for every pair and class, trained by gradients through the frozen network.

The mask of a class is the sigmoid of its numbers. With the goal `keep`, images of the class keep their own coefficients
inside the mask, and have those of the fill outside; the loss is the cross-entropy of the class. With the goal `destroy`
it is the reverse: the fill stands inside the mask, and the loss is that of the network still naming the class. To the
loss is added `sparsity` times the share of the spectrum in the mask. (Karantzas et al. 2022 learn one mask for all
classes, with zeros.)
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from frequency_shortcuts.networks.numerics import square_root, tf32
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray
from frequency_shortcuts.spectrum.fills import named

from .method import Size
from .workspace import Workspace

Goal = Literal["keep", "destroy"]
GOALS: tuple[Goal, ...] = ("keep", "destroy")
STORED_STEPS = 50  # steps in a block, which is stored when it is finished
BETAS, EPSILON = (0.9, 0.999), 1e-8  # of Adam


@dataclass(frozen=True)
class Settings:
    """goal : `keep`, a small set that suffices, or `destroy`, a small set without which the class is not recognised
    fill : what stands at the other pairs, `swap` or `zeros`; with `swap`, an image of another class, drawn anew in each
        step, or of the neutral class if there is one
    steps : of Adam; images_per_class : in a step; rate : learning rate
    sparsity : weight of the share of the spectrum in the mask
    """

    goal: Goal = "keep"
    fill: str = "swap"
    steps: int = 150
    images_per_class: int = 16
    rate: float = 0.2
    sparsity: float = 64.0

    def __post_init__(self) -> None:
        if self.goal not in GOALS:
            raise ValueError(f"unknown goal {self.goal!r}: choose from {', '.join(GOALS)}")
        named(self.fill)
        numbers_fit = 0 < self.rate < math.inf and 0 <= self.sparsity < math.inf
        if self.steps < 1 or self.images_per_class < 1 or not numbers_fit:
            raise ValueError(
                f"steps {self.steps}, images_per_class {self.images_per_class}, rate {self.rate}, sparsity "
                f"{self.sparsity}: expected at least 1, at least 1, above 0, and at least 0"
            )


def passes(settings: Settings, size: Size) -> int:
    """A forward and a backward pass, which counts two, of each image of a step."""
    return 3 * settings.steps * settings.images_per_class * size.n_classes


def scores(workspace: Workspace, settings: Settings) -> FloatArray:
    """The numbers of the masks after training, float64 [class, pairs]."""
    state = np.zeros((3, workspace.n_classes, len(workspace.pairs)))  # the numbers, and Adam's two means
    for first in range(0, settings.steps, STORED_STEPS):
        last = min(first + STORED_STEPS, settings.steps)
        compute = functools.partial(_train, workspace, settings, state, first, last)
        work = 3 * (last - first) * settings.images_per_class * workspace.n_classes
        state = workspace.step(f"steps {first} to {last}", compute, work)
    numbers: FloatArray = state[0]
    return numbers


def _train(
    workspace: Workspace, settings: Settings, state: npt.NDArray[Any], first: int, last: int
) -> npt.NDArray[Any]:
    """The state [3, class, pairs] after the steps first to last."""
    device = workspace.engine.source.device
    numbers, mean, square = torch.as_tensor(state, device=device).clone()
    for step in range(first, last):
        slope = _slope(workspace, settings, numbers, np.random.default_rng([workspace.seed, 3, step]))
        mean = mean.lerp(slope, 1 - BETAS[0])
        square = square.lerp(slope.square(), 1 - BETAS[1])
        corrected = mean / (1 - BETAS[0] ** (step + 1)), square / (1 - BETAS[1] ** (step + 1))
        numbers = numbers - settings.rate * corrected[0] / (square_root(corrected[1]) + EPSILON)
    return torch.stack([numbers, mean, square]).cpu().numpy()


def _slope(workspace: Workspace, settings: Settings, numbers: Tensor, generator: np.random.Generator) -> Tensor:
    """The gradient [class, pairs] of the loss of all classes at their numbers, on images that are drawn for a step."""
    engine, total = workspace.engine, len(numbers) * settings.images_per_class
    chosen = np.concatenate([_draw(np.flatnonzero(workspace.labels == c), settings.images_per_class, generator)
                             for c in range(workspace.n_classes)])  # fmt: skip
    labels = torch.as_tensor(workspace.labels[chosen], device=numbers.device)
    fills = _fills(workspace, chosen, generator) if named(settings.fill).needs_donors else None
    share = torch.as_tensor(workspace.pairs.size / workspace.pairs.size.sum(), device=numbers.device)
    with torch.inference_mode(False), torch.enable_grad():
        leaf = numbers.detach().clone().requires_grad_()
        size = min(engine.backward_batch, engine.batch)
        for start in range(0, total, size):
            part = slice(start, start + size)
            mask = leaf[labels[part]].sigmoid().to(engine.source.dtype)
            kept = mask if settings.goal == "keep" else 1 - mask
            logits = workspace.logits(chosen[part], None if fills is None else fills[part], kept)
            if not logits.requires_grad:
                raise ValueError("the network gives no gradient, which a learned mask needs: choose another method")
            own = labels[part, None]
            if settings.goal == "keep":
                wanted = logits.gather(1, own)[:, 0]
            else:  # any other class; 1 - probability would be 0, without a gradient, where the network is sure
                wanted = logits.scatter(1, own, -math.inf).logsumexp(dim=1)
            loss = logits.logsumexp(dim=1) - wanted
            if not loss.isfinite().all():
                raise ValueError("the network does not give finite logits for filtered images")
            with tf32(False, leaf.device):
                (loss.sum() / settings.images_per_class).backward()
        (settings.sparsity * (leaf.sigmoid() @ share).sum()).backward()
    assert leaf.grad is not None
    return leaf.grad


def _draw(pool: IntArray, count: int, generator: np.random.Generator) -> IntArray:
    """So many of the pool, each once before one is drawn again."""
    rounds = -(-count // len(pool))
    return np.concatenate([generator.permutation(pool) for _ in range(rounds)])[:count]


def _fills(workspace: Workspace, chosen: IntArray, generator: np.random.Generator) -> IntArray:
    """For each chosen image [k] an image of another class, or of the neutral one where there is one."""
    labels, fills = workspace.labels[chosen], np.empty(len(chosen), np.int64)
    for c in np.unique(labels):
        of_class = np.flatnonzero(labels == c)
        fills[of_class] = _draw(workspace.pool(c), len(of_class), generator)
    return fills
