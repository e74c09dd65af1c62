"""The absolute value of ADCS (`maps.adcs`), of the images alone: a class can stand out by a lack of energy."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from frequency_shortcuts.maps.adcs import accumulate, accumulate_significant, class_spectra
from frequency_shortcuts.spectrum.arrays import FloatArray
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

from .workspace import Workspace


@dataclass(frozen=True)
class Settings:
    """variant : `published`, or `significant`, which counts only differences beyond three standard errors."""

    variant: Literal["published", "significant"] = "published"


def passes(settings: Settings, n_images: int, pairs: ConjugatePairs) -> int:
    """None: the network is not used."""
    return 0


def scores(workspace: Workspace, settings: Settings) -> FloatArray:
    """|ADCS| of every class at every pair, float64 [class, pairs]."""
    spectra = class_spectra(workspace.split, device=workspace.source.device)
    if settings.variant == "significant":
        values = accumulate_significant(spectra.mean_amplitude, spectra.standard_error)
    else:
        values = accumulate(spectra.mean_amplitude)
    return np.abs(workspace.pairs.gather(values).astype(np.float64))
