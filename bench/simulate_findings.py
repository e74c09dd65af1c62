"""Error rates and power of the verdicts on findings, through `findings.judge`.

Seeds of a network share their images, classes do not, as `judge` assumes. True rates differ between seeds by a normal
number with the standard deviation `BETWEEN`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from unittest.mock import patch

import numpy as np
import pandas as pd

from frequency_shortcuts.findings.definitions import DOES_NOT_HOLD, EVERYWHERE, FINDINGS, HOLDS, UNDECIDED
from frequency_shortcuts.findings.evidence import Evidence, Margin, Share
from frequency_shortcuts.findings.judge import MEASURES, judge
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray

from .outcomes import Outcome
from .simulate_verdicts import CORRELATION, FPR, hits

STUDIES = 200  # of each setting
BETWEEN = 0.05  # SD of true rates over seeds
CLASSES, IMAGES = 10, 50
SEEDS = (1, 3)
VERDICTS = (HOLDS, DOES_NOT_HOLD, UNDECIDED)
EARLY = 5  # tests of learning dynamics
DYNAMICS_IMAGES = 25
NOTHING = Evidence(pd.DataFrame())


def outcomes(generator: np.random.Generator) -> Iterator[Outcome]:
    """The share of each verdict; at the threshold both decided verdicts are errors."""
    for seeds in SEEDS:
        yield from _largest(generator, seeds)
        yield from _mean(generator, seeds)
        yield from _correlation(generator, seeds)


def _counted(what: str, setting: str, verdicts: Sequence[str]) -> Iterator[Outcome]:
    for verdict in VERDICTS:
        share = float(np.mean([one == verdict for one in verdicts]))
        yield Outcome("findings", what, setting, verdict, share, len(verdicts))


def _seeds(number: int) -> str:
    return "1 seed" if number == 1 else f"{number} seeds"


def _judged(letter: str, found: Sequence[Margin] | None, evidence: Evidence = NOTHING) -> str:
    """The verdict on a finding over all data sets, from these margins or, for None, from evidence."""
    measure = MEASURES[letter] if found is None else lambda *_: found
    with patch.dict(MEASURES, dict.fromkeys(MEASURES, lambda *_: []) | {letter: measure}):
        rows = judge(evidence)
    return str(rows[(rows["finding"] == letter) & (rows["dataset"] == EVERYWHERE)]["verdict"].iloc[0])


def _margins(
    generator: np.random.Generator,
    tpr: Sequence[float],
    mark: float,
    seeds: int,
    images: int,
    floor: float,
    draws: int,
    sources: Sequence[int],
) -> list[Margin]:
    """Margins of cases with these true TPR over `mark`, the true TPR of a control (draws > 0), or the true FPR."""
    cases, found = len(tpr), []
    shift = np.where(seeds > 1, BETWEEN, 0) * generator.standard_normal((cases, seeds))
    own = hits(generator, (np.array(tpr)[:, None] + shift).clip(0.01, 0.99), images, CORRELATION) / images
    others = images if draws else (CLASSES - 1) * images
    true = np.full((cases, seeds), mark)
    spread = 0.05 if draws > 1 else 0.0  # of the rates of random masks
    each = [
        hits(generator, (true + spread * generator.standard_normal(true.shape)).clip(0.01, 0.99), others, CORRELATION)
        / others
        for _ in range(max(draws, 1))
    ]
    control = np.mean(each, axis=0)
    error = np.std(each, axis=0, ddof=1) / np.sqrt(draws) if draws > 1 else np.zeros_like(control)
    for case, seed in np.ndindex(own.shape):
        found.append(
            Margin(
                dataset="data",
                network=("network", "none"),
                case=case,
                seed=seed,
                share=float(own[case, seed]),
                n_images=images,
                mark_shares=(Share(1, float(control[case, seed]), others),),
                floor=floor,
                source=sources[case],
                error=float(error[case, seed]),
                draws=max(draws, 1),
            )
        )
    return found


def _largest(generator: np.random.Generator, seeds: int) -> Iterator[Outcome]:
    """(b) and (d): the largest of the cases."""
    b = FINDINGS["b"].threshold + FPR
    settings: Mapping[tuple[str, str], tuple[Sequence[float], float, float, int]] = {
        ("b", "all at the threshold"): ([b] * CLASSES, FPR, -np.inf, 0),
        ("b", "one at the threshold, the others 0.3 below"): ([b, *[b - 0.3] * (CLASSES - 1)], FPR, -np.inf, 0),
        ("b", "one 0.2 above, the others 0.3 below"): ([b + 0.2, *[b - 0.3] * (CLASSES - 1)], FPR, -np.inf, 0),
        ("b", "one 0.4 above, the others 0.3 below"): ([b + 0.4, *[b - 0.3] * (CLASSES - 1)], FPR, -np.inf, 0),
        ("b", "all 0.3 below"): ([b - 0.3] * CLASSES, FPR, -np.inf, 0),
        ("d", "all at 0.6, controls 0.2"): ([0.6] * CLASSES, 0.2, 0.6, 10),
        ("d", "all as their controls, 0.8"): ([0.8] * CLASSES, 0.8, 0.6, 10),
        ("d", "one 0.2 above, the others 0.3 below"): ([0.8, *[0.3] * (CLASSES - 1)], 0.2, 0.6, 10),
        ("d", "one 0.35 above, the others 0.3 below"): ([0.95, *[0.3] * (CLASSES - 1)], 0.2, 0.6, 10),
        ("d", "all 0.3 below"): ([0.3] * CLASSES, 0.2, 0.6, 10),
    }
    for (letter, name), (tpr, mark, floor, draws) in settings.items():
        found = [
            _judged(letter, _margins(generator, tpr, mark, seeds, IMAGES, floor, draws, range(CLASSES)))
            for _ in range(STUDIES)
        ]
        yield from _counted(f"({letter}) largest of {CLASSES} classes", f"{_seeds(seeds)}; {name}", found)


def _mean(generator: np.random.Generator, seeds: int) -> Iterator[Outcome]:
    """(e1): the mean over 3 classes in 3 renditions, with 15 images each."""
    for effect in (0.0, 0.1, 0.2, 0.4, -0.2):
        found = [
            _judged(
                "e1", _margins(generator, [0.5 + effect] * 9, 0.5, seeds, 15, -np.inf, 10, [k % 3 for k in range(9)])
            )
            for _ in range(STUDIES)
        ]
        setting = f"{_seeds(seeds)}; TPR of the controls {effect:+g}" if effect else f"{_seeds(seeds)}; as the controls"
        yield from _counted("(e1) mean of 9 cases", setting, found)


def _correlation(generator: np.random.Generator, seeds: int) -> Iterator[Outcome]:
    """(c), from learning dynamics: a fixed true rank correlation of classes, or classes in any order."""
    level = np.linspace(0.3, 0.9, CLASSES)
    orders = {
        "true rank correlation 0": _order(0.0),
        "true rank correlation 0.5": _order(0.5),
        "true rank correlation 0.9": _order(0.9),
        "classes in random order": None,
    }
    for name, order in orders.items():
        found = []
        for _ in range(STUDIES):
            chosen = generator.permutation(CLASSES) if order is None else order
            evidence = _dynamics(generator, level, chosen, seeds)
            found.append(_judged("c", None, evidence))
        yield from _counted(f"(c) rank correlation over {CLASSES} classes", f"{_seeds(seeds)}; {name}", found)


def _order(wanted: float) -> IntArray:
    """An order of the classes with about this rank correlation with 0, 1, 2, ..."""
    tried = np.random.default_rng(0).permuted(np.tile(np.arange(CLASSES), (20_000, 1)), axis=1)
    correlation = 1 - 6 * ((tried - np.arange(CLASSES)) ** 2).sum(axis=1) / (CLASSES**3 - CLASSES)
    return tried[np.argmin(np.abs(correlation - wanted))]


def _dynamics(generator: np.random.Generator, level: FloatArray, order: IntArray, seeds: int) -> Evidence:
    """Recall of every class in the first tests, the same at all of them; mean |ADCS| in the given order."""
    names = [f"C{k}" for k in range(CLASSES)]
    rates = np.tile(level[:, None], (1, seeds))
    if seeds > 1:
        rates = rates + BETWEEN * generator.standard_normal(rates.shape)
    recall = hits(generator, rates.clip(0.01, 0.99), DYNAMICS_IMAGES, CORRELATION) / DYNAMICS_IMAGES
    rows = [
        {"dataset": "data", "network": "network", "augmentation": "none", "seed": seed, "iteration": iteration,
         "view": "full", "class": name, "recall": recall[k, seed], "images": DYNAMICS_IMAGES,
         "called": round(recall[k, seed] * DYNAMICS_IMAGES) + 3}
        for seed in range(seeds) for iteration in range(EARLY) for k, name in enumerate(names)
    ]  # fmt: skip
    adcs = np.ones((CLASSES, 4, 4), np.int16) * (order[:, None, None] + 1)
    return Evidence(pd.DataFrame(), dynamics=pd.DataFrame(rows), adcs={"data": (adcs, names)}, cutoffs={"data": 1.5})
