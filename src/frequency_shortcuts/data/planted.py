"""Planted sets: images whose classes differ in one known way each, to test methods on.

Every image is white noise per channel, shaped by r^-alpha and multiplied by one constant for all classes, as
those of `synthetic`. Each set has one *mechanism*, by which its classes differ:

`present` : class c has a raised amplitude at its set S_c of conjugate pairs
`redundant` : class c has a raised amplitude at S_c and at S'_c; either alone is enough
`diffuse` : as `present`, with many pairs that are raised less; any part of them is enough
`absent` : class c has no energy in its ring
`joint` : class A has both S and S' raised or neither, class B exactly one of them; the mean amplitudes are equal
`phase` : all classes have S raised, with amplitudes that are independent between the channels; the phases of
    the channels at S are independent, equal, or opposite (those of channels 1, 3, ... differ by pi from the others)
`decoy` : as `present`; images other than those for training also have a raised set D_c, which is no truth. It lies
    in a ring of its own, because networks answer to any raised set in the ring of S_c
`graded` : as `present`, with two classes in each of two rings, and a gain of its own for each of them. The ring, the
    pairs and the gain of a class are drawn, so that how distinctive a class is does not depend on its ring

All mechanisms but `joint` and `phase` have a neutral class C0 with nothing planted. Shifts that wrap around leave
all cues alone. Flips and crops do not.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from frequency_shortcuts import spectrum
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray

from . import synthetic

MECHANISMS = ("present", "redundant", "diffuse", "absent", "joint", "phase", "decoy", "graded")
# What differs from the defaults of `Design`.
CONSTANTS: Mapping[str, Mapping[str, Any]] = {
    "diffuse": {"pairs": 90, "gain": 2.0, "rings": ((1, 23), (1, 23), (1, 23))},
    "absent": {"rings": ((3, 5), (6, 7.5), (9, 10.5))},
    "joint": {"rings": ((3, 7), (6, 10))},
    "phase": {"rings": ((3, 7),)},
    "graded": {"pairs": 10, "rings": ((3, 8), (10, 15))},
}
RINGS = {"joint": 2, "phase": 1, "graded": 2}  # the mechanisms whose number of rings is fixed
NOT_NEUTRAL = ("joint", "phase")  # the mechanisms without a neutral class
PER_RING = 2  # classes of `graded` in each ring
OPPOSITE = "opposite"


@dataclass(frozen=True)
class Design:
    """The constants of a planted set; `design` gives those of each mechanism.

    mechanism: one of `MECHANISMS`. size: side in pixels. alpha: exponent of the amplitude r^-alpha. mean: of the
    pixels, deviation: of the pixels of images without a cue, in units of [0, 1] and before clipping. pairs: conjugate
    pairs of a set. gain: by how much their amplitude is raised. rings: (inner, outer) radius in cycles per image,
    inner <= r < outer, from which the set of each class is drawn, or in which it has no energy; for `joint` those of
    S and S', for `phase` that of S, for `graded` the lower and the higher. decoy_ring: the ring of the sets D_c of
    `decoy`. gain_range: least and greatest gain of a class of `graded`, whose gains are drawn log-uniformly and which
    does not use `gain`. cue_seed: which pairs are drawn, and for `graded` also the ring and the gain of each class.

    Raises ValueError for constants that make no set, and where a ring has too few pairs for disjoint sets.
    """

    mechanism: str
    size: int = 32
    channels: int = 3
    alpha: float = 0.5
    mean: float = 0.5
    deviation: float = 0.12
    pairs: int = 8
    gain: float = 3.0
    rings: Sequence[Sequence[float]] = field(default=((3, 7), (6, 10), (9, 14)))
    decoy_ring: Sequence[float] = (15, 22)
    gain_range: Sequence[float] = (1.5, 4)
    cue_seed: int = 0

    def __post_init__(self) -> None:
        if self.mechanism not in MECHANISMS:
            raise ValueError(f"mechanism {self.mechanism!r}: expected one of {', '.join(MECHANISMS)}")
        if self.mechanism == "phase" and self.channels < 2:
            raise ValueError(f"channels {self.channels}: the mechanism phase needs at least 2")
        expected = RINGS.get(self.mechanism, max(1, len(self.rings)))
        if len(self.rings) != expected:
            raise ValueError(f"{len(self.rings)} rings: the mechanism {self.mechanism} needs {expected}")
        for inner, outer in (*self.rings, self.decoy_ring):
            if not 0 < inner < outer:
                raise ValueError(f"ring [{inner}, {outer}]: expected an inner radius above 0 and below the outer one")
        low, high = self.gain_range
        if not 0 < low <= high:
            raise ValueError(f"gain_range [{low}, {high}]: expected a least gain above 0, and one that is no smaller")
        self._sets()

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        if self.mechanism == "joint":
            return ("A", "B")
        if self.mechanism == "phase":
            return ("independent", "equal", OPPOSITE)
        return tuple(f"C{c}" for c in range(len(self._rings_of_sets) + 1))

    @property
    def neutral(self) -> int | None:
        """The index of the class in which nothing is planted."""
        return None if self.mechanism in NOT_NEUTRAL else 0

    @property
    def gains(self) -> FloatArray:
        """What the amplitude at the set of each class is multiplied with, [class]; 1 for a neutral class."""
        if self.mechanism == "graded":
            return np.array([1.0, *self._graded[1]])
        gains = np.full(len(self.classes), 0.0 if self.mechanism == "absent" else self.gain)
        if self.neutral is not None:
            gains[self.neutral] = 1
        return gains

    @property
    def ring_names(self) -> tuple[str, ...]:
        """Of the mechanism `graded`, the ring of each class: low or high, and "" for the neutral class."""
        return ("", *(("low", "high")[ring] for ring in self._graded[0]))

    def planted(self) -> Mapping[str, BoolArray]:
        """What was planted, centred: `truth` bool [class, H, W].

        Of `redundant` also `halves` bool [2, class, H, W]; of `decoy` also `decoys` bool [class, H, W].
        """
        sets = self._sets()
        if self.mechanism in NOT_NEUTRAL:
            return {"truth": np.repeat(np.logical_or.reduce(sets[0])[None], len(self.classes), axis=0)}
        # The neutral class comes first.
        sets = np.concatenate([np.zeros_like(sets[:, :1]), sets], axis=1)
        if self.mechanism == "redundant":
            return {"truth": np.logical_or.reduce(sets), "halves": sets}
        return {"truth": sets[0], "decoys": sets[1]} if self.mechanism == "decoy" else {"truth": sets[0]}

    def about(self) -> Mapping[str, Any]:
        """What a store says of the set: its `mechanism`, and the index of its `neutral` class, -1 for none.

        Of `graded` also the `gains` of the classes.
        """
        about = {"mechanism": self.mechanism, "neutral": -1 if self.neutral is None else self.neutral}
        return about | {"gains": self.gains} if self.mechanism == "graded" else about

    def amplitude(self, *, decoys: bool = False) -> FloatArray:
        """What the white noise is multiplied with, [class, kind, H, W], centred; 0 at DC.

        The images of a class are of one kind; of `joint` they are of two, which take turns. `decoys` : of the
        mechanism `decoy`, with the decoys, as in images that are not for training.
        """
        planted = self.planted()
        raised = planted["truth"][:, None]
        if self.mechanism == "joint":
            one, other = self._sets()[0]
            raised = np.array([[one | other, np.zeros_like(one)], [one, other]])
        if decoys and self.mechanism == "decoy":
            raised = raised | planted["decoys"][:, None]
        gains = self.gains[:, None, None, None]
        return synthetic.background(self.size, self.alpha) * np.where(raised, gains, 1.0)

    @functools.cached_property
    def _graded(self) -> tuple[list[int], list[float]]:
        """Of the mechanism `graded`: number of the ring, and gain, of each class but the neutral one.

        They have a generator of their own, so that another range of gains leaves the pairs as they are.
        """
        generator = np.random.default_rng([self.cue_seed, 1])
        rings = generator.permutation(np.repeat(np.arange(len(self.rings)), PER_RING))
        low, high = np.log(self.gain_range)
        return rings.tolist(), np.exp(generator.uniform(low, high, len(rings))).tolist()

    @property
    def _rings_of_sets(self) -> Sequence[Sequence[float]]:
        """The ring of each set: that of each class but the neutral one, or those of `joint` and `phase`."""
        return [self.rings[ring] for ring in self._graded[0]] if self.mechanism == "graded" else self.rings

    def _sets(self) -> BoolArray:
        """Disjoint sets of frequencies, bool [1 or 2, set, H, W]: those of `redundant` and `decoy` have a second."""
        if self.mechanism == "absent":
            radius = spectrum.radius(self.size, self.size)
            drawn = np.array([[(inner <= radius) & (radius < outer) for inner, outer in self.rings]])
            if (drawn.sum(axis=1) > 1).any():
                raise ValueError(f"rings {[list(ring) for ring in self.rings]}: those of different classes overlap")
            return drawn
        pairs, generator = spectrum.ConjugatePairs(self.size, self.size), np.random.default_rng(self.cue_seed)
        rings = self._rings_of_sets
        sets = np.zeros((2 if self.mechanism in ("redundant", "decoy") else 1, len(rings), len(pairs)), bool)
        free = pairs.size == 2
        for i, n in np.ndindex(sets.shape[:2]):
            inner, outer = self.decoy_ring if i == 1 and self.mechanism == "decoy" else rings[n]
            inside = np.flatnonzero(free & (inner <= pairs.radius) & (pairs.radius < outer))
            if not 1 <= self.pairs <= len(inside):
                raise ValueError(
                    f"pairs {self.pairs}: expected 1 to {len(inside)}, so many are free in the ring [{inner}, {outer}]"
                )
            chosen = generator.choice(inside, self.pairs, replace=False)
            sets[i, n, chosen], free[chosen] = True, False
        planes: BoolArray = pairs.scatter(sets)
        return planes


def design(mechanism: str, **constants: Any) -> Design:
    """The design of a mechanism with its own defaults, `CONSTANTS`, and these constants instead of some of them.

    >>> design("diffuse").pairs, design("diffuse", pairs=50).gain
    (90, 2.0)
    """
    return Design(mechanism, **{**CONSTANTS.get(mechanism, {}), **constants})


def images(
    design: Design, per_class: int, seed: int, *, decoys: bool = False, chunk: int = 256
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Draw `per_class` images of each class: uint8 [n, channels, H, W] and labels int64 [n], classes interleaved.

    decoys : of the mechanism `decoy`, plant the decoys too, as in images that are not for training. An image
        depends on the seed, its class and its number alone: a larger set begins with the smaller one.
    """
    size, classes = design.size, design.classes
    factor = synthetic.scale(synthetic.background(size, design.alpha), design.deviation)
    amplitude = synthetic.half(factor * design.amplitude(decoys=decoys))
    cue = synthetic.half(design.planted()["truth"][0])

    def draw(c: int, numbers: npt.NDArray[np.int64], generator: np.random.Generator) -> npt.NDArray[np.uint8]:
        spectra = synthetic.noise(generator, len(numbers), design.channels, size)
        spectra *= amplitude[c, numbers % amplitude.shape[1]][:, None]
        if design.mechanism == "phase" and c > 0:
            at_cue = spectra[..., cue]
            phase = at_cue[:, :1] / np.abs(at_cue[:, :1])
            sign = np.where(np.arange(design.channels) % 2 == 1, -1 if classes[c] == OPPOSITE else 1, 1)
            spectra[..., cue] = np.abs(at_cue) * phase * sign[:, None]
        return synthetic.pixels(spectra, size, design.mean)

    return synthetic.interleaved(draw, len(classes), per_class, seed, design.mechanism, chunk)
