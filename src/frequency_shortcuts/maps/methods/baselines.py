"""Rankings that take no pass through the network: those of the images alone, and what every method must beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frequency_shortcuts.maps.adcs import accumulate, accumulate_significant, class_spectra
from frequency_shortcuts.spectrum.arrays import FloatArray
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

from .workspace import Workspace

VARIANTS = ("published", "significant")


class Ranking:
    """A method that does not look at the network, and has no settings."""

    @dataclass(frozen=True)
    class Settings:
        """None but the seed."""

    @staticmethod
    def passes(settings: object, n_images: int, pairs: ConjugatePairs) -> int:
        """None."""
        return 0


class ADCS(Ranking):
    """The absolute value of ADCS (`maps.adcs`): a class can stand out by a lack of energy."""

    @dataclass(frozen=True)
    class Settings:
        """variant : `published`, or `significant`, which counts only differences beyond three standard errors."""

        variant: str = "published"

        def __post_init__(self) -> None:
            if self.variant not in VARIANTS:
                raise ValueError(
                    f"unknown variant {self.variant!r} of ADCS: choose from {', '.join(VARIANTS)}"
                )

    @staticmethod
    def scores(workspace: Workspace, settings: ADCS.Settings) -> FloatArray:
        """As the class says, float64 [class, pairs]."""
        spectra = class_spectra(workspace.split, device=workspace.source.device)
        if settings.variant == "significant":
            values = accumulate_significant(spectra.mean_amplitude, spectra.standard_error)
        else:
            values = accumulate(spectra.mean_amplitude)
        return np.abs(workspace.pairs.gather(values).astype(np.float64))


class Energy(Ranking):
    """|log(mean amplitude of the class / mean over the classes)|, which also finds what a class lacks."""

    @staticmethod
    def scores(workspace: Workspace, settings: object) -> FloatArray:
        """As the class says, float64 [class, pairs]. Amplitudes are averaged over the channels."""
        amplitude = class_spectra(workspace.split, device=workspace.source.device).mean_amplitude
        planes = workspace.pairs.gather(amplitude.mean(axis=1))
        floor = np.finfo(np.float64).tiny  # a frequency can have no energy at all
        return np.abs(np.log(planes + floor) - np.log(planes.mean(axis=0) + floor))


class LowPass(Ranking):
    """The lowest frequencies first: the ranking that serves most photographs, whatever the network does."""

    @staticmethod
    def scores(workspace: Workspace, settings: object) -> FloatArray:
        """Minus the radius in cycles per image, float64 [class, pairs]."""
        return np.tile(-workspace.pairs.radius, (workspace.n_classes, 1))


class Random(Ranking):
    """Pairs in random order."""

    @staticmethod
    def scores(workspace: Workspace, settings: object) -> FloatArray:
        """Uniform random numbers, float64 [class, pairs]."""
        generator = np.random.default_rng([workspace.seed, 0])
        return generator.random((workspace.n_classes, len(workspace.pairs)))
