"""ADCS as a ranking: it reads the images, not the network. See `maps.adcs`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frequency_shortcuts.maps.adcs import accumulate, accumulate_significant, class_spectra
from frequency_shortcuts.spectrum.arrays import FloatArray

from .method import Size
from .workspace import Workspace

VARIANTS = ("published", "significant")


@dataclass(frozen=True)
class Settings:
    """variant : `published`, or `significant`, which counts only differences beyond three standard errors."""

    variant: str = "published"

    def __post_init__(self) -> None:
        if self.variant not in VARIANTS:
            raise ValueError(f"unknown variant {self.variant!r} of ADCS: choose from {', '.join(VARIANTS)}")


def passes(settings: Settings, size: Size) -> int:
    """It does not look at the network."""
    return 0


def scores(workspace: Workspace, settings: Settings) -> FloatArray:
    """The absolute value of ADCS, float64 [class, pairs]: a class can stand out by a lack of energy."""
    spectra = class_spectra(workspace.split, device=workspace.engine.source.device)
    if settings.variant == "significant":
        values = accumulate_significant(spectra.mean_amplitude, spectra.standard_error)
    else:
        values = accumulate(spectra.mean_amplitude)
    return np.abs(workspace.pairs.gather(values).astype(np.float64))
