"""Made-up results: hits of shortcut tests without a network, small tables of a study, and a table of findings."""

import numpy as np
import pandas as pd

from frequency_shortcuts.evaluation.hits import NOT_SHOWN, TRIAL, Hits, rates, write_hits
from frequency_shortcuts.evaluation.trials import Trials, negatives_of, plan_trials
from frequency_shortcuts.findings.definitions import FINDINGS
from frequency_shortcuts.findings.numbers import Tables
from frequency_shortcuts.maps.dfm import dominant
from frequency_shortcuts.spectrum.fills import FILLS, donors
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.files import replacing_hdf5

RATES = {"dfm": (0.9, 0.05), "random": (0.1, 0.1), "radial": (0.2, 0.1), "low_pass": (0.3, 0.05), "other": (0.1, 0.1)}


def random_hits(
    seed=0, *, n_classes=4, per_class=(3, 7), size=(6, 7), neutral=None, negatives=None, false_positives=True
):  # fmt: skip
    """The hits of a network that names classes at random, more often right under some masks than under others."""
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.repeat(np.arange(n_classes), generator.integers(*per_class, n_classes)))
    pairs = ConjugatePairs(*size)
    maps = dominant(generator.standard_normal((n_classes, len(pairs))), pairs, 20)
    how = Trials(("keep", "remove"), radial=5, others=None, false_positives=false_positives, seed=seed)
    shown, trials = plan_trials(maps, how, "")
    negative = np.zeros((n_classes, len(labels)), bool)
    for c in range(n_classes):
        negative[c, negatives_of(labels, c, negatives, seed)] = True
    donor, named = donors(labels, neutral=neutral, seed=seed), {}
    of_class = labels == np.arange(n_classes)[:, None]
    for fill in FILLS:
        needed = shown.is_for @ of_class | shown.for_others @ FILLS[fill].judged(negative, labels, donor)
        right = generator.random(needed.shape) < generator.random((len(needed), 1))
        found = np.where(right, labels, generator.integers(0, n_classes, needed.shape))
        named[fill] = np.where(needed, found, NOT_SHOWN).astype(np.int16)
    unfiltered = np.where(generator.random(len(labels)) < 0.8, labels, generator.integers(0, n_classes, len(labels)))
    return Hits(labels, unfiltered, named, donor, negative, shown.kept, trials, neutral, false_positives)


def write_file(path, hits, **of_methods):
    """A file of hits on test images, also with the maps of other methods. Returns its path."""
    with replacing_hdf5(path) as file:
        write_hits(file, hits)
        file.attrs["split"] = "test"
        for name, other in of_methods.items():
            write_hits(file.create_group(f"methods/{name}"), other)
    return path


def table_of(hits, classes):
    """The rates where maps are kept, with the names of the classes."""
    return rates(hits).query("part == 'keep'").replace({"class": dict(enumerate(classes))})


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
SEEDS = range(200, 205)
OF = {"deep": "vgg16"}  # architectures; all others are a ResNet18


def run(network="small", augmentation="none", seed=200, dataset="zoo"):
    return {"dataset": dataset, "network": network, "augmentation": augmentation, "seed": seed}


def advantages(of_kinds, fill="zeros", half=0.05, headline=True, **columns):
    """Own-map advantages: {(network, augmentation): [value of each seed]}."""
    rows = [
        {
            **run(network, augmentation, 200 + i), "method": "culling", **columns, "fill": fill, "headline": headline,
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


KINDS = {"a": "graded", "b": "synthetic"}
DATA = {"graded": "graded", "synthetic": "syn_1, syn_2, syn_3, syn_4", "photographs": "fashion_mnist"}
VERDICTS = ("holds", "does not hold", "open", "no data")
NUMBERS = ["value", "low", "high", "half_width", "hits", "networks", "p", "p_holm"]


def finding(letter, verdict, **changes):
    """A row of `tables/findings.csv`; its numbers are empty without data. (b) counts networks, others have a mean."""
    kind, n = KINDS.get(letter, "photographs"), 12 if letter in KINDS else 5
    value, half = {"holds": (0.75, 0.125), "does not hold": (-0.5, 0.25)}.get(verdict, (0.0625, 0.125))
    hits = {"holds": 11, "does not hold": 1}.get(verdict, 6) if letter == "b" else np.nan
    if letter == "b":
        value = hits / n
    made = {
        "finding": letter, "claim": f"claim of {letter}", "quantity": f"quantity of {letter}", "method": "",
        "role": "decides", "data": DATA[kind], "kind": kind, "networks_of": "resnet18_w8, none", "value": value,
        "low": value - half, "high": value + half, "interval": "networks", "half_width": half, "hits": hits,
        "networks": n, "threshold": 0.5 if letter == "b" else 0.0, "p": 0.01, "p_holm": 0.04, "verdict": verdict,
        "detail": "Trouser (5 of 5), Bag (4 of 5)" if letter == "d" else "",
    }  # fmt: skip
    if verdict == "no data":
        made |= {**dict.fromkeys(NUMBERS, np.nan), "data": "", "networks_of": "", "interval": ""}
        made |= {"detail": "two seeds more"}
    return made | changes


def findings(*verdicts):
    """`tables/findings.csv`, with these verdicts in turn; beside (d), the same with swap and on a synthetic set."""
    rows = [finding(letter, verdicts[i % len(verdicts)]) for i, letter in enumerate(FINDINGS)]
    beside = finding("d", "holds", role="beside", threshold=np.nan, p=np.nan, p_holm=np.nan, detail="") | {
        "verdict": ""
    }
    rows += [{**beside, "quantity": "own-map advantage, swap"}, {**beside, "data": "syn_1", "kind": "synthetic"}]
    return pd.DataFrame(rows)
