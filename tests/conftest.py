"""Shared fixtures: one thread, a small network, and one run of the whole DAG for the tests of its results."""

import re
import signal

import matplotlib
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image
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


def state_of(network):
    """Tensors, modes, hooks and properties of parameters, which a function of a network leaves as they were."""
    return (
        {name: tensor.tolist() for name, tensor in network.state_dict().items()},
        [
            (type(module), module.training, len(module._forward_hooks))
            for module in network.modules()
        ],
        [
            (part.requires_grad, part.dtype, part.stride(), part.grad)
            for part in network.parameters()
        ],
    )


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
    from cluster import Cluster

    with Cluster(tmp_path_factory.mktemp("slurm")) as running:
        yield running


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
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
            layers = (
                nn.Conv2d(channels, 5, 3, padding=1),
                nn.BatchNorm2d(5),
                nn.GELU(),
                nn.AdaptiveAvgPool2d(2),
            )
            network = nn.Sequential(*layers, nn.Flatten(), nn.Linear(20, classes))
            for parameter in network.parameters():
                nn.init.normal_(parameter, std=0.7)
        return network.to(dtype)

    return make


@pytest.fixture
def network(small_network):
    """The small network in float64, for images of two channels of three classes."""
    return small_network(2, 3, dtype=torch.float64)


@pytest.fixture
def obeyed_signals():
    """A shell script in the background ignores SIGINT, and so do its child processes: restore the handler."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def closed_figures():
    from matplotlib import pyplot

    yield
    pyplot.close("all")


@pytest.fixture
def small_pictures(monkeypatch):
    """Files of one pixel in the place of the drawings of an analysis or of differences."""
    analysis = "frequency_shortcuts.analysis"
    for name in ("plot_exchanges", "cards", "figure"):
        monkeypatch.setattr(f"{analysis}.result.Analysis.{name}", lambda _: Figure())
    monkeypatch.setattr(f"{analysis}.differences.Differences.figure", lambda _: Figure())
    pixel = Image.new("L", (1, 1))
    monkeypatch.setattr(
        "frequency_shortcuts.figures.canvas.save", lambda _, path: pixel.save(f"{path}.png")
    )


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 12 images and of 8 mixtures, so that a search on a few images has several."""
    monkeypatch.setattr("frequency_shortcuts.maps.methods.workspace.BLOCK_PASSES", 12)
    monkeypatch.setattr("frequency_shortcuts.maps.methods.mixture.STORED", 8)


@pytest.fixture
def small_batches(monkeypatch):
    """Batches of 4 images, so that a validation or a test of the dynamics has several."""
    monkeypatch.setattr("study.trainings.training.fitting_batch", lambda shape, device: 4)


@pytest.fixture
def trained_iterations(monkeypatch):
    """The iterations that a training computes, in order."""
    from study.trainings import training

    done, step = [], training._Training._step

    def counting(self, batch):
        done.append(self.state.iteration)
        step(self, batch)

    monkeypatch.setattr(training._Training, "_step", counting)
    return done
