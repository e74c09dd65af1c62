"""Made-up results: hits of shortcut tests without a network, and small tables of a study."""

import numpy as np
import pandas as pd

from frequency_shortcuts.evaluation.hits import NOT_SHOWN, TRIAL, Hits, write_hits
from frequency_shortcuts.evaluation.trials import Trials, negatives_of, plan_trials
from frequency_shortcuts.findings.evidence import Tables
from frequency_shortcuts.maps.dfm import dominant
from frequency_shortcuts.spectrum.fills import FILLS, donors
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.files import replacing_hdf5

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


def write_file(path, hits, **of_methods):
    """A file of hits on test images, also with the maps of other methods. Returns its path."""
    with replacing_hdf5(path) as file:
        write_hits(file, hits)
        file.attrs["split"] = "test"
        for name, other in of_methods.items():
            write_hits(file.create_group(f"methods/{name}"), other)
    return path


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
SEEDS = range(200, 220)
OF = {"deep": "vgg16"}  # architectures; all others are a ResNet18


def run(network="small", augmentation="none", seed=200, dataset="zoo"):
    return {"dataset": dataset, "network": network, "augmentation": augmentation, "seed": seed}


def advantages(of_kinds, fill="zeros", half=0.05, headline=True, lowest=0.3, best=0.1, **columns):
    """Own-map advantages: {(network, augmentation): [value of each seed]}; the margins are smaller by a constant."""
    rows = [
        {
            **run(network, augmentation, 200 + i), "method": "culling", **columns, "fill": fill, "headline": headline,
            **ends("advantage", value, half), **ends("low_pass_margin", value - lowest, half),
            **ends("best_other_margin", value - best, half),
        }
        for (network, augmentation), values in of_kinds.items()
        for i, value in enumerate(values)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def ends(name, value, half):
    return {name: value, f"{name}_low": value - half, f"{name}_high": value + half}


def networks(kinds, widths=None, dataset="zoo"):
    """A table of networks of these kinds, with twenty seeds each, in the order of a plan."""
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


def classes(dataset="zoo", names=CLASSES, neutral=None):
    return pd.DataFrame(
        {
            "dataset": dataset, "class": names, "neutral": [name == neutral for name in names],
            "distinctiveness": np.arange(len(names)),
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
                    {**run("small", "none", seed, dataset), "fill": "swap", "removed": removed, "true_class": true,
                     "called_class": called, "original": n, "filtered": count}
                )  # fmt: skip
    return pd.DataFrame(rows)


def banded(band_stop, names=("syn_1",), bands=(1,)):
    """A study of synthetic sets with this band-stop test and these control bands."""
    return Tables(
        kinds=dict.fromkeys(names, "synthetic"),
        classes=pd.concat([classes(name, ["C0", "C1", "C2", "C3"], "C0") for name in names]),
        networks=pd.concat([networks([("small", "none")], dataset=name) for name in names]),
        band_stop=band_stop,
        control_bands=dict(zip(names, bands, strict=True)),
    )


def graded(gains, earliness, rings, seed=200):
    """A graded set with a plain class C0."""
    names = [f"C{c}" for c in range(len(gains) + 1)]
    return pd.DataFrame(
        {
            "seed": seed, "class": names, "gain": [np.nan, *gains], "ring": [None, *rings],
            "earliness": [0.9, *earliness],
        }
    )  # fmt: skip


def dynamics_of(kind, f1=None, seed=200, dataset="zoo"):
    """Learning dynamics: F1 of each class at iteration 0, where it is 1, at two tests, and of another view.

    f1 : {class: at the first test}; by default the classes are learned in their order
    """
    rows = [
        {**run(*kind, seed, dataset), "iteration": iteration, "view": view, "class": name, "f1": value}
        for name, at in (f1 or {name: 0.1 + 0.1 * i for i, name in enumerate(CLASSES)}).items()
        for view, iteration, value in (("full", 0, 1.0), ("full", 10, at), ("full", 20, at + 0.1), ("low-pass", 20, 0))
    ]
    return pd.DataFrame(rows)


def flips_of(kind, of_classes, seeds=SEEDS, dataset="zoo"):
    """The counterfactual test of networks of a kind: {class: (flip of each network, need of each network)}."""
    rows = [
        {**run(*kind, seed, dataset), "class": name, "flip": flip, "need": need}
        for name, (flips, needs) in of_classes.items()
        for seed, flip, need in zip(seeds, flips, needs, strict=False)
    ]
    return pd.DataFrame(rows)


WIDE, NARROW, MIXED, DEEP = (
    ("resnet18_w8", "none"), ("resnet18_w4", "none"), ("resnet18_w8", "autoaugment"), ("vgg16_bn_w8", "none")
)  # fmt: skip
OF["vgg16_bn_w8"] = "vgg16_bn"


def whole_study(n=20, seed=0, spread=0.08):
    """The tables of a made-up study with n networks of each kind, in which every finding has data."""
    generator = np.random.default_rng(seed)

    def drawn(mean):
        return generator.normal(mean, spread, n)

    kinds, means = (WIDE, NARROW, MIXED, DEEP), (0.17, 0.14, 0.2, 0.22)
    of_maps = [
        advantages({kind: drawn(mean * share) for kind, mean in zip(kinds, means, strict=True)}, fill, method=method,
                   headline=fill == "zeros", lowest=0.17 * share, best=0.25 * share)
        for method, of_method in (("culling", 1), ("mixture", 1.3))
        for fill, share in (("zeros", of_method), ("swap", 0.4 * of_method))
    ]  # fmt: skip
    styles = [advantages({WIDE: drawn(mean) / 2}, rendition=name, method=method)
              for method in ("culling", "mixture")
              for name, mean in (("sketch", 0.01), ("inverted", 0.0), ("texture", 0.12))]  # fmt: skip
    pair = ("resnet18_w8/none", "vgg16_bn_w8/none")
    transfer = pd.DataFrame([
        {"dataset": "zoo", "maps_of": f"{one}/seed{seed}", "tested_on": f"{other}/seed{seed}", "method": method,
         "fill": "zeros", "headline": True, **ends("advantage", value, 0.05)}
        for method in ("culling", "mixture") for one, other in (pair, pair[::-1])
        for seed, value in zip(SEEDS, drawn(0.13), strict=False)
    ])  # fmt: skip
    sets = range(n)
    return Tables(
        kinds={"zoo": "photographs", "syn_1": "synthetic"},
        classes=pd.concat([classes(), classes("syn_1", ["C0", "C1", "C2", "C3"], "C0")]),
        networks=pd.concat([networks(kinds, {"resnet18_w4": 4}), networks([("small", "none")], dataset="syn_1")]),
        advantages=pd.concat(of_maps), ood=pd.concat(styles), transfer=transfer,
        dynamics=pd.concat([dynamics_of(WIDE, seed=200 + i) for i in sets]),
        band_stop=pd.concat([band_stop("syn_1", i < 1, seed=200 + i) for i in sets]), control_bands={"syn_1": 1},
        graded=pd.concat([graded([1, 2, 3, 4], generator.permutation(4) + np.arange(4), ["low", "high"] * 2, 200 + i)
                          for i in sets]),
        flips=pd.concat([flips_of(kind, {name: (drawn(0.03), drawn(0.05) if c else [np.nan] * n)
                                         for c, name in enumerate(CLASSES)}) for kind in kinds]),
    )  # fmt: skip
