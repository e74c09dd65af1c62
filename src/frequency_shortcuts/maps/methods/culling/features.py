"""The features of all pairs for one class, from gradients at its images and at noisy copies of them."""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor

from frequency_shortcuts.maps.methods import gradients
from frequency_shortcuts.maps.methods.workspace import per_block
from frequency_shortcuts.spectrum.arrays import FloatArray

from .evaluator import ClassEvaluator
from .surrogate import Features


class FeatureCollector:
    """Sums the features over each group of images of a class; `gradients.passes` gives the cost of an image."""

    def __init__(self, images: ClassEvaluator) -> None:
        self.images, self.engine = images, images.engine
        self._groups, self._pairs = len(images.bounds) - 1, len(images.engine.pairs)
        self._views = 1 + gradients.noisy_copies(self._pairs)  # of each image: itself and its noisy copies

    def collect(self) -> Features:
        """The features that `surrogate.Model` needs."""
        sums = np.zeros((2, 5, self._groups, self._pairs))
        step = per_block(self._views)
        for first in range(0, len(self.images), step):
            last = min(first + step, len(self.images))
            key = f"class {self.images.label}, features of images {first} to {last}"
            compute = functools.partial(self._sums, first, last)
            sums += self.images.workspace.step(key, compute, 3 * (last - first) * self._views)
        return Features(sums[0], sums[1], np.diff(self.images.bounds) / len(self.images))

    @torch.no_grad()  # `first_order` enables gradients only for the loss
    def _sums(self, begin: int, end: int) -> FloatArray:
        """Sums over the images begin to end: float64 [2, 5, groups, pairs], the features and their squares.

        Gradients are computed in full batches, in the order: an image, then its noisy copies.
        """
        pairs, device, views = self.engine.pairs, self.engine.source.device, self._views
        at_once = min(self.engine.backward_batch, self.engine.batch)
        sums = torch.zeros(2, 5, self._groups, self._pairs, dtype=torch.float64, device=device)
        responses = torch.empty(0, 2, self._pairs, dtype=torch.float64, device=device)  # of the unfinished image
        for start in range(begin * views, end * views, at_once):
            stop = min(start + at_once, end * views)
            first, last = start // views, -(-stop // views)
            images = self.images.take(first, last)
            shown = torch.arange(start, stop, device=device) - first * views
            seen = gradients.with_noise(images, pairs, views - 1, range(first, last))[shown]
            both = gradients.first_order(
                self.images.workspace.forward, seen, images[shown // views], self.images.label, pairs
            )
            responses = torch.cat([responses, torch.stack(both, dim=1)])
            if complete := len(responses) // views:
                whole = responses[: complete * views].unflatten(0, (complete, views))
                self._add(sums, whole, images[:complete], first)
                responses = responses[complete * views :]
        return sums.cpu().numpy()

    def _add(self, sums: Tensor, responses: Tensor, images: Tensor, first: int) -> None:
        """Add the responses [n, views, 2, pairs] of the images from `first` to the sums [2, 5, groups, pairs]."""
        bounds = self.images.bounds
        group = np.repeat(np.arange(self._groups), np.diff(bounds))[first : first + len(images)]
        influence = torch.as_tensor(self.images.influence[first : first + len(images)], device=images.device)
        change, product = responses.unbind(2)
        plain, noisy = change[:, 0], change[:, 1:]
        energy = influence[:, None] * gradients.energies(images, self.engine.pairs)
        smoothing, deviation = noisy.mean(dim=1) - plain, noisy.std(dim=1, correction=0)
        features = torch.stack([plain, product[:, 0], energy, smoothing, deviation])
        for g in np.unique(group):
            of_group = features[:, torch.as_tensor(group == g, device=images.device)]
            sums[0, :, g] += of_group.sum(dim=1) / len(self.images)
            sums[1, :, g] += of_group.square().sum(dim=1) / len(self.images) ** 2
