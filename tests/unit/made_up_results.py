"""Made-up results: hits of shortcut tests without a network, and small tables of a study."""

import itertools

import numpy as np
import pandas as pd

from frequency_shortcuts.maps.dfm import dominant
from frequency_shortcuts.shortcuts.hits import NOT_SHOWN, TRIAL, Hits
from frequency_shortcuts.shortcuts.trials import Trials, negatives_of, plan_trials
from frequency_shortcuts.spectrum.fills import FILLS, donors
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from study.findings.numbers import Study, numbers

RATES = {"dfm": (0.9, 0.05), "random": (0.1, 0.1), "radial": (0.2, 0.1), "low_pass": (0.3, 0.05), "other": (0.1, 0.1)}


def random_hits(seed=0, *, n_classes=4, per_class=(3, 7), size=(6, 7), neutral=None, negatives=None):
    """The hits of a network that names classes at random, more often right under some masks than under others."""
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.repeat(np.arange(n_classes), generator.integers(*per_class, n_classes)))
    pairs = ConjugatePairs(*size)
    maps = dominant(generator.standard_normal((n_classes, len(pairs))), pairs, 20)
    how = Trials(("keep", "remove"), radial=5, others=None, seed=seed)
    kept, (to_own, to_judged), trials = plan_trials(maps, how, "")
    negative = np.zeros((n_classes, len(labels)), bool)
    for c in range(n_classes):
        negative[c, negatives_of(labels, c, negatives, seed)] = True
    donor, named = donors(labels, neutral=neutral, seed=seed), {}
    of_class = labels == np.arange(n_classes)[:, None]
    for fill in FILLS:
        needed = to_own @ of_class | to_judged @ FILLS[fill].judged(negative, labels, donor)
        right = generator.random(needed.shape) < generator.random((len(needed), 1))
        found = np.where(right, labels, generator.integers(0, n_classes, needed.shape))
        named[fill] = np.where(needed, found, NOT_SHOWN).astype(np.int16)
    unfiltered = np.where(generator.random(len(labels)) < 0.8, labels, generator.integers(0, n_classes, len(labels)))
    return Hits(labels, unfiltered, named, donor, negative, kept, trials, neutral)


def hits_of(images=100, negatives=300, part="keep", unfiltered=(0.9, 0.02), draws=5, **rates):
    """Hits of class 0 with given (TPR, FPR) under each filter; the first images are hit. Class 1 are the negatives.

    Under random masks, the rates may be a list, of each draw.
    """
    labels = np.repeat([0, 1], [images, negatives])

    def named(tpr, fpr):
        hit = np.r_[np.arange(images) < round(tpr * images), np.arange(negatives) < round(fpr * negatives)]
        return np.where(hit, 0, 1).astype(np.int16)

    rows, found = [], []
    for kind, of_kind in {**RATES, **rates}.items():
        if part == "remove" and kind not in ("dfm", "random"):
            continue
        same = [of_kind] * (draws if kind in ("random", "radial") else 1)
        for draw, of_draw in enumerate(of_kind if isinstance(of_kind, list) else same):
            found.append(named(*of_draw))
            for c in (0, 1):
                rows.append((c, part, kind, 1 - c if kind == "other" else draw, len(found) - 1, 4, 0.25))
    masks = np.ones((len(found), 4, 4), bool)
    negative = labels != np.arange(2)[:, None]
    return Hits(labels, named(*unfiltered), {"zeros": np.stack(found)}, None, negative, masks,
                pd.DataFrame(rows, columns=TRIAL))  # fmt: skip


CLASSES = ["ant", "bee", "cow", "dog"]
SMALL, AUGMENTED, LARGE, DEEP = ("small", "none"), ("small", "autoaugment"), ("large", "none"), ("deep", "none")
STUDY = Study(
    photographs=["zoo"],
    first=dict.fromkeys(("zoo", "farm", "syn_1", "syn_3"), SMALL),
    forms={"small": ["resnet18", 4], "middle": ["resnet18", 8], "large": ["resnet18", 16], "deep": ["vgg16", 8]},
    control_bands={"syn_1": 1, "syn_3": 3},
)


def run(network, augmentation, seed, dataset="zoo"):
    return {"dataset": dataset, "network": network, "augmentation": augmentation, "seed": seed}


def ends(name, value, half=0.05):
    return {name: value, f"{name}_low": value - half, f"{name}_high": value + half}


def advantages(of_kinds, fill="zeros", dataset="zoo", **columns):
    """Own-map advantages: {(network, augmentation): [value of each seed]}; the margins are smaller by a constant."""
    rows = [
        {**run(*kind, 200 + i, dataset), "method": "culling", "classes": 4, **columns, "fill": fill,
         **ends("advantage", value), **ends("low_pass_margin", value - 0.3), **ends("best_other_margin", value - 0.1)}
        for kind, values in of_kinds.items()
        for i, value in enumerate(values)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def transfer(*rows):
    """The maps of one network on another: (maps of, tested on, seed, fill, own-map advantage)."""
    of_rows = [
        {"dataset": "zoo", "maps_of": f"{one}/none/seed{seed}", "tested_on": f"{other}/none/seed{seed}",
         "method": "culling", "classes": 4, "fill": fill, **ends("advantage", value, 0.1)}
        for one, other, seed, fill, value in rows
    ]  # fmt: skip
    return pd.DataFrame(of_rows)


def band_stop(dataset, survives, n=20, seed=200, fill="swap"):
    """A band-stop test of one network: C2 survives all pairs of bands, or all but B3+B4; other classes none."""
    rows, classes = [], ("C0", "C1", "C2", "C3")
    pairs = ("B1+B2", "B1+B3", "B1+B4", "B2+B3", "B2+B4", "B3+B4")
    for removed, true, called in itertools.product(pairs, classes, classes):
        hits = n if true == "C2" and (survives or removed != "B3+B4") else 0
        filtered = {true: hits, "C1" if true == "C0" else "C0": n - hits}
        rows.append((removed, true, called, n, filtered.get(called, 0)))
    columns = ["removed", "true_class", "called_class", "original", "filtered"]
    return pd.DataFrame(rows, columns=columns).assign(**run(*SMALL, seed, dataset), fill=fill)


def graded(gains, earliness, rings, seed=200):
    names = [f"C{c}" for c in range(len(gains) + 1)]
    columns = {"gain": [np.nan, *gains], "ring": [None, *rings], "earliness": [0.9, *earliness]}
    return pd.DataFrame({"seed": seed, "class": names, **columns})


def dynamics_of(kind, f1, seed=200, dataset="zoo"):
    """F1 of each class, {class: at the first test}, at iteration 0, where it is 1, at two tests, and of another view.

    The classes are distinct in their order.
    """
    rows = [
        {**run(*kind, seed, dataset), "iteration": iteration, "view": view, "class": name, "f1": value,
         "distinctiveness": place}
        for place, (name, at) in enumerate(f1.items())
        for view, iteration, value in (("full", 0, 1.0), ("full", 10, at), ("full", 20, at + 0.1), ("low-pass", 20, 0))
    ]  # fmt: skip
    return pd.DataFrame(rows)


def flips_of(kind, *verdicts, seed=200, dataset="zoo"):
    return pd.DataFrame({**run(*kind, seed, dataset), "class": CLASSES[: len(verdicts)], "verdict": verdicts})


def reliance_of(kind, at_test, after, seed=200, removed="maps"):
    """What the classes of a network lose, and (all) images, which lose everything."""
    lost = {**ends("lost_at_test", np.array([*at_test, 1])), **ends("lost_after", np.array([*after, 0]))}
    return pd.DataFrame({**run(*kind, seed), "removed": removed, "class": [*CLASSES[: len(after)], "(all)"], **lost})


def whole_study(n=20):
    """The numbers of a made-up study with n networks of each kind, in which every claim has data."""
    generator, spread, seeds = np.random.default_rng(0), 0.08, range(200, 200 + n)
    means = {SMALL: 0.17, AUGMENTED: 0.2, LARGE: 0.14, DEEP: 0.22}
    tables = {
        "graded": [graded([1, 2, 3, 4], generator.permutation(4) + np.arange(4), ["low", "high"] * 2, i)
                   for i in seeds],
        "bandstop": [band_stop("syn_1", i < 201, seed=i, fill=fill) for i in seeds for fill in ("swap", "zeros")],
        "dynamics": [dynamics_of(SMALL, dict(zip(CLASSES, generator.random(4), strict=True)), i) for i in seeds],
        "own_map_advantage": [advantages({kind: generator.normal(mean * share, spread, n)
                                          for kind, mean in means.items()}, fill, method=method)
                              for method, fill, share in (("culling", "zeros", 1), ("culling", "swap", 0.4),
                                                          ("mixture", "zeros", 1.3))],
        "ood_advantage": [advantages({SMALL: generator.normal(mean, spread, n) / 2}, rendition=name)
                          for name, mean in (("sketch", 0.01), ("texture", 0.12))],
        "transfer_advantage": [transfer(*((*pair, i, "zeros", 0.13 + spread * generator.normal()) for i in seeds))
                               for pair in (("small", "deep"), ("deep", "small"))],
        "reliance": [reliance_of(SMALL, generator.random(4), [0.1] * 4, i) for i in seeds],
        "flips": [flips_of(SMALL, *["nothing found"] * 4, seed=i) for i in seeds],
    }  # fmt: skip
    return pd.concat([numbers(name, pd.concat(parts), STUDY) for name, parts in tables.items()])
