"""`make statistics` simulates how often the three rules of uncertainty are right, and renews docs/method.md.

An image has an ease that is the same under all masks and for all networks. A mask with true rate r hits it if ease and
chance, two standard normal numbers weighted by their shares of the variance, add up to less than the r-quantile.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import ndtri
from tqdm import tqdm

from frequency_shortcuts import intervals
from frequency_shortcuts.intervals import CONFIDENCE, FEWEST_NETWORKS, NORMAL, Estimate, joined, paired
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray

from .markdown import DOCS, renew, table

PAGE = DOCS / "method.md"
TRIALS = 1000  # of each setting
AT_ONCE = 50  # trials; all of their images are in memory
EASE = 0.5  # share of an image's ease in what decides whether it is a hit
CLASSES, DRAWS = 10, 5  # classes; random masks of a kind
TPR, FPR = 0.3, 0.05  # of masks that are no better than others
SEEDS = 0.04  # standard deviation of a rate over networks of one kind
LOOSE = CONFIDENCE - 0.02  # the coverage below which a number is bold
# Control: number of masks, standard deviation of their TPR, whether the map is compared with their mean.
CONTROLS = {
    "the map of another class": (1, 0.0, False),
    "each of nine other maps": (CLASSES - 1, 0.1, False),
    "the mean of 5 random masks": (DRAWS, 0.03, True),
    "the mean of 5 masks with its radii": (DRAWS, 0.12, True),
}
Generator = np.random.Generator
Simulation = Callable[[Generator, str, float, int, int], tuple[float, float]]


def rates(generator: Generator, mean: float, deviation: float, *shape: int) -> FloatArray:
    """True rates [shape] of masks or networks of a kind, from a beta distribution."""
    both = mean * (1 - mean) / max(deviation, 1e-4) ** 2 - 1
    return generator.beta(mean * both, (1 - mean) * both, shape)


def hits(generator: Generator, rates: FloatArray, images: int) -> BoolArray:
    """Whether each image [..., mask, image] is a hit under masks with these rates [..., mask]."""
    shared = generator.standard_normal((*rates.shape[:-1], 1, images), np.float32)
    chance = generator.standard_normal((*rates.shape, images), np.float32)
    return np.sqrt(np.float32(EASE)) * shared + np.sqrt(np.float32(1 - EASE)) * chance < ndtri(rates)[..., None]


def compare(tpr: BoolArray, fpr: BoolArray, mean: bool) -> Estimate:
    """TPR - FPR of the first mask minus that of each other one, or of their mean: [trial, 1 or others].

    tpr, fpr : hits [trial, mask, image] on the images of a class, and on those of all other classes
    """
    differences = []
    for hit in (tpr, fpr):
        others = hit[:, 1:].mean(axis=1, keepdims=True) if mean else hit[:, 1:].astype(np.float32)
        differences.append(paired(hit[:, :1] - others))
    each = tpr[:, 1:].mean(axis=2) - fpr[:, 1:].mean(axis=2)
    return joined(*differences, each.var(axis=1, ddof=1, keepdims=True) / each.shape[1] if mean else 0.0)


def one_network(generator: Generator, control: str, effect: float, images: int, trials: int) -> tuple[float, float]:
    """How often the interval of a map that is better by `effect` holds this, and how often the map is above all."""
    masks, deviation, mean = CONTROLS[control]
    held, above = [], []
    for _ in range(trials // AT_ONCE):
        true = rates(generator, TPR, deviation, AT_ONCE, 1 + masks)
        true[:, 0] = np.minimum(true[:, 0] + effect, 0.99)
        tpr = hits(generator, true, images)
        fpr = hits(generator, np.full(true.shape, FPR), (CLASSES - 1) * images)
        _, low, high = compare(tpr, fpr, mean)
        difference = true[:, :1] - (TPR if mean else true[:, 1:])
        held.append(((low <= difference) & (difference <= high)).mean())
        above.append((low > 0).all(axis=1).mean())
    return float(np.mean(held)), float(np.mean(above))


def several_networks(generator: Generator, number: str, effect: float, count: int, trials: int) -> tuple[float, float]:
    """The same of a mean over networks that all see the same images; below five, of the mean of these networks alone.

    The second share is NaN where no claim would be made: of a rate, and below five networks.
    """
    held, above, images = [], [], CLASSES * 50
    for _ in range(trials):
        true = np.stack([rates(generator, mean, SEEDS, count) for mean in (0.5 + effect, 0.5)], axis=1)
        hit = hits(generator, true.ravel(), images).reshape(count, 2, images)
        if number == "a rate":
            true[:, 1], values = 0.0, hit[:, 0].mean(axis=1)
            low, high = intervals.wilson(values, images)
            halves, mean = (high - low) / 2, 0.5 + effect
        else:
            difference = paired(hit[:, 0] * 1.0 - hit[:, 1])
            values, halves, mean = difference.value, NORMAL * np.sqrt(difference.variance), effect
        low, high = intervals.over_networks(values, halves)[1:3]
        held.append(low <= (mean if count >= FEWEST_NETWORKS else np.mean(true[:, 0] - true[:, 1])) <= high)
        above.append(low > 0 if number != "a rate" and count >= FEWEST_NETWORKS else np.nan)
    return float(np.mean(held)), float(np.mean(above))


def counts(generator: Generator, _: str, effect: float, count: int, trials: int) -> tuple[float, float]:
    """The same of a share of networks or classes that is one half and `effect`; above one half."""
    low, high = np.transpose([intervals.clopper_pearson(k, count) for k in range(count + 1)])
    k = generator.binomial(count, 0.5 + effect, trials)
    return float(np.mean((low[k] <= 0.5 + effect) & (0.5 + effect <= high[k]))), float(np.mean(low[k] > 0.5))


# Part of the page: its simulation, heading, settings, sizes and their unit, and what an interval is above.
PARTS: dict[str, tuple[Simulation, str, list[tuple[str, float]], tuple[int, ...], str, str]] = {
    "one_network": (
        one_network, "one network: the map is better than", [(name, by) for name in CONTROLS for by in (0.0, 0.4)],
        (50, 200), "images", "above 0",
    ),
    "several_networks": (
        several_networks, "networks of one kind",
        [("a rate", 0.0), *(("a difference between two masks", by) for by in (0.0, 0.1))], (3, 5, 12), "networks",
        "above 0",
    ),
    "counts": (
        counts, "a count", [("a share that is larger than one half", by) for by in (0.0, 0.3)], (5, 12, 50),
        "networks", "above one half",
    ),
}  # fmt: skip


def part(name: str, generator: Generator, trials: int = TRIALS) -> str:
    """The table of a part: for each setting and size, how often the interval holds the truth, and is above."""
    simulate, heading, settings, sizes, unit, above = PARTS[name]
    rows = []
    for what, effect in settings:
        cells = []
        for size in sizes:
            held, beyond = simulate(generator, what, effect, size, trials)
            cells += [percent(held, held < LOOSE), percent(beyond, effect == 0 and beyond > 1 - CONFIDENCE)]
        rows.append([what, f"{effect:g}", *cells])
    header = [text for size in sizes for text in (f"{size} {unit}: holds it, %", f"{above}, %")]
    return table([heading, "by", *header], rows)


def percent(share: float, bold: bool) -> str:
    """In percent, and nothing for NaN; bold where the rule does not keep what it promises."""
    if np.isnan(share):
        return ""
    return f"**{100 * share:.1f}**" if bold else f"{100 * share:.1f}"


def main() -> None:
    """Simulate and renew the page; each table draws its own random numbers."""
    text = PAGE.read_text()
    for seed, name in enumerate(tqdm(PARTS, desc="statistics", unit="part", disable=None)):
        text = renew(text, name, part(name, np.random.default_rng(seed)))
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
