"""Random masks: a pair matters if the class is recognised when random masks keep it (FreqRISE, Brusch et al. 2025).

The score of a pair is the mean probability of the class over the masks that keep the pair.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frequency_shortcuts.spectrum.arrays import FloatArray
from frequency_shortcuts.spectrum.fills import named

from .method import Size
from .workspace import Workspace, per_block


@dataclass(frozen=True)
class Settings:
    """masks : number of random masks; None for as many as there are pairs, which costs as much as an exact culling.
    share : probability that a mask keeps a pair
    fill : what stands at the other pairs, `zeros` or `swap`
    """

    masks: int | None = None
    share: float = 0.7
    fill: str = "zeros"

    def __post_init__(self) -> None:
        if self.masks is not None and self.masks < 2:
            raise ValueError(f"masks {self.masks}: expected at least 2, or None for as many as there are pairs")
        if not 0 < self.share < 1:
            raise ValueError(f"share {self.share}: expected above 0 and below 1")
        named(self.fill)


def passes(settings: Settings, size: Size) -> int:
    """Every mask is shown to every image."""
    return (settings.masks or len(size.pairs)) * size.n_images


def scores(workspace: Workspace, settings: Settings) -> FloatArray:
    """Mean probability of the class over the masks that keep a pair, float64 [class, pairs].

    A pair that no mask keeps gets the mean over all masks.
    """
    pairs = len(workspace.pairs)
    count, step = settings.masks or pairs, per_block(len(workspace))
    generator = np.random.default_rng([workspace.seed, 1])
    sums, kept, total = np.zeros((workspace.n_classes, pairs)), np.zeros(pairs), np.zeros(workspace.n_classes)
    for start in range(0, count, step):  # all masks of a large image take gigabytes
        masks = generator.random((min(step, count - start), pairs)) < settings.share
        probability = workspace.class_means(masks, settings.fill, "rise").probability
        sums, kept, total = sums + probability.T @ masks, kept + masks.sum(axis=0), total + probability.sum(axis=0)
    return np.where(kept > 0, sums / np.maximum(kept, 1), total[:, None] / count)
