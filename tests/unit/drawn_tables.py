"""Small tables with scores at random, for the tests of figures."""

import itertools

import numpy as np
import pandas as pd

from conftest import made_up_tests
from frequency_shortcuts.evaluation import verdicts as rates

CLASSES = ("ant", "bee")
KINDS = (("resnet18", "none"), ("vgg16", "augmix"))


def table(**columns):
    """Every combination of network and the columns' values, with scores at random."""
    names = ("network", "augmentation", *columns)
    rows = [(*kind, *values) for kind, *values in itertools.product(KINDS, *columns.values())]
    return pd.DataFrame(rows, columns=names), np.random.default_rng(0)


def verdicts(classes=CLASSES, seeds=(0, 1), **options):
    """Verdicts of both networks, from random tests."""
    runs = [("zoo", *kind, seed) for kind in KINDS for seed in seeds]
    tests = made_up_tests(runs, classes, **options)
    names = ["network", "augmentation", "seed"]
    parts = tests.groupby(names, sort=False)
    return pd.concat([rates.verdicts(part).assign(**dict(zip(names, run, strict=True))) for run, part in parts])
