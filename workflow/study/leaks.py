"""The benchmark of the counterfactual test: which artefacts are drawn for each seed.

A seed has one clean network and two networks whose images have artefacts in two classes each. Sixteen artefacts, each
kind at both strengths, are dealt to four seeds, in an order drawn for these four; of the four of a seed, two are in all
images of their class, one in half and one in a quarter of them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from frequency_shortcuts.data.artefacts import NAMES, STRENGTHS, Artefact

SHARES = (1.0, 1.0, 0.5, 0.25)
SEEDS_OF_A_DEAL = len(NAMES) * len(STRENGTHS) // len(SHARES)
LOWEST_RADIUS = 2  # of a wave, cycles per image


class Leaks(NamedTuple):
    """What is drawn for a seed: the artefacts of its two networks, and which architecture they have."""

    sets: tuple[tuple[Artefact, Artefact], tuple[Artefact, Artefact]]
    small: bool


def draw(seed: int, n_classes: int, height: int, width: int) -> Leaks:
    """The artefacts of a seed, for images of this size."""
    deal, place = divmod(seed, SEEDS_OF_A_DEAL)
    kinds = [(kind, strength) for kind in NAMES for strength in STRENGTHS]
    of_deal = np.random.default_rng([18, deal]).permutation(len(kinds))
    chosen = of_deal[place * len(SHARES) : (place + 1) * len(SHARES)]
    generator = np.random.default_rng([18, deal, place])
    shares = generator.permutation(SHARES)
    classes = np.concatenate([generator.choice(n_classes, 2, replace=False) for _ in range(2)])
    artefacts = []
    for number, share, label in zip(chosen, shares, classes, strict=True):
        kind, strength = kinds[number]
        frequency = _frequency(generator, height, width) if kind == "wave" else None
        artefacts.append(Artefact(kind, strength, int(label), float(share), frequency))
    return Leaks(((artefacts[0], artefacts[1]), (artefacts[2], artefacts[3])), small=seed % 3 == 1)


def _frequency(generator: np.random.Generator, height: int, width: int) -> tuple[int, int]:
    """A frequency of a wave: every pair of the spectrum below half the sampling rate, but the lowest, is as likely."""
    while True:
        u = int(generator.integers(-(height // 2) + 1, height // 2))
        v = int(generator.integers(0, width // 2))
        if np.hypot(u, v) >= LOWEST_RADIUS:
            return u, v
