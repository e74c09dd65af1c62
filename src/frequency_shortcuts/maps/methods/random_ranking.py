"""Pairs in random order: what every method must beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frequency_shortcuts.spectrum.arrays import FloatArray

from .method import Size
from .workspace import Workspace


@dataclass(frozen=True)
class Settings:
    """A random ranking has no settings but the seed."""


def passes(settings: Settings, size: Size) -> int:
    """It does not look at the network."""
    return 0


def scores(workspace: Workspace, settings: Settings) -> FloatArray:
    """Uniform random numbers, float64 [class, pairs]."""
    generator = np.random.default_rng([workspace.seed, 0])
    return generator.random((workspace.n_classes, len(workspace.pairs)))
