"""Syn_1 .. Syn_4: four classes of shaped noise whose true shortcut is known.

The generator of the published study was not released. This one is declared here: every image is
white Gaussian noise per channel, shaped by r^-alpha; class C3 carries no energy in the control band
while C0, C1 and C2 do; C1's amplitude is raised along the two diagonals and C2's along the two axes.
What was planted is returned with the images, so that methods can be scored against it. Every image is
scaled to the same standard deviation, so a class that lacks energy in one place has a little more of it
everywhere else (C3 a tenth to a quarter in amplitude): a weaker second cue, outside the planted masks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from . import spectrum

CLASSES = ("C0", "C1", "C2", "C3")
LACKING = 3  # the class without energy in the control band


@dataclass(frozen=True)
class Design:
    """The constants of a synthetic set.

    control_band: which band (1-based) C3 lacks. size: side in pixels. band_edges: radii between the
    bands, in cycles per image. alpha: exponent of the amplitude r^-alpha. mean, deviation: of the
    pixels, in units of [0, 1]. line_half_width: of the special patterns, in cycles per image.
    diagonal_gain, axis_gain: amplitude gain of C1's and C2's pattern.
    """

    control_band: int
    size: int = 32
    channels: int = 3
    band_edges: Sequence[float] = field(default=(4, 8, 12))
    alpha: float = 0.5
    mean: float = 0.5
    deviation: float = 0.172
    line_half_width: float = 0.75
    diagonal_gain: float = 2.0
    axis_gain: float = 3.0

    def __post_init__(self) -> None:
        if not 1 <= self.control_band <= len(self.band_edges) + 1:
            raise ValueError(f"control_band {self.control_band}: expected 1 to {len(self.band_edges) + 1}")

    def bands(self) -> spectrum.BoolArray:
        """The radial bands, bool [bands, H, W]."""
        return spectrum.bands(self.size, self.size, self.band_edges)

    def planted(self) -> Mapping[str, spectrum.BoolArray]:
        """The truth: `control_band` bool [H, W] and `patterns` bool [class, H, W], centred."""
        u, v = spectrum.frequencies(self.size, self.size)
        diagonals = np.minimum(np.abs(u - v), np.abs(u + v)) / np.sqrt(2) <= self.line_half_width
        axes = np.minimum(np.abs(u), np.abs(v)) <= self.line_half_width
        patterns = np.zeros((len(CLASSES), self.size, self.size), bool)
        patterns[1], patterns[2] = diagonals, axes
        # A Nyquist frequency stands for both signs, so its partner may be on the line when it is not.
        patterns |= spectrum.mirror(patterns)
        patterns[:, self.size // 2, self.size // 2] = False
        return {"control_band": self.bands()[self.control_band - 1], "patterns": patterns}

    def amplitude(self) -> spectrum.FloatArray:
        """What each class's white noise is multiplied with, [class, H, W], centred; 0 at DC."""
        truth = self.planted()
        radius = spectrum.radius(self.size, self.size)
        radius[self.size // 2, self.size // 2] = np.inf
        shape = np.repeat(radius[None] ** -self.alpha, len(CLASSES), axis=0)
        for c, gain in ((1, self.diagonal_gain), (2, self.axis_gain)):
            shape[c][truth["patterns"][c]] *= gain
        shape[LACKING][truth["control_band"]] = 0
        shape[:, self.size // 2, self.size // 2] = 0
        return shape


def images(
    design: Design, per_class: int, seed: int, *, chunk: int = 256
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Draw `per_class` images of each class: uint8 [n, channels, H, W] and labels int64 [n], classes interleaved.

    An image depends on the seed, its class and its number alone: a larger set begins with the smaller one.
    """
    if per_class < 1:
        raise ValueError(f"{per_class} images per class: expected at least 1")
    amplitude = np.fft.ifftshift(design.amplitude(), axes=(-2, -1))[:, None, :, : design.size // 2 + 1]
    labels = np.tile(np.arange(len(CLASSES)), per_class)
    out = np.empty((len(labels), design.channels, design.size, design.size), np.uint8)
    generators = [np.random.default_rng([seed, c]) for c in range(len(CLASSES))]
    for start in range(0, per_class, chunk):
        count = min(chunk, per_class - start)
        for c, generator in enumerate(generators):
            noise = generator.standard_normal((count, design.channels, design.size, design.size))
            shaped = np.fft.irfft2(np.fft.rfft2(noise) * amplitude[c], s=(design.size, design.size))
            shaped *= design.deviation / shaped.std(axis=(1, 2, 3), keepdims=True)
            pixels = np.rint(np.clip(design.mean + shaped, 0, 1) * 255)
            out[(start + np.arange(count)) * len(CLASSES) + c] = pixels.astype(np.uint8)
    return out, labels
