"""Syn_1 to Syn_4: four classes of shaped noise whose true shortcut is known.

The generator of the published study was not released. This one is declared here: class C3 carries no energy in the
control band while C0, C1 and C2 do; C1's amplitude is raised along the two diagonals and C2's along the two axes. What
was planted is returned with the images, so that methods can be scored against it. (The first version scaled each image
to one standard deviation. The amplitude outside the planted masks then differed by class, and networks used that second
cue.)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from frequency_shortcuts.spectrum import arrays, masks, pairs

from . import drawn

CLASSES = ("C0", "C1", "C2", "C3")
LACKING = 3  # the class without energy in the control band


@dataclass(frozen=True)
class Design:
    """The constants of a synthetic set.

    control_band: which band (1-based) C3 lacks. size: side in pixels. band_edges: radii between the
    bands, in cycles per image. alpha: exponent of the amplitude r^-alpha. mean: of the pixels, deviation: of the
    pixels of C0, in units of [0, 1] and before clipping. line_half_width: of the special patterns, in cycles per image.
    diagonal_gain, axis_gain: amplitude gain of C1's and C2's pattern.

    Raises ValueError for a band that is not there, or beyond the spectrum.
    """

    control_band: int
    size: int = 32
    channels: int = 3
    band_edges: Sequence[float] = (4, 8, 12)
    alpha: float = 0.5
    mean: float = 0.5
    deviation: float = 0.12
    line_half_width: float = 0.75
    diagonal_gain: float = 2.0
    axis_gain: float = 3.0
    classes = CLASSES

    def __post_init__(self) -> None:
        if not 1 <= self.control_band <= len(self.band_edges) + 1:
            raise ValueError(
                f"control_band {self.control_band}: expected 1 to {len(self.band_edges) + 1}"
            )
        if not all(band.any() for band in self.bands()):
            raise ValueError(
                f"synthesis.band_edges {list(self.band_edges)}: expected radii within the spectrum"
            )

    @property
    def name(self) -> str:
        return f"syn_{self.control_band}"

    def bands(self) -> arrays.BoolArray:
        """The radial bands, bool [bands, H, W]."""
        return masks.bands(self.size, self.size, self.band_edges)

    def planted(self) -> Mapping[str, arrays.BoolArray]:
        """What was planted, centred: `control_band` bool [H, W], `patterns` and `truth` bool [class, H, W].

        The truth of a class is its own pattern, and of C3 the control band.
        """
        u, v = pairs.frequencies(self.size, self.size)
        diagonals = np.minimum(np.abs(u - v), np.abs(u + v)) / np.sqrt(2) <= self.line_half_width
        axes = np.minimum(np.abs(u), np.abs(v)) <= self.line_half_width
        patterns = np.zeros((len(CLASSES), self.size, self.size), bool)
        patterns[1], patterns[2] = diagonals, axes
        # A Nyquist frequency stands for both signs, so its partner may be on the line when it is not.
        patterns |= pairs.mirror(patterns)
        patterns[:, self.size // 2, self.size // 2] = False
        control, truth = self.bands()[self.control_band - 1], patterns.copy()
        truth[LACKING] |= control
        return {"control_band": control, "patterns": patterns, "truth": truth}

    def about(self) -> Mapping[str, int | str]:
        """What a store says of the set: its `mechanism`, and the index of its `neutral` class, C0."""
        return {"mechanism": "syn", "neutral": drawn.NEUTRAL}

    def amplitude(self) -> arrays.FloatArray:
        """What each class's white noise is multiplied with, [class, H, W], centred; 0 at DC."""
        truth = self.planted()
        shape = np.repeat(drawn.background(self.size, self.alpha)[None], len(CLASSES), axis=0)
        for c, gain in ((1, self.diagonal_gain), (2, self.axis_gain)):
            shape[c][truth["patterns"][c]] *= gain
        shape[LACKING][truth["control_band"]] = 0
        return shape


class Synthetic(drawn.Drawn):
    """The sets of `Design`, with the constants of the section `synthesis`."""

    names = ("synthetic",)
    kind = "synthetic"
    section = "synthesis"
    designs = Design

    def settings(self) -> dict[str, Any]:
        """The control band, and the constants of all sets."""
        return {"control_band": self.keys["control_band"], **self.config["synthesis"]}


SOURCE = Synthetic
