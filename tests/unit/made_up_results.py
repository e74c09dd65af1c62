"""Made-up results: hits of shortcut tests without a network, and small tables of a study."""

import itertools
from collections import Counter
from functools import cache

import numpy as np
import pandas as pd
from scipy import stats

from frequency_shortcuts.maps.dfm import dominant
from frequency_shortcuts.shortcuts.hits import NOT_SHOWN, TRIAL, Hits
from frequency_shortcuts.shortcuts.trials import Trials, negatives_of, plan_trials
from frequency_shortcuts.spectrum.fills import FILLS, donors
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.tables import RUN
from study.findings.matrices import COLUMNS as CELLS
from study.findings.matrices import matrices
from study.findings.numbers import COLUMNS, Study, numbers
from study.findings.study_tables import LOWEST_NAME

RATES = {
    "dfm": (0.9, 0.05),
    "random": (0.1, 0.1),
    "radial": (0.2, 0.1),
    "low_pass": (0.3, 0.05),
    "other": (0.1, 0.1),
}


def random_hits(
    seed=0, *, n_classes=4, per_class=(3, 7), size=(6, 7), neutral=None, negatives=None
):
    """The hits of a network that names classes at random, more often right under some masks than under others."""
    generator = np.random.default_rng(seed)
    labels = generator.permutation(
        np.repeat(np.arange(n_classes), generator.integers(*per_class, n_classes))
    )
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
    unfiltered = np.where(
        generator.random(len(labels)) < 0.8, labels, generator.integers(0, n_classes, len(labels))
    )
    return Hits(labels, unfiltered, named, donor, negative, kept, trials, neutral)


def hits_of(images=100, negatives=300, part="keep", unfiltered=(0.9, 0.02), draws=5, **rates):
    """Hits of class 0 with given (TPR, FPR) under each filter; the first images are hit. Class 1 are the negatives.

    Under random masks, the rates may be a list, of each draw.
    """
    labels = np.repeat([0, 1], [images, negatives])

    def named(tpr, fpr):
        hit = np.r_[
            np.arange(images) < round(tpr * images), np.arange(negatives) < round(fpr * negatives)
        ]
        return np.where(hit, 0, 1).astype(np.int16)

    rows, found = [], []
    for kind, of_kind in {**RATES, **rates}.items():
        if part == "remove" and kind not in ("dfm", "random"):
            continue
        same = [of_kind] * (draws if kind in ("random", "radial") else 1)
        for draw, of_draw in enumerate(of_kind if isinstance(of_kind, list) else same):
            found.append(named(*of_draw))
            for c in (0, 1):
                rows.append(
                    (c, part, kind, 1 - c if kind == "other" else draw, len(found) - 1, 4, 0.25)
                )
    masks = np.ones((len(found), 4, 4), bool)
    negative = labels != np.arange(2)[:, None]
    return Hits(labels, named(*unfiltered), {"zeros": np.stack(found)}, None, negative, masks,
                pd.DataFrame(rows, columns=TRIAL))  # fmt: skip


CLASSES = ["ant", "bee", "cow", "dog", "elk"]
SMALL, AUGMENTED, LARGE, DEEP = (
    ("small", "none"),
    ("small", "autoaugment"),
    ("large", "none"),
    ("deep", "none"),
)
STUDY = Study(
    photographs=["zoo"],
    first=dict.fromkeys(("zoo", "farm", "syn_1", "syn_3"), SMALL),
    forms={
        "small": ["resnet18", 4],
        "middle": ["resnet18", 8],
        "large": ["resnet18", 16],
        "deep": ["vgg16", 8],
    },
    control_bands={"syn_1": 1, "syn_3": 3},
)
PARAMETERS = {"small": 1, "middle": 2, "large": 3, "deep": 4}
PAIRS = ["+".join(pair) for pair in itertools.combinations(("B1", "B2", "B3", "B4"), 2)]


def run(network, augmentation, seed, dataset="zoo"):
    return {"dataset": dataset, "network": network, "augmentation": augmentation, "seed": seed}


def ends(name, value, half=0.05):
    return {name: value, f"{name}_low": value - half, f"{name}_high": value + half}


def margins(of_kinds, fill="zeros", dataset="zoo", **columns):
    """Margins of the own map over the lowest frequencies: {(network, augmentation): [value of each seed]}."""
    same = {"method": "culling", "classes": 4, **columns, "fill": fill}
    rows = [
        {**run(*kind, 200 + i, dataset), **same, **ends("low_pass_margin", value)}
        for kind, values in of_kinds.items()
        for i, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def cross_of(kind, tpr, fpr=None, first=200, **columns):
    """The cross matrices of networks of one kind: TPR [network, class, map], of which the last map is the lowest.

    A class with NaN was not tried with that map. fpr : alike, 0 by default
    """
    tpr = np.asarray(tpr, float)
    fpr = np.zeros(tpr.shape) if fpr is None else np.asarray(fpr)
    tried = np.nonzero(np.isfinite(tpr))
    network, of_class, of_map = tried
    maps = np.array([*CLASSES[: tpr.shape[1]], LOWEST_NAME], object)
    about = {**run(*kind, first + network), "method": "culling", "fill": "zeros", **columns}
    cells = {"class": maps[of_class], "map": maps[of_map], "tpr": tpr[tried], "fpr": fpr[tried]}
    table = pd.DataFrame({**about, **cells})
    return table.assign(measure=table["tpr"] - table["fpr"].fillna(0))


def cross(about, tpr, fpr=None, **columns):
    """The cross matrix of one network, or pair of networks: TPR [class, map]."""
    table = cross_of(SMALL, [tpr], None if fpr is None else [fpr], **columns)
    return table.drop(columns=RUN).assign(**about)


def pair_of_networks(maps_of, tested_on, seed=200):
    return {
        "dataset": "zoo",
        "maps_of": f"{maps_of}/none/seed{seed}",
        "tested_on": f"{tested_on}/none/seed{seed}",
    }


def band_stop(dataset, labels, called, seed=200, fill="swap"):
    """A band-stop test of one network: the classes of images [n], and what it calls each without a pair of bands."""
    seen, half = dict.fromkeys(labels, 0), []
    for name in labels:
        half.append(seen[name] % 2)
        seen[name] += 1
    rows = []
    for removed, names in called.items():
        counts = Counter(zip(half, labels, names, strict=True))
        for key in itertools.product(range(2), ("C0", "C1", "C2", "C3"), ("C0", "C1", "C2", "C3")):
            rows.append((removed, *key, counts[key]))
    columns = ["removed", "half", "true_class", "called_class", "filtered"]
    return pd.DataFrame(rows, columns=columns).assign(**run(*SMALL, seed, dataset), fill=fill)


def graded(gains, earliness, rings, seed=200):
    names = [f"C{c}" for c in range(len(gains) + 1)]
    columns = {"gain": [np.nan, *gains], "ring": [None, *rings], "earliness": [0.9, *earliness]}
    return pd.DataFrame({"seed": seed, "class": names, **columns})


def dynamics_of(kind, f1, seed=200, dataset="zoo"):
    """F1 of each class, {class: at the first test}, at iteration 0, where it is 1, at two tests, and of another view.

    The mean of |ADCS| has the order of the classes, distinctiveness the opposite one.
    """
    rows = []
    for place, (name, at) in enumerate(f1.items()):
        measures = {"mean_adcs": place, "distinctiveness": -place}
        tests = ("full", 0, 1.0), ("full", 10, at), ("full", 20, at + 0.1), ("low-pass", 20, 0)
        for view, iteration, value in tests:
            test = {"iteration": iteration, "view": view, "class": name, "f1": value}
            rows.append({**run(*kind, seed, dataset), **test, **measures})
    return pd.DataFrame(rows)


def verdicts_of(kind, *verdicts, seed=200, dataset="zoo"):
    """Verdicts of the first classes of a network, in the exchange test or on phases."""
    return pd.DataFrame(
        {**run(*kind, seed, dataset), "class": CLASSES[: len(verdicts)], "verdict": verdicts}
    )


def reliance_of(kind, at_test, after, seed=200, removed="maps"):
    """What the classes of a network lose, and (all) images, which lose everything."""
    lost = {
        **ends("lost_at_test", np.array([*at_test, 1])),
        **ends("lost_after", np.array([*after, 0])),
    }
    return pd.DataFrame(
        {**run(*kind, seed), "removed": removed, "class": [*CLASSES[: len(after)], "(all)"], **lost}
    )


def rates_of(n, classes=4, seed=0):
    """TPR and FPR [network, class, map] of n networks: of the first class the own map is best, of the last worst."""
    generator = np.random.default_rng(seed)
    tpr = np.full((classes, classes + 1), 0.5)
    tpr[np.arange(classes), np.arange(classes)] = np.linspace(0.9, 0.1, classes)
    size = (n, *tpr.shape)
    return tpr + 0.05 * generator.standard_normal(size), 0.05 + 0.01 * generator.standard_normal(
        size
    )


@cache
def whole_study(n=20):
    """The numbers and matrices of a made-up study with n networks of each kind, in which every claim has data."""
    generator = np.random.default_rng(0)
    seeds = range(200, 200 + n)
    labels = ["C0", "C1", "C2", "C3"] * 4
    called = {pair: ["C0", "C1", "C2", "C0"] * 4 for pair in PAIRS}
    tables = {
        "graded": [
            graded([1, 2, 3, 4], generator.random(4) + np.arange(4) / 4, ["low", "high"] * 2, i)
            for i in seeds
        ],
        "bandstop": [
            band_stop("syn_1", labels, called, i, fill) for i in seeds for fill in ("swap", "zeros")
        ],
        "dynamics": [
            dynamics_of(SMALL, dict(zip(CLASSES, generator.random(5), strict=True)), i)
            for i in seeds
        ],
        "own_map_advantage": [
            margins({kind: generator.normal(mean, 0.08, n)})
            for kind, mean in ((SMALL, 0.17), (AUGMENTED, 0.2), (LARGE, 0.14), (DEEP, 0.22))
        ],
        "phase": [verdicts_of(SMALL, "texture", "both", None, seed=i) for i in seeds],
        "reliance": [reliance_of(SMALL, generator.random(4), [0.1] * 4, i) for i in seeds],
        "exchanges": [verdicts_of(SMALL, *["nothing found"] * 4, seed=i) for i in seeds],
    }
    kinds = (SMALL, AUGMENTED, LARGE, DEEP)
    pairs = [(i, *pair) for i in seeds for pair in (("small", "deep"), ("deep", "small"))]
    of_maps = {
        "cross_matrix": [
            cross_of(kind, *rates_of(n, seed=place)) for place, kind in enumerate(kinds)
        ],
        "ood_cross_matrix": [
            cross_of(SMALL, *rates_of(n, seed=i), rendition=f"style{i}") for i in range(2)
        ],
        "transfer_cross_matrix": [
            cross(pair_of_networks(*pair, i), *(rate[0] for rate in rates_of(1, seed=i)))
            for i, *pair in pairs
        ],
    }
    return (
        pd.concat(
            [numbers(name, pd.concat(parts), STUDY) for name, parts in tables.items()],
            ignore_index=True,
        ),
        pd.concat(
            [matrices(name, pd.concat(parts), STUDY) for name, parts in of_maps.items()],
            ignore_index=True,
        ),
    )


def holm(p):
    """p after Holm's rule, one after the other: the smallest counts for all, the next for one less."""
    adjusted, largest = {}, 0.0
    for left, (name, value) in zip(
        itertools.count(len(p), -1), sorted(p.items(), key=lambda item: item[1])
    ):
        largest = max(largest, min(1.0, left * value))
        adjusted[name] = largest
    return adjusted


def interval(values):
    low, high = stats.ttest_1samp(values, 0).confidence_interval()
    return np.mean(values), low, high


def cells_of(tpr, fpr=None):
    """The cells of claim (d) of some networks: TPR and FPR [network, class, map]."""
    table = cross_of(SMALL, tpr, fpr).rename(columns={"measure": "value"})
    return table.assign(claim="d", variant="", networks_of="small")[CELLS]


def words_of(found, claim):
    return found[found["claim"] == claim].set_index("control")


def of_nothing():
    return pd.DataFrame(columns=COLUMNS)
