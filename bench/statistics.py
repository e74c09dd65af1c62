"""`make statistics` simulates how often the rules of uncertainty and of verdicts are right, and prints it.

An image has an ease that is the same under all masks and for all networks. A mask with true rate r hits it if ease and
chance, two standard normal numbers weighted by their shares of the variance, add up to less than the r-quantile.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import Generator
from scipy.special import ndtri

from frequency_shortcuts import intervals
from frequency_shortcuts.intervals import Estimate, joined, paired
from frequency_shortcuts.shortcuts.trials import RADIAL_DRAWS, UNIFORM_DRAWS
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray

TRIALS = 1000  # of each setting
AT_ONCE = 50  # trials; all of their images are in memory
EASE = 0.5  # share of an image's ease in what decides whether it is a hit
CLASSES = 10
TPR, FPR = 0.3, 0.05  # of masks that are no better than others
SEEDS = 0.04  # standard deviation of a rate over networks of one kind
# Control: number of masks, standard deviation of their TPR, whether the map is compared with each, their mean, or one
# more.
CONTROLS = {
    "the map of another class": (1, 0.0, "each"),
    "each of nine other maps": (CLASSES - 1, 0.1, "each"),
    f"the mean of {UNIFORM_DRAWS} random masks": (UNIFORM_DRAWS, 0.03, "mean"),
    f"one more mask with its radii, by {RADIAL_DRAWS}": (RADIAL_DRAWS, 0.12, "one more"),
}
# What, by, size, trials -> shares.
Simulation = Callable[[Generator, Any, float, int, int], dict[str, float]]


def rates(generator: Generator, mean: float, deviation: float, *shape: int) -> FloatArray:
    """True rates [shape] of masks or networks of a kind, from a beta distribution."""
    both = mean * (1 - mean) / max(deviation, 1e-4) ** 2 - 1
    return generator.beta(mean * both, (1 - mean) * both, shape)


def hits(generator: Generator, rates: FloatArray, images: int) -> BoolArray:
    """Whether each image [..., mask, image] is a hit under masks with these rates [..., mask]."""
    shared = generator.standard_normal((*rates.shape[:-1], 1, images), np.float32)
    chance = generator.standard_normal((*rates.shape, images), np.float32)
    return (
        np.sqrt(np.float32(EASE)) * shared + np.sqrt(np.float32(1 - EASE)) * chance
        < ndtri(rates)[..., None]
    )


def compare(tpr: BoolArray, fpr: BoolArray, mean: bool) -> Estimate:
    """TPR - FPR of the first mask minus that of each other one, or of their mean: [trial, 1 or others].

    tpr, fpr : hits [trial, mask, image] on the images of a class, and on those of all other classes
    """
    differences = []
    for hit in (tpr, fpr):
        others = hit[:, 1:].mean(axis=1, keepdims=True) if mean else hit[:, 1:].astype(np.float32)
        differences.append(paired(hit[:, :1] - others))
    if not mean:
        return joined(*differences)
    each = tpr[:, 1:].mean(axis=2) - fpr[:, 1:].mean(axis=2)
    return joined(
        *differences, each.var(axis=1, ddof=1, keepdims=True) / each.shape[1], each.shape[1]
    )


def one_network(
    generator: Generator, control: str, effect: float, images: int, trials: int
) -> dict[str, float]:
    """How often the interval of a map that is better by `effect` holds this, and how often the map is above all."""
    masks, deviation, how = CONTROLS[control]
    held, above = [], []
    for _ in range(trials // AT_ONCE):
        true = rates(generator, TPR, deviation, AT_ONCE, 1 + masks)
        true[:, 0] = np.minimum(true[:, 0] + effect, 0.99)
        tpr = hits(generator, true, images)
        if how == "one more":
            draws = tpr[:, 1:].mean(axis=2)
            value, half = (
                tpr[:, 0].mean(axis=1) - draws.mean(axis=1),
                intervals.reach_of_one_more(draws),
            )
            low, high, difference = (
                (value - half)[:, None],
                (value + half)[:, None],
                np.array(effect),
            )
        else:
            fpr = hits(generator, np.full(true.shape, FPR), (CLASSES - 1) * images)
            _, low, high = compare(tpr, fpr, how == "mean")
            difference = true[:, :1] - (TPR if how == "mean" else true[:, 1:])
        held.append(((low <= difference) & (difference <= high)).mean())
        above.append((low > 0).all(axis=1).mean())
    return {"holds it": float(np.mean(held)), "above 0": float(np.mean(above))}


def several_networks(
    generator: Generator, number: str, effect: float, count: int, trials: int
) -> dict[str, float]:
    """How often the interval of a mean over networks, which all see the same images, holds the true one."""
    held, images = [], CLASSES * 50
    for _ in range(trials):
        true = np.stack(
            [rates(generator, mean, SEEDS, count) for mean in (0.5 + effect, 0.5)], axis=1
        )
        found = hits(generator, true.ravel(), images).reshape(count, 2, images).mean(axis=2)
        if number == "a rate":
            values, mean = found[:, 0], 0.5 + effect
        else:
            values, mean = found[:, 0] - found[:, 1], effect
        low, high = intervals.over_networks(values)[1:3]
        held.append(low <= mean <= high)
    return {"holds it": float(np.mean(held))}


# Part: its simulation, its cases (than what a map is better, and by how much), and how many images of a class or
# networks there are.
PARTS: dict[str, tuple[Simulation, list[tuple[Any, float]], tuple[int, ...]]] = {
    "one_network": (one_network, [(name, by) for name in CONTROLS for by in (0.0, 0.4)], (50, 200)),
    "several_networks": (
        several_networks,
        [("a rate", 0.0), ("a difference", 0.0), ("a difference", 0.1)],
        (5, 20),
    ),
}


def part(name: str, generator: Generator, trials: int = TRIALS) -> pd.DataFrame:
    """A row for each case: the shares in percent of what can happen, for each size."""
    simulate, cases, sizes = PARTS[name]
    rows = []
    for what, by in cases:
        rows.append({"case": what, "by": by})
        for size in sizes:
            found = simulate(generator, what, by, size, trials)
            rows[-1] |= {f"{size}: {event}": 100 * share for event, share in found.items()}
    return pd.DataFrame(rows)


if __name__ == "__main__":
    for seed, name in enumerate(PARTS):  # each table draws its own random numbers
        table = part(name, np.random.default_rng(seed))
        print(table.to_string(index=False, float_format="{:.3g}".format), end="\n\n")
