"""`python -m bench.statistics` simulates how often the rules of uncertainty are right, and renews docs/statistics.md.

An image has an ease that is the same under all masks and for all networks. A mask with true rate r hits it if ease and
chance, two standard normal numbers weighted by their shares of the variance, add up to less than the r-quantile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, ndtri
from tqdm import tqdm

from frequency_shortcuts import intervals
from frequency_shortcuts.evaluation.verdicts import MOST_FPR, STRONG_TPR
from frequency_shortcuts.intervals import CONFIDENCE, FEWEST_NETWORKS, NORMAL, Estimate, Paired, joined, paired
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray

from .markdown import DOCS, paragraphs, renew, table

TRIALS = 1000  # of each setting
AT_ONCE = 50  # trials; all of their images are in memory
EASE = 0.5  # share of an image's ease in what decides whether it is a hit
CLASSES, SIZES = 10, (50, 200)  # images of a class
FPR = 0.05  # of every mask
LOW = (0.05, 0.0)  # mean and SD of the TPR of masks that recognise nothing
RANDOM, RADIAL = 0.03, 0.12  # SD of the TPR of random masks, and of those with the map's radii
DRAWS = 5  # of each of the two
SEEDS = 0.04  # SD over networks of one kind
OTHER, DRAWN, SAME = slice(1, CLASSES), slice(CLASSES, CLASSES + DRAWS), slice(CLASSES + DRAWS, CLASSES + 2 * DRAWS)
LOOSE = CONFIDENCE - 0.02  # the coverage below which a number is bold
Generator = np.random.Generator
Rate = tuple[float, float]  # mean and SD of a beta distribution


def rates(generator: Generator, of: Rate, *shape: int) -> FloatArray:
    """True rates [shape] of masks or networks of a kind."""
    mean, deviation = of
    both = mean * (1 - mean) / max(deviation, 1e-4) ** 2 - 1
    return generator.beta(mean * both, (1 - mean) * both, shape)


def hits(generator: Generator, rates: FloatArray, images: int, ease: float = EASE) -> BoolArray:
    """Whether each image [..., mask, image] is a hit under masks with these rates [..., mask]."""
    shared = generator.standard_normal((*rates.shape[:-1], 1, images), np.float32)
    chance = generator.standard_normal((*rates.shape, images), np.float32)
    return np.sqrt(np.float32(ease)) * shared + np.sqrt(np.float32(1 - ease)) * chance < ndtri(rates)[..., None]


def compare(tpr: BoolArray, fpr: BoolArray, masks: slice, mean: bool) -> Estimate:
    """TPR - FPR of the first mask against each of `masks`, or their mean, from hits on a class's images and others."""

    def differences(found: BoolArray) -> Paired:
        others = found[:, masks].mean(axis=1, keepdims=True) if mean else found[:, masks].astype(np.float32)
        return paired(found[:, :1] - others)

    rates = tpr[:, masks].mean(axis=2) - fpr[:, masks].mean(axis=2)
    spread = rates.var(axis=1, ddof=1, keepdims=True) / rates.shape[1] if mean else 0.0
    return joined(differences(tpr), differences(fpr), spread)


def verdicts(tpr: BoolArray, fpr: BoolArray) -> BoolArray:
    """Whether each map, the first mask, is strong, and whether it is strong or weak [trial, 2]."""
    kinds = ((OTHER, False), (DRAWN, True), (SAME, True))
    above = np.all([(compare(tpr, fpr, *kind).low > 0).all(axis=1) for kind in kinds], axis=0)
    good = (tpr[:, 0].mean(axis=1) >= STRONG_TPR) & (fpr[:, 0].mean(axis=1) <= MOST_FPR)
    return np.stack([above & good, above], axis=1)


def shown(generator: Generator, kinds: Sequence[tuple[Rate, int]], images: int, trials: int, ease: float = EASE
          ) -> Iterator[tuple[BoolArray, BoolArray]]:  # fmt: skip
    """Hits of so many masks of each kind, some trials at once: on a class's images, and on those of all others."""
    for some in (min(AT_ONCE, trials - done) for done in range(0, trials, AT_ONCE)):
        true = np.concatenate([rates(generator, of, some, number) for of, number in kinds], axis=1)
        false = np.full(true.shape, FPR)
        yield hits(generator, true, images, ease), hits(generator, false, (CLASSES - 1) * images, ease)


def coverage(generator: Generator, trials: int = TRIALS) -> str:
    """One network: how often an interval holds the true difference."""
    cells = []

    def add(what: str, setting: str, one: float, other: Rate, draws: int = 1, ease: float = EASE) -> None:
        shares = []
        for n in SIZES:
            masks = shown(generator, [((one, 0.0), 1), (other, draws)], n, trials, ease)
            found = [compare(*some, slice(1, None), mean=draws > 1) for some in masks]
            low, high = (np.concatenate([ends[k] for ends in found]) for k in (1, 2))
            shares.append(np.mean((low <= one - other[0]) & (one - other[0] <= high)))
        cells.append([what, setting, *map(_held, shares)])

    for one, other, ease in ((0.3, 0.3, EASE), (0.7, 0.3, EASE), (0.7, 0.3, 0.9), (0.95, 0.9, EASE)):
        add("two masks", f"TPR {one} and {other}, ease {ease:g}", one, (other, 0.0), ease=ease)
    for kind, spread in (("random masks", RANDOM), ("masks, same radii", RADIAL)):
        add(f"a mask, mean of {DRAWS} {kind}", f"TPR 0.7, draws 0.3, SD {spread}", 0.7, (0.3, spread), DRAWS)
    inside = [np.mean([_advantage(generator, n) for _ in range(trials // 4)]) for n in SIZES]
    cells.append(["own-map advantage", f"TPR 0.6, others 0.3, SD 0.16; {trials // 4} tests", *map(_held, inside)])
    return table(["one network", "setting", *(f"{n} images, %" for n in SIZES)], cells)


def _advantage(generator: Generator, n: int) -> bool:
    """Whether the bootstrap of one network holds its own-map advantage; who is no hit is called any other class."""
    k = np.arange(CLASSES)
    own = k[:, None] == k
    true = np.where(own, *(rates(generator, (mean, 0.16), CLASSES, CLASSES) for mean in (0.6, 0.3)))
    weight = np.where(own, 1 / CLASSES, -1 / CLASSES / (CLASSES - 1))  # of M [class, mask]
    hit = hits(generator, true, n)  # [class, mask, image]
    wrong = (k[:, None, None] + generator.integers(1, CLASSES, hit.shape)) % CLASSES
    cost = weight[wrong, k[:, None]] / (CLASSES - 1)
    of_image = np.where(hit, weight[..., None], -cost).sum(axis=1).ravel() / n
    expected = (weight * true).sum() - ((1 - true) * (weight.sum(axis=0) - weight)).sum() / (CLASSES - 1) ** 2
    seed = int(generator.integers(2**31))
    low, high = intervals.bootstrap(np.repeat(k, n), lambda drawn: drawn @ of_image, draws=500, seed=seed)
    return bool(low <= expected <= high)


def chance(generator: Generator, trials: int = TRIALS) -> str:
    """Verdicts on maps that are only one more mask of a kind, while the other kinds recognise nothing; and power."""
    rows = []
    for mean, spread in ((0.3, 0.1), (0.3, 0.2), (0.3, 0.3)):
        kinds = [((mean, spread), CLASSES), (LOW, 2 * DRAWS)]
        rows.append(("one more class's map", f"TPR {mean}, SD {spread}", kinds))
    rows.append(("as good as one other map", "TPR 0.7", [((0.7, 0.0), 2), (LOW, CLASSES - 2 + 2 * DRAWS)]))
    for name, of, before in (("random mask", (0.6, RANDOM), 0), ("mask, same radii", (0.6, RADIAL), DRAWS)):
        kinds = [(of, 1), (LOW, CLASSES - 1 + before), (of, DRAWS), (LOW, DRAWS - before)]
        rows.append((f"one more {name}", "TPR {}, SD {}".format(*of), kinds))
    for effect, spread in ((0.2, 0.1), (0.4, 0.1), (0.4, 0.2), (0.6, 0.2)):
        kinds = [((0.3, one), number) for one, number in ((spread, CLASSES - 1), (RANDOM, DRAWS), (RADIAL, DRAWS))]
        setting = f"TPR 0.3 + {effect}, other maps SD {spread}"
        rows.append(("*better than all*", setting, [((0.3 + effect, 0.0), 1), *kinds]))
    cells = []
    for name, setting, kinds in rows:
        found = [np.concatenate([verdicts(*one) for one in shown(generator, kinds, n, trials)]) for n in SIZES]
        bound = 1.0 if name.startswith("*") else 1 - CONFIDENCE
        cells.append([name, setting, *(_percent(share, most=bound) for one in found for share in one.mean(axis=0))])
    header = [f"{verdict}, {n} images, %" for n in SIZES for verdict in ("strong", "strong or weak")]
    return table(["the map is", "setting", *header], cells)


def networks(generator: Generator, trials: int = TRIALS) -> str:
    """Several networks: coverage of the mean of their kind, or of their own mean below five, and power."""
    cells, sizes = [], (3, FEWEST_NETWORKS, 12)
    for mean, spread in ((0.5, 0.16), (0.97, 0.05)):
        shares = [_inside(mean, rates(generator, (mean, spread), trials, n)) for n in sizes[1:]]
        cells.append(["true rates", f"mean {mean}, SD {spread}", "", *map(_held, shares)])
    images = CLASSES * SIZES[0]
    for ease in (0.0, EASE):
        of_rate, of_difference = [], []
        for n in sizes:
            true = np.stack([rates(generator, (mean, SEEDS), trials, n) for mean in (0.6, 0.3)], axis=2)
            parts = np.array_split(true.reshape(trials, 2 * n), trials // AT_ONCE)
            seen = np.concatenate([hits(generator, some, images, ease) for some in parts]).reshape(trials, n, 2, images)
            rate, difference = seen[:, :, 0].mean(axis=2), paired(seen[:, :, 0] * 1.0 - seen[:, :, 1])
            target = true.mean(axis=1) if n < FEWEST_NETWORKS else np.array([[0.6, 0.3]])
            low, high = intervals.wilson(rate, images)
            of_rate.append(_inside(target[:, 0], rate, (high - low) / 2))
            half = NORMAL * np.sqrt(difference.variance)
            of_difference.append(_inside(target[:, 0] - target[:, 1], difference.value, half))
        for name, shares in (("a rate", of_rate), ("a difference of two masks", of_difference)):
            setting = f"SD {SEEDS}, the same {images} images, ease {ease:g}"
            cells.append([name, setting, *map(_held, shares)])
    for effect in (0.0, 0.05, 0.1):
        both = [generator.standard_normal((2, trials, n)) * SEEDS for n in sizes[1:]]
        found = [1 - _inside(0.0, effect + one - other) for one, other in both]
        cells.append(["two kinds: interval without 0", f"by {effect}, SD of each {SEEDS}", "", *map(_percent, found)])
    return table(["networks", "setting", *(f"{n}, %" for n in sizes)], cells)


def _inside(true: npt.ArrayLike, values: FloatArray, halves: FloatArray | None = None) -> float:
    """How often the interval over networks, of values [trial, network], holds the true mean [trial]."""
    given = zip(values, halves if halves is not None else [None] * len(values), strict=True)
    low, high = np.transpose([intervals.over_networks(*one)[1:3] for one in given])
    return float(np.mean((low <= true) & (true <= high)))


def counts(_: Generator, trials: int = 0) -> str:
    """Exact: the mean and the least coverage over true shares."""
    p, cells = np.linspace(0.01, 0.99, 99)[:, None], []
    for name, n in [("Clopper-Pearson", n) for n in (3, 12, 50)] + [("Wilson", n) for n in SIZES]:
        k = np.arange(n + 1)
        low, high = (
            np.transpose([intervals.clopper_pearson(hit, n) for hit in k])
            if name[0] == "C"
            else intervals.wilson(k / n, n)
        )
        ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
        chances = np.exp(ways + k * np.log(p) + (n - k) * np.log(1 - p))
        held = (chances * ((low <= p) & (p <= high))).sum(axis=1)
        cells.append([name, n, _held(held.mean()), _held(held.min()), f"{low[-1]:.2f} to 1"])
    return table(["a count of n", "n", "mean, %", "least, %", "interval of n of n"], cells)


def setup(_: Generator, trials: int = TRIALS) -> str:
    """What is simulated, and the error of the simulation."""
    error = np.sqrt(CONFIDENCE * (1 - CONFIDENCE) / trials)
    return paragraphs(
        f"{trials} simulated tests of each setting (a coverage of {100 * CONFIDENCE:.0f} % has a standard error of "
        f"{_percent(error)} points), {CLASSES} classes, {DRAWS} random masks and {DRAWS} with the map's radii, FPR "
        f"{FPR} under every mask. Ease has {100 * EASE:.0f} % of the variance unless stated. **Bold**: an interval "
        f"holds the truth in less than {100 * LOOSE:.0f} %, or a verdict comes by chance in more than "
        f"{100 - 100 * CONFIDENCE:.0f} %."
    )


def _percent(share: float, least: float = 0.0, most: float = 1.0) -> str:
    """In percent; bold below the least and above the most that the rule allows."""
    text = f"{100 * share:.1f}"
    return text if least <= share <= most else f"**{text}**"


def _held(share: float) -> str:
    return _percent(share, LOOSE)


PAGE = DOCS / "statistics.md"
PARTS: Sequence[Callable[[Generator], str]] = (setup, coverage, chance, networks, counts)
PAGES = {PAGE: PARTS}


def main() -> None:
    """Simulate and renew the page; each table draws its own random numbers."""
    text = PAGE.read_text()
    for seed, part in enumerate(tqdm(PARTS, desc="statistics", unit="part", disable=None)):
        text = renew(text, part.__name__, part(np.random.default_rng(seed)))
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
