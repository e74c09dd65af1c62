"""The features of all pairs for one class, from gradients at its images and at noisy copies of them."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from frequency_shortcuts.maps.methods import gradients
from frequency_shortcuts.spectrum.arrays import FloatArray

from .evaluator import ClassEvaluator, images_per_block
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
        step = images_per_block(self._views)
        for first in range(0, len(self.images), step):
            last = min(first + step, len(self.images))
            key = f"class {self.images.label}, features of images {first} to {last}"
            sums += self.images.step(key, functools.partial(self._sums, first, last))
        return Features(sums[0], sums[1], np.diff(self.images.bounds) / len(self.images))

    @torch.no_grad()  # `first_order` enables gradients only for the loss
    def _sums(self, begin: int, end: int) -> FloatArray:
        """Sums over the images begin to end: float64 [2, 5, groups, pairs], the features and their squares.

        Gradients are computed in full batches, in the order: an image, then its noisy copies.
        """
        pairs, device, views = self.engine.pairs, self.engine.source.device, self._views
        at_once = min(self.engine.backward_batch, self.engine.batch)
        done, sums, responses = self._resume()
        for start in range(begin * views + done, end * views, at_once):
            stop = min(start + at_once, end * views)
            first, last = start // views, -(-stop // views)
            images = self.images.take(first, last)
            shown = torch.arange(start, stop, device=device) - first * views
            seen = gradients.with_noise(images, pairs, views - 1, range(first, last))[shown]
            found = gradients.first_order(self.engine.frozen, seen, images[shown // views], self.images.label, pairs)
            responses = torch.cat([responses, torch.stack(found, dim=1)])
            if complete := len(responses) // views:
                whole = responses[: complete * views].unflatten(0, (complete, views))
                self._add(sums, whole, images[:complete], first)
                responses = responses[complete * views :]
            self.images.checkpoint(functools.partial(self._snapshot, stop - begin * views, sums, responses))
        return sums.cpu().numpy()

    def _snapshot(self, gradients_done: int, sums: Tensor, responses: Tensor) -> npt.NDArray[Any]:
        """The content of a checkpoint: the number of gradients, the sums, and the responses of the unfinished image."""
        held = np.zeros(
            (),
            [
                ("gradients", np.int64),
                ("sums", np.float64, (2, 5, self._groups, self._pairs)),
                ("responses", np.float64, (self._views, 2, self._pairs)),
            ],
        )
        held["gradients"], held["sums"] = gradients_done, sums.cpu().numpy()
        held["responses"][: len(responses)] = responses.cpu().numpy()
        return held

    def _resume(self) -> tuple[int, Tensor, Tensor]:
        """The arguments of the last `_snapshot`; zeros if there is none."""
        held = self.images.partial_result()
        if held is None:
            held = self._snapshot(0, torch.zeros(2, 5, self._groups, self._pairs), torch.empty(0, 2, self._pairs))
        done = int(held["gradients"])
        sums, responses = (torch.tensor(held[name], device=self.engine.source.device) for name in ("sums", "responses"))
        return done, sums, responses[: done % self._views]

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
            mine = features[:, torch.as_tensor(group == g, device=images.device)]
            sums[0, :, g] += mine.sum(dim=1) / len(self.images)
            sums[1, :, g] += mine.square().sum(dim=1) / len(self.images) ** 2
