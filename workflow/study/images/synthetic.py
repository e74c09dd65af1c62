"""Syn_1 .. Syn_4: four classes of shaped noise whose true shortcut is known.

The generator of the published study was not released. This one is declared here: every image is
white Gaussian noise per channel, shaped by r^-alpha; class C3 carries no energy in the control band
while C0, C1 and C2 do; C1's amplitude is raised along the two diagonals and C2's along the two axes.
What was planted is returned with the images, so that methods can be scored against it. All images of all
classes are multiplied by the same constant. So outside the planted masks the classes do not differ.
(The first version scaled each image to one standard deviation. The amplitude outside the planted masks then
differed by class, and networks used that second cue.)

`images` also draws the sets of `planted`.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from frequency_shortcuts.spectrum import arrays, masks, pairs

if TYPE_CHECKING:
    from . import planted

CLASSES = ("C0", "C1", "C2", "C3")
NEUTRAL = 0  # the class with nothing planted
LACKING = 3  # the class without energy in the control band


@dataclass(frozen=True)
class Design:
    """The constants of a synthetic set.

    control_band: which band (1-based) C3 lacks. size: side in pixels. band_edges: radii between the
    bands, in cycles per image. alpha: exponent of the amplitude r^-alpha. mean: of the pixels, deviation: of the
    pixels of C0, in units of [0, 1] and before clipping. line_half_width: of the special patterns, in cycles per image.
    diagonal_gain, axis_gain: amplitude gain of C1's and C2's pattern.
    """

    control_band: int
    size: int = 32
    channels: int = 3
    band_edges: Sequence[float] = field(default=(4, 8, 12))
    alpha: float = 0.5
    mean: float = 0.5
    deviation: float = 0.12
    line_half_width: float = 0.75
    diagonal_gain: float = 2.0
    axis_gain: float = 3.0

    def __post_init__(self) -> None:
        if not 1 <= self.control_band <= len(self.band_edges) + 1:
            raise ValueError(f"control_band {self.control_band}: expected 1 to {len(self.band_edges) + 1}")

    @property
    def name(self) -> str:
        """Of the set."""
        return f"syn_{self.control_band}"

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        return CLASSES

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
        return {"mechanism": "syn", "neutral": NEUTRAL}

    def amplitude(self) -> arrays.FloatArray:
        """What each class's white noise is multiplied with, [class, H, W], centred; 0 at DC."""
        truth = self.planted()
        shape = np.repeat(background(self.size, self.alpha)[None], len(CLASSES), axis=0)
        for c, gain in ((1, self.diagonal_gain), (2, self.axis_gain)):
            shape[c][truth["patterns"][c]] *= gain
        shape[LACKING][truth["control_band"]] = 0
        return shape


def background(size: int, alpha: float) -> arrays.FloatArray:
    """The amplitude r^-alpha of images without a cue, [H, W], centred; 0 at DC."""
    radius = pairs.radius(size, size)
    radius[size // 2, size // 2] = np.inf
    return radius**-alpha


def images(
    design: Design | planted.Design, per_class: int, seed: int, *, chunk: int = 256
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Draw `per_class` images of each class: uint8 [n, channels, H, W] and labels int64 [n], classes interleaved.

    An image depends on the set, the seed, its class and its number alone: a larger set begins with the smaller one.
    Each class has a generator seeded by seed, class and the name of the set, so that no two sets share images. Pixels
    are clipped to [0, 1] and rounded.

    Raises ValueError for fewer than 1 image per class.
    """
    if per_class < 1:
        raise ValueError(f"{per_class} images per class: expected at least 1")
    size, amplitude = design.size, design.amplitude()
    # The variance of unit white noise shaped by an amplitude is the mean of the squared amplitude over all positions.
    scale = design.deviation / float(np.sqrt(np.mean(amplitude[NEUTRAL] ** 2)))
    half = np.fft.ifftshift(amplitude * scale, axes=(-2, -1))[..., : size // 2 + 1]  # as a real FFT orders it
    of_class = []
    for c, factor in enumerate(half):
        generator, parts = np.random.default_rng([seed, c, zlib.crc32(design.name.encode())]), []
        for start in range(0, per_class, chunk):
            count = min(chunk, per_class - start)
            noise = np.fft.rfft2(generator.standard_normal((count, design.channels, size, size)))
            shaped = np.fft.irfft2(noise * factor, s=(size, size))
            parts.append(np.rint(np.clip(design.mean + shaped, 0, 1) * 255).astype(np.uint8))
        of_class.append(np.concatenate(parts))
    stacked = np.stack(of_class, axis=1)
    return stacked.reshape(-1, *stacked.shape[2:]), np.tile(np.arange(len(half)), per_class)
