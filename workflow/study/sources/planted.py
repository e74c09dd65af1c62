"""Planted sets: images whose classes differ in one known way each, by a *mechanism*, to test methods on.

config/schema.yaml describes the mechanisms. In `graded`, the ring, the pairs and the gain of a class are drawn, so that
how distinctive a class is does not depend on its ring. Every set has a neutral class C0 with nothing planted. Shifts
that wrap around leave all cues alone. Flips and crops do not.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray
from frequency_shortcuts.spectrum.pairs import ConjugatePairs, radius

from . import drawn
from .description import Config

MECHANISMS = ("present", "redundant", "absent", "graded")


@dataclass(frozen=True)
class Design:
    """The constants of a planted set. `absent` and `graded` need other rings than the defaults.

    mechanism: one of `MECHANISMS`. size: side in pixels. alpha: exponent of the amplitude r^-alpha. mean: of the
    pixels, deviation: of the pixels of images without a cue, in units of [0, 1] and before clipping. pairs: conjugate
    pairs of a set. gain: by how much their amplitude is raised. rings: (inner, outer) radius in cycles per image,
    inner <= r < outer, from which the set of each class is drawn, or in which it has no energy; for `graded` the lower
    and the higher. gain_range: least and greatest gain of a class of `graded`, whose gains are drawn log-uniformly and
    which does not use `gain`. cue_seed: which pairs are drawn, and for `graded` also the ring and the gain of each
    class.

    Raises ValueError where a ring has too few pairs for disjoint sets.
    """

    mechanism: str
    size: int = 32
    channels: int = 3
    alpha: float = 0.5
    mean: float = 0.5
    deviation: float = 0.12
    pairs: int = 8
    gain: float = 3.0
    rings: Sequence[Sequence[float]] = ((3, 7), (6, 10), (9, 14))
    gain_range: Sequence[float] = (1.5, 4)
    cue_seed: int = 0

    def __post_init__(self) -> None:
        self._sets()

    @property
    def name(self) -> str:
        return self.mechanism

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(f"C{c}" for c in range(len(self._rings_of_sets) + 1))

    @property
    def gains(self) -> FloatArray:
        """What the amplitude at the set of each class is multiplied with, [class]; 1 for the neutral class."""
        if self.mechanism == "graded":
            return np.array([1.0, *self._graded[1]])
        gains = np.full(len(self.classes), 0.0 if self.mechanism == "absent" else self.gain)
        gains[drawn.NEUTRAL] = 1
        return gains

    @property
    def ring_names(self) -> tuple[str, ...]:
        """Of the mechanism `graded`, the ring of each class: low or high, and "" for the neutral class."""
        return ("", *(("low", "high")[ring] for ring in self._graded[0]))

    def planted(self) -> Mapping[str, BoolArray]:
        """What was planted, centred: `truth` bool [class, H, W]; of `redundant` also `halves` bool [2, class, H, W]."""
        sets = self._sets()
        # The neutral class comes first.
        sets = np.concatenate([np.zeros_like(sets[:, :1]), sets], axis=1)
        if self.mechanism == "redundant":
            return {"truth": np.logical_or.reduce(sets), "halves": sets}
        return {"truth": sets[0]}

    def about(self) -> Mapping[str, Any]:
        """What a store says of the set: its `mechanism` and `neutral` class, and of `graded` `gains` and `rings`."""
        about: dict[str, Any] = {"mechanism": self.mechanism, "neutral": drawn.NEUTRAL}
        if self.mechanism == "graded":
            about |= {"gains": self.gains, "rings": self.ring_names}
        return about

    def amplitude(self) -> FloatArray:
        """What the white noise of each class is multiplied with, [class, H, W], centred; 0 at DC."""
        factor = np.where(self.planted()["truth"], self.gains[:, None, None], 1.0)
        return drawn.background(self.size, self.alpha) * factor

    @functools.cached_property
    def _graded(self) -> tuple[list[int], list[float]]:
        """Of the mechanism `graded`, by a generator of their own: ring and gain of each class but the neutral one."""
        generator = np.random.default_rng([self.cue_seed, 1])
        rings = generator.permutation(np.repeat(np.arange(len(self.rings)), 2))  # two classes each
        low, high = np.log(self.gain_range)
        return rings.tolist(), np.exp(generator.uniform(low, high, len(rings))).tolist()

    @property
    def _rings_of_sets(self) -> Sequence[Sequence[float]]:
        """The ring of each class but the neutral one."""
        if self.mechanism == "graded":
            return [self.rings[ring] for ring in self._graded[0]]
        return self.rings

    def _sets(self) -> BoolArray:
        """Disjoint sets of frequencies, bool [1 or 2, class but the neutral one, H, W]; `redundant` has two."""
        if self.mechanism == "absent":
            distance = radius(self.size, self.size)
            return np.array(
                [[(inner <= distance) & (distance < outer) for inner, outer in self.rings]]
            )
        pairs, rings = ConjugatePairs(self.size, self.size), self._rings_of_sets
        generator = np.random.default_rng(self.cue_seed)
        sets = np.zeros((2 if self.mechanism == "redundant" else 1, len(rings), len(pairs)), bool)
        free = pairs.size == 2
        for i, n in np.ndindex(sets.shape[:2]):
            inner, outer = rings[n]
            inside = np.flatnonzero(free & (inner <= pairs.radius) & (pairs.radius < outer))
            if not 1 <= self.pairs <= len(inside):
                raise ValueError(
                    f"pairs {self.pairs}: expected 1 to {len(inside)}, so many are free in the ring [{inner}, {outer}]"
                )
            chosen = generator.choice(inside, self.pairs, replace=False)
            sets[i, n, chosen], free[chosen] = True, False
        return pairs.scatter(sets)


def constants(config: Config, mechanism: str) -> dict[str, Any]:
    """The constants of the planted sets of a mechanism: those of all sets, updated with its own."""
    common = dict(config["planting"])
    own: Mapping[str, Any] = common.pop("mechanisms").get(mechanism, {})
    return {**common, **own}


class Planted(drawn.Drawn):
    """The sets of `Design`, with the constants of the section `planting`."""

    names = ("planted",)
    kind = "planted"
    section = "planting"
    designs = Design

    def settings(self) -> dict[str, Any]:
        """The mechanism and its constants; cues and images of a graded set are drawn by its seed."""
        own = super().settings()
        settings = {**constants(self.config, own["mechanism"]), **own}
        del settings["source"]
        if "cue_seed" in own:
            train, test = np.random.SeedSequence(own["cue_seed"]).generate_state(2).tolist()
            settings["seeds"] = {"train": train, "validation": test, "test": test}
        return settings


SOURCE = Planted
