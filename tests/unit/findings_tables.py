"""Small tables of a study, for its findings."""

import numpy as np
import pandas as pd

from frequency_shortcuts.findings.numbers import Tables

CLASSES = ["ant", "bee", "cow", "dog"]
SEEDS = range(200, 205)
OF = {"deep": "vgg16"}  # architectures; all others are a ResNet18


def run(network="small", augmentation="none", seed=200, dataset="zoo"):
    return {"dataset": dataset, "network": network, "augmentation": augmentation, "seed": seed}


def advantages(of_kinds, fill="zeros", half=0.05, headline=True, **columns):
    """Own-map advantages: {(network, augmentation): [value of each seed]}."""
    rows = [
        {
            **run(network, augmentation, 200 + i), **columns, "fill": fill, "headline": headline,
            "advantage": value, "advantage_low": value - half, "advantage_high": value + half,
        }
        for (network, augmentation), values in of_kinds.items()
        for i, value in enumerate(values)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def networks(kinds, widths=None, dataset="zoo"):
    """A table of networks of these kinds, with five seeds each, in the order of a plan."""
    rows = [
        {
            **run(*kind, seed, dataset),
            "architecture": OF.get(kind[0], "resnet18"),
            "width": (widths or {}).get(kind[0], 8),
        }
        for kind in kinds
        for seed in SEEDS
    ]
    return pd.DataFrame(rows)


def classes(dataset="zoo", names=CLASSES, neutral=None, distinctiveness=None):
    values = np.arange(len(names)) if distinctiveness is None else distinctiveness
    return pd.DataFrame(
        {
            "dataset": dataset, "class": names, "neutral": [name == neutral for name in names],
            "distinctiveness": values, "significant": values[::-1],
        }
    )  # fmt: skip


def tables(**of_study):
    return Tables(kinds={"zoo": "photographs"}, **{"classes": classes(), **of_study})


def band_stop(dataset, survives, worst="B3+B4", n=20, seed=200):
    """A band-stop test of one network: C2 survives all pairs of bands, or all but `worst`; other classes none."""
    rows = []
    for removed in ("B1+B2", "B1+B3", "B1+B4", "B2+B3", "B2+B4", "B3+B4"):
        for true in ("C0", "C1", "C2", "C3"):
            hits = n if true == "C2" and (survives or removed != worst) else 0
            for called in ("C0", "C1", "C2", "C3"):
                count = hits if called == true else n - hits if called == ("C0" if true != "C0" else "C1") else 0
                rows.append(
                    {**run("small", "none", seed, dataset), "removed": removed, "true_class": true,
                     "called_class": called, "original": n, "filtered": count}
                )  # fmt: skip
    return pd.DataFrame(rows)


def graded(gains, earliness, rings, seed=200):
    """A graded set with a plain class C0."""
    names = [f"C{c}" for c in range(len(gains) + 1)]
    return pd.DataFrame(
        {
            "seed": seed, "class": names, "gain": [np.nan, *gains], "ring": [None, *rings],
            "distinctiveness": [0, *gains], "earliness": [0.9, *earliness],
        }
    )  # fmt: skip


def dynamics_of(kind, seed=200, dataset="zoo"):
    """Learning dynamics in which the classes are learned in their order."""
    rows = [
        {**run(*kind, seed, dataset), "iteration": 10, "view": "full", "class": name, "f1": 0.1 + 0.1 * i}
        for i, name in enumerate(CLASSES)
    ]
    return pd.DataFrame(rows)
