"""Hits of shortcut tests without a network: at random, or with given rates."""

import numpy as np
import pandas as pd

from frequency_shortcuts.evaluation.hits import NOT_SHOWN, TRIAL, Hits, judged
from frequency_shortcuts.evaluation.trials import negatives_of, plan_trials
from frequency_shortcuts.maps.dfm import dominant
from frequency_shortcuts.spectrum.fills import donors
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

RATES = {"dfm": (0.9, 0.05), "random": (0.1, 0.1), "radial": (0.2, 0.1), "low_pass": (0.3, 0.05), "other": (0.1, 0.1)}


def random_hits(
    seed=0, *, n_classes=4, per_class=(3, 7), size=(6, 7), parts=("keep", "remove"), fills=("zeros", "swap"),
    neutral=None, draws=5, others=None, negatives=None, false_positives=True,
):  # fmt: skip
    """The hits of a network that names classes at random, more often right under some masks than under others."""
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.repeat(np.arange(n_classes), generator.integers(*per_class, n_classes)))
    pairs = ConjugatePairs(*size)
    maps = dominant(generator.standard_normal((n_classes, len(pairs))), pairs, 20)
    shown, trials = plan_trials(maps, parts, {"random": draws, "radial": draws}, others, seed, "", false_positives
    )  # fmt: skip
    negative = np.zeros((n_classes, len(labels)), bool)
    for c in range(n_classes):
        negative[c, negatives_of(labels, c, negatives, seed)] = True
    donor, named = donors(labels, neutral=neutral, seed=seed) if "swap" in fills else None, {}
    of_class = labels == np.arange(n_classes)[:, None]
    for fill in fills:
        needed = shown.is_for @ of_class | shown.for_others @ judged(
            negative, labels, donor if fill == "swap" else None
        )
        right = generator.random(needed.shape) < generator.random((len(needed), 1))
        found = np.where(right, labels, generator.integers(0, n_classes, needed.shape))
        named[fill] = np.where(needed, found, NOT_SHOWN).astype(np.int16)
    unfiltered = np.where(generator.random(len(labels)) < 0.8, labels, generator.integers(0, n_classes, len(labels)))
    return Hits(labels, unfiltered, named, donor, negative, shown.kept, trials, neutral, false_positives)


def hits_of(images=100, negatives=300, part="keep", unfiltered=(0.9, 0.02), draws=5, **rates):
    """Hits of class 0 with given (TPR, FPR) under each filter; the first images are hit. Class 1 are the negatives."""
    labels = np.repeat([0, 1], [images, negatives])

    def named(tpr, fpr):
        hit = np.r_[np.arange(images) < round(tpr * images), np.arange(negatives) < round(fpr * negatives)]
        return np.where(hit, 0, 1).astype(np.int16)

    rows, found = [], []
    for kind, (tpr, fpr) in {**RATES, **rates}.items():
        if part == "remove" and kind not in ("dfm", "random"):
            continue
        for draw in range(draws if kind in ("random", "radial") else 1):
            found.append(named(tpr, fpr))
            for c in (0, 1):
                rows.append((c, part, kind, 1 - c if kind == "other" else draw, len(found) - 1, 4, 0.25))
    masks = np.ones((len(found), 4, 4), bool)
    negative = labels != np.arange(2)[:, None]
    return Hits(labels, named(*unfiltered), {"zeros": np.stack(found)}, None, negative, masks,
                pd.DataFrame(rows, columns=TRIAL))  # fmt: skip
