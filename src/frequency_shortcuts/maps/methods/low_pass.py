"""The lowest frequencies first: the ranking that serves most photographs, whatever the network does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frequency_shortcuts.spectrum.arrays import FloatArray

from .method import Size
from .workspace import Workspace


@dataclass(frozen=True)
class Settings:
    """A low-pass ranking has no settings."""


def passes(settings: Settings, size: Size) -> int:
    """It does not look at the network."""
    return 0


def scores(workspace: Workspace, settings: Settings) -> FloatArray:
    """Minus the radius in cycles per image, float64 [class, pairs]."""
    return np.tile(-workspace.pairs.radius, (workspace.n_classes, 1))
