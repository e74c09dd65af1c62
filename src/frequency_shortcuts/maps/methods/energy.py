"""The energy ratio of a class: it reads the images, not the network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frequency_shortcuts.maps.adcs import class_spectra
from frequency_shortcuts.spectrum.arrays import FloatArray

from .method import Size
from .workspace import Workspace


@dataclass(frozen=True)
class Settings:
    """An energy ratio has no settings."""


def passes(settings: Settings, size: Size) -> int:
    """It does not look at the network."""
    return 0


def scores(workspace: Workspace, settings: Settings) -> FloatArray:
    """|log(mean amplitude of the class / mean over the classes)|, float64 [class, pairs].

    Amplitudes are averaged over the channels. The absolute value also finds what a class lacks.
    """
    amplitude = class_spectra(workspace.split, device=workspace.engine.source.device).mean_amplitude
    planes = workspace.pairs.gather(amplitude.mean(axis=1))
    floor = np.finfo(np.float64).tiny  # a frequency can have no energy at all
    scores: FloatArray = np.abs(np.log(planes + floor) - np.log(planes.mean(axis=0) + floor))
    return scores
