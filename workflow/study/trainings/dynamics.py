"""Learning dynamics: tests of a network on filtered test images during its first iterations."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from frequency_shortcuts.images.normalisation import normalise
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.networks.predictions import confusion
from frequency_shortcuts.spectrum import filters, masks

VIEWS = ("full", "low-pass", "high-pass")


@dataclass(frozen=True)
class Dynamics:
    """Tests of a network every few iterations, at the start of its training.

    test: the test images. iterations: iteration at which the tests end. every: iterations between two tests.
    cutoff: radius between the low-pass and the high-pass view, in cycles per image. views: some of `VIEWS`.
    """

    test: Split
    iterations: int
    every: int
    cutoff: float = math.nan
    views: Sequence[str] = VIEWS

    def due(self, iteration: int) -> bool:
        return iteration <= self.iterations and iteration % self.every == 0

    def batches(self, size: int) -> list[tuple[str, slice]]:
        """View by view, the images of each batch."""
        starts = range(0, len(self.test), size)
        return [
            (view, slice(start, start + size))
            for view, start in itertools.product(self.views, starts)
        ]

    def images(self, view: str, batch: slice, device: torch.device) -> Tensor:
        """The images of a batch in a view, on a device: read, normalised and filtered for this call only."""
        images = normalise(
            torch.from_numpy(self.test.images[batch]).to(device), self.test.mean, self.test.std
        )
        if view == "full":
            return images
        height, width = images.shape[-2:]
        low = masks.low_pass(height, width, self.cutoff)
        return filters.keep(images, low) if view == "low-pass" else filters.remove(images, low)

    def rows(self, iteration: int, predicted: Tensor) -> list[dict[str, Any]]:
        """One row for each view and class. predicted: int64 [views * n], the class of each image, view by view.

        Precision and F1 of a class that is never predicted are 0.
        """
        rows = []
        for view, called in zip(self.views, predicted.split(len(self.test)), strict=True):
            counts = confusion(self.test.labels, called, len(self.test.classes))
            hit, images, named = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
            precision, recall = hit / np.maximum(named, 1), hit / np.maximum(images, 1)
            f1 = 2 * precision * recall / np.maximum(precision + recall, np.finfo(float).tiny)
            table = {
                "iteration": iteration,
                "view": view,
                "class": self.test.classes,
                "precision": precision,
                "recall": recall,
                "f1": f1,
                "images": images,
                "called": named,
            }
            rows += pd.DataFrame(table).to_dict("records")
        return rows
