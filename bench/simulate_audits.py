"""How often the stated recall of screening holds, if the increments and the search are made by an adversary.

Each search leaves out pairs, some of which belong to the top set. After a failed audit it evaluates a share of the
pairs without effect, and a share of the missing ones; then the next audit follows. Also simulated: as many further
pairs that come next after the top set, so that an audit takes them for members of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from frequency_shortcuts.maps.methods.culling.screening import AUDIT_LEAST, AUDIT_SHARE, recall, recall_of_all

from .outcomes import Outcome

# Pairs left out, and pairs in the top set: 16 x 16 top 20 %, 32 x 32 top 5 and 20 %, 224 x 224 top 5 %.
SIZES = ((130, 26), (480, 26), (400, 103), (20_000, 1254))
MISSING = (0.1, 0.3, 0.6)  # share of the top set that the search left out
IDLE = FOUND = (0.0, 0.5, 0.9)  # shares evaluated between two audits: of pairs without effect, of the missing ones
TARGETS = (0.98, 0.5)
SEARCHES = 200
# Joint top sets: (left out, top set, missing, idle, found) of each class
CLASSES = {
    "10 alike, one audit": [(480, 26, 4, 0.0, 0.0)] * 10,
    "10 alike, all missing": [(480, 26, 26, 0.0, 0.0)] * 10,
    "10 alike, found after a failed audit": [(480, 26, 16, 0.0, 0.9)] * 10,
    "10 alike, hidden": [(480, 26, 16, 0.5, 0.0)] * 10,
    "3 alike, hidden": [(480, 26, 16, 0.5, 0.0)] * 3,
    "2 alike, much drawn": [(12, 26, 4, 0.0, 0.0)] * 2,
    "all missing in 1 of 10": [(480, 26, 26, 0.5, 0.0), *[(480, 26, 0, 0.0, 0.0)] * 9],
    "1 large, 9 small": [(480, 26, 16, 0.9, 0.0), *[(20, 26, 2, 0.0, 0.5)] * 9],
    "4 of 224 x 224, hidden": [(20_000, 1254, 300, 0.5, 0.0)] * 4,
}


def audited_search(
    generator: np.random.Generator,
    left: int,
    top_size: int,
    missing: int,
    target: float,
    idle: float,
    found: float,
    seconds: int = 0,
) -> tuple[int, int, int, int, int]:
    """A search: left_out, audited, missed and number of its last audit, and pairs of the top set that it never found.

    seconds : pairs that come next after the top set; those that are found stand in for missing ones
    """
    audits = 0
    while True:
        audits += 1
        drawn = min(left, max(AUDIT_LEAST, int(np.ceil(AUDIT_SHARE * left))))
        kinds = [missing, seconds, left - missing - seconds]
        hits, stand_ins, _ = generator.multivariate_hypergeometric(kinds, drawn).tolist()
        missed = hits + min(stand_ins, missing - hits)
        before, left = left, left - drawn
        missing, seconds = missing - hits, seconds - stand_ins
        if missed * before <= (1 - target) * top_size * drawn:
            break
        gone = [generator.binomial(missing, found), generator.binomial(seconds, found)]
        left -= sum(gone) + int((left - missing - seconds) * idle)
        missing, seconds = missing - gone[0], seconds - gone[1]
    return before, drawn, missed, audits, missing


def outcomes(generator: np.random.Generator) -> Iterator[Outcome]:
    """Coverage of the lower end and of the whole interval, mean and least over the adversaries."""
    for (left, top_size), target, stand_in in product(SIZES, TARGETS, (False, True)):
        inside, several = [], []
        for share, idle, found in product(MISSING, IDLE, FOUND):
            missing = round(share * top_size)
            options = target, idle, found, missing if stand_in else 0
            searches = np.array([audited_search(generator, left, top_size, missing, *options) for _ in range(SEARCHES)])
            low, high = recall(top_size, *searches[:, :4].T)[1:]
            true = 1 - searches[:, 4] / top_size
            ends = np.array([low <= true + 1e-9, (low <= true + 1e-9) & (true <= high + 1e-9)])
            inside.append(ends.mean(axis=1))
            several.append(ends[:, searches[:, 3] > 1])
        setting = f"{left} pairs left out, {top_size} in the map, target {target:g}"
        setting += ", with stand-ins" if stand_in else ""
        again = np.concatenate(several, axis=1).mean(axis=1)
        for k, end in enumerate(("low end", "interval")):
            of_end = [one[k] for one in inside]
            for measure, value in (("mean", np.mean(of_end)), ("least", min(of_end)), ("several", again[k])):
                yield Outcome("audits", end, setting, measure, float(value), SEARCHES * len(inside))
    yield from _joint(generator)


def _joint(generator: np.random.Generator) -> Iterator[Outcome]:
    for name, classes in CLASSES.items():
        size = np.array([of_class[1] for of_class in classes])
        inside = []
        for _ in range(SEARCHES):
            searches = np.array(
                [audited_search(generator, *counts, 0.98, idle, found) for *counts, idle, found in classes]
            )
            _, low, high = recall_of_all(size, *searches[:, :4].T)
            true = 1 - searches[:, 4].sum() / size.sum()
            inside.append([low <= true + 1e-9, low <= true + 1e-9 and true <= high + 1e-9])
        for end, value in zip(("low end", "interval"), np.mean(inside, axis=0), strict=True):
            yield Outcome("audits", f"all classes, {end}", name, "mean", float(value), SEARCHES)
