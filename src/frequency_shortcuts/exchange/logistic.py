"""Logistic regression with an L2 penalty, whose strength is chosen by folds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from frequency_shortcuts.spectrum.arrays import IntArray

# Of the penalty, from strong to weak: each fit begins where the one before it ended.
STRENGTHS = (1.0, 0.1, 0.01, 1e-3, 1e-4)
FOLDS = 5
STEPS = 10  # of L-BFGS for each strength: more of them hardly change the loss of what is held out


def fit_logistic(
    features: Tensor,
    labels: IntArray,
    rows: int,
    as_logits: Callable[[Tensor], Tensor],
    *,
    intercept: bool = True,
    seed: int = 0,
) -> tuple[Tensor, Tensor]:
    """Weights float64 [rows, features] and intercepts [rows] of a layer that tells classes apart.

    Each class counts the same. All versions of an image are in one fold.

    features : float64 [versions, n, features], of n images
    labels : int [n], from 0; each class has two images or more
    rows : of the layer; as_logits : what it gives, [k, rows] -> logits [k, classes]
    intercept : whether there is one; else it is 0
    """
    versions = len(features)
    flat = features.flatten(0, 1)
    centre = flat.mean(dim=0) if intercept else flat.new_zeros(flat.shape[1])
    deviation = flat.std(dim=0)
    varies = deviation > 1e-6 * deviation.max()  # what does not is rounding
    scale = torch.where(varies, deviation, 1.0)
    columns = (flat - centre) / scale
    if intercept:
        columns = torch.cat([columns, columns.new_ones(len(columns), 1)], dim=1)
    repeated = torch.from_numpy(np.tile(labels, versions)).to(flat.device)
    folds = torch.from_numpy(np.tile(_folds(labels, seed), versions)).to(flat.device)
    problem = _Problem(columns, repeated, rows, as_logits, intercept)
    weights = _balanced(repeated)
    fitted = problem.start()
    for strength in STRENGTHS[: _count_of_strengths(problem, weights, folds)]:
        fitted = problem.fit(fitted, weights, strength)
    slopes = fitted[:, : len(scale)] / scale
    intercepts = fitted[:, len(scale) :].sum(dim=1) - slopes @ centre
    return slopes, intercepts


class _Problem(NamedTuple):
    """Standardised features and labels; of an intercept the last column is 1, without a penalty."""

    columns: Tensor
    labels: Tensor
    rows: int
    as_logits: Callable[[Tensor], Tensor]
    intercept: bool

    def start(self) -> Tensor:
        """Zeros [rows, columns], from which a fit starts."""
        return self.columns.new_zeros(self.rows, self.columns.shape[1])

    def loss(self, fitted: Tensor, weights: Tensor) -> Tensor:
        """The weighted sum of the cross-entropy of the examples, with what is fitted [rows, columns]."""
        logits = self.as_logits(functional.linear(self.columns, fitted))
        return weights @ functional.cross_entropy(logits, self.labels, reduction="none")

    def fit(self, start: Tensor, weights: Tensor, strength: float) -> Tensor:
        """What is fitted to the examples, [rows, columns], from a start of the same shape."""
        fitted = start.clone().requires_grad_()
        optimiser = torch.optim.LBFGS([fitted], max_iter=STEPS, line_search_fn="strong_wolfe")
        penalised = fitted.shape[1] - self.intercept

        def penalised_loss() -> Tensor:
            optimiser.zero_grad()
            penalty = strength / 2 * fitted[:, :penalised].square().sum()
            loss = self.loss(fitted, weights) + penalty
            loss.backward()
            return loss

        with torch.enable_grad():
            optimiser.step(penalised_loss)
        return fitted.detach()


def _count_of_strengths(problem: _Problem, weights: Tensor, folds: Tensor) -> int:
    """How many of the strengths are fitted, one after the other, before the loss of what is held out rises."""
    fitted = [problem.start()] * FOLDS
    least = math.inf
    for count, strength in enumerate(STRENGTHS):
        loss = 0.0
        for k in range(FOLDS):
            held_out = folds == k
            kept = weights * ~held_out
            fitted[k] = problem.fit(fitted[k], kept / kept.sum(), strength)
            loss += float(problem.loss(fitted[k], weights * held_out))
        if loss > least:
            return count
        least = loss
    return len(STRENGTHS)


def _balanced(labels: Tensor) -> Tensor:
    """Weights float64 [n] whose sum is 1, and the same for each class."""
    count = labels.bincount().double()
    return 1 / (len(count) * count[labels])


def _folds(labels: IntArray, seed: int) -> IntArray:
    """The fold of each image, int64 [n]; those of a class are spread evenly."""
    draw = np.random.default_rng(seed)
    folds = np.empty(len(labels), np.int64)
    for c in np.unique(labels):
        images = draw.permutation(np.flatnonzero(labels == c))
        folds[images] = np.arange(len(images)) % FOLDS
    return folds
