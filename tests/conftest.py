"""Shared fixtures: one thread, a small network, and one run of the whole DAG for the tests of its results."""

import re
from itertools import product

import matplotlib
import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from checkouts import ROOT, checkout  # noqa: F401 (ROOT is imported from here)

torch.set_num_threads(1)  # the same time and the same bits everywhere
matplotlib.use("agg")
pytest.register_assert_rewrite("drawn_tables")

# These files run in one process, one after the other, since they use the same run of the DAG.
USE_THE_STUDY = re.compile(r"tests/(browser/|dag/test_study)")


class StopAfter:
    """A `stop` that returns true from the n-th call on; `checks` counts the calls."""

    def __init__(self, n=None):
        self.n, self.checks = n, 0

    def __call__(self):
        self.checks += 1
        return self.n is not None and self.checks >= self.n


def made_up_tests(runs, classes, parts=("keep", "remove"), fills=("zeros", "swap"), neutral=None, seed=0):
    """A table as of `shortcuts.measure` of several runs (data set, network, augmentation, seed), rates at random.

    The maps of the first class, the third and so on are far above their controls.
    """
    generator = np.random.default_rng(seed)
    kinds = {"unfiltered": 1, "dfm": 1, "random": 10, "radial": 5, "low_pass": 1, "other": 5}
    rows = []
    for run, (place, c) in product(runs, enumerate(classes)):
        plain = round(generator.uniform(20, 50)) / 50, 0.02
        for part, fill, (kind, draws) in product(parts, fills, kinds.items()):
            if (fill == "swap" and c == neutral) or (part == "remove" and kind not in ("unfiltered", "dfm", "random")):
                continue
            clear = 40 if (kind == "dfm") == (part == "keep") else 0
            low, high = (clear, clear + 10) if place % 2 == 0 else (0, 50)
            for draw in range(draws):
                rates = generator.integers(low, high) / 50, generator.integers(0, 20) / 100
                rows.append(
                    (*run, c, c == neutral, part, fill, kind, draw, *(plain if kind == "unfiltered" else rates))
                )
    names = ["dataset", "network", "augmentation", "seed", "class", "neutral", "part", "fill", "filter", "draw"]
    table = pd.DataFrame(rows, columns=[*names, "tpr", "fpr"])
    for rate, (end, reach) in product(("tpr", "fpr"), (("low", -0.1), ("high", 0.1))):
        table[f"{rate}_{end}"] = (table[rate] + reach).clip(0, 1)
    return table.assign(positions=51, overlap=0.1, images=50, negatives=100)


def made_up_verdicts(runs, classes, parts=("keep", "remove"), fills=("zeros", "swap"), neutral="", seed=0):
    """A table as of `verdicts.verdicts` of several runs, with names of classes and rates at random.

    The first class, the third and so on are strong, unless a control happens to do as well.
    """
    generator = np.random.default_rng(seed)
    names = ["dfm", "random", "radial", "low_pass", "other"]
    headline = "swap" if neutral and "swap" in fills else fills[0]
    rows = []
    for run, (place, name), part, fill in product(runs, enumerate(classes), parts, fills):
        if fill == "swap" and name == neutral:
            continue
        tpr, fpr = generator.uniform(0, 0.5, 5), generator.uniform(0, 0.1, 5)
        tpr[0] = generator.uniform(0.8, 1) if place % 2 == 0 else tpr[0]
        own, other = tpr[0] - fpr[0], generator.uniform(0, 0.5)
        margins = {"random": tpr[1] - fpr[1], "radial": tpr[2] - fpr[2], "other": other}
        best = max(margins, key=margins.get)
        margin, low = own - margins[best], own - (tpr[3] - fpr[3])
        rows.append(
            {
                **dict(zip(("dataset", "network", "augmentation", "seed"), run, strict=True)), "class": name,
                "part": part, "fill": fill, "neutral": name == neutral, "positions": 51, "images": 50,
                "negatives": 100, "tpr_unfiltered": generator.uniform(0.6, 1), "fpr_unfiltered": 0.02,
                **{f"tpr_{kind}": value for kind, value in zip(names, tpr, strict=True)},
                **{f"fpr_{kind}": value for kind, value in zip(names, fpr, strict=True)},
                **{f"error_{kind}": 0.02 if kind in ("random", "radial") else 0.0 for kind in names[1:]},
                **{f"draws_{kind}": 5 if kind in ("random", "radial") else 1 for kind in names[1:]},
                **{f"{rate}_dfm_{end}": np.clip(value[0] + reach, 0, 1)
                   for rate, value in (("tpr", tpr), ("fpr", fpr)) for end, reach in (("low", -0.1), ("high", 0.1))},
                "overlap_radial": 0.1, "measure": own, "largest_other": other,
                "largest_other_class": classes[(place + 1) % len(classes)],
                "margin": margin, "margin_low": margin - 0.1, "margin_high": margin + 0.1, "best_control": best,
                "closest_class": classes[(place + 1) % len(classes)] if best == "other" else np.nan,
                "low_pass_margin": low, "low_pass_margin_low": low - 0.1, "low_pass_margin_high": low + 0.1,
                "low_frequency": low < 0.1, "smallest_effect": 0.15,
                "verdict": ("strong" if place % 2 == 0 else "weak") if margin > 0.1 else "none",
                "headline": part == "keep" and fill == headline and name != neutral,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Processes of pytest-xdist share no fixtures: each file runs in one process, all files of the study in the same.

    Files are distributed in the order in which they are collected, so that the longest come first: see the Makefile.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return "study" if USE_THE_STUDY.match(nodeid) else nodeid.split("::")[0]

    return ByFile(config, log)


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    """The finished study; it takes a minute or two, once for all tests."""
    study = checkout(tmp_path_factory.mktemp("study"))
    done = study.snakemake("--cores", "all", "--resources", "gpu=1")
    assert done.returncode == 0, done.stdout
    return study


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A running SLURM of one node."""
    from cluster import Cluster

    with Cluster(tmp_path_factory.mktemp("slurm")) as running:
        yield running


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A headless Chromium."""
    from chromium import Chromium

    chromium = Chromium(tmp_path_factory.mktemp("profile"))
    yield chromium
    chromium.close()


@pytest.fixture
def page(browser):
    """A function that opens a page. At the end of the test, it must have no errors and no requests to a network."""
    browser.errors.clear()
    browser.requests.clear()

    def opened(path):
        browser.open(path)
        return browser

    yield opened
    assert browser.errors == []
    assert {address.partition(":")[0] for address in browser.requests} <= {"file", "data", "blob"}


@pytest.fixture
def small_network():
    """A fixed, smooth network: small_network(channels, classes, seed=0, dtype=float32) -> module."""

    def make(channels, classes, seed=0, dtype=torch.float32):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            layers = (nn.Conv2d(channels, 5, 3, padding=1), nn.BatchNorm2d(5), nn.GELU(), nn.AdaptiveAvgPool2d(2))
            network = nn.Sequential(*layers, nn.Flatten(), nn.Linear(20, classes))
            for parameter in network.parameters():
                nn.init.normal_(parameter, std=0.7)
        return network.to(dtype)

    return make


@pytest.fixture
def closed_figures():
    """All figures of a test are closed at its end."""
    from matplotlib import pyplot

    yield
    pyplot.close("all")


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 12 images, so that a culling of a few images has several."""
    monkeypatch.setattr("frequency_shortcuts.maps.methods.workspace.BLOCK", 12)


@pytest.fixture
def small_batches(monkeypatch):
    """Batches of 4 images, so that a validation or a test of the dynamics has several."""
    monkeypatch.setattr("frequency_shortcuts.networks.training.fitting_batch", lambda shape, device: 4)


@pytest.fixture
def trained_iterations(monkeypatch):
    """The iterations that a training computes, in order."""
    from frequency_shortcuts.networks import training

    done, step = [], training._Training._step

    def counting(self, batch):
        done.append(self.state.iteration)
        step(self, batch)

    monkeypatch.setattr(training._Training, "_step", counting)
    return done
