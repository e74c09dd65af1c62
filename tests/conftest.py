"""Shared fixtures: one thread, a small network, and one run of the whole DAG for the tests of its results."""

import os
import pickle
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from PIL import Image
from torch import nn

torch.set_num_threads(1)  # the same time and the same bits everywhere
matplotlib.use("agg")
pytest.register_assert_rewrite("figure_checks")

ROOT = Path(__file__).parents[1]
# These files run in one process, one after the other, since they use the same run of the DAG.
USE_THE_STUDY = (
    "tests/browser/test_explorer.py",
    "tests/browser/test_report.py",
    "tests/dag/test_expected_values.py",
    "tests/dag/test_study.py",
    "tests/dag/test_reruns.py",
    "tests/dag/test_extending.py",
)
# The tests in these folders are too slow for `make check`; the marker has the name of the folder.
MARKED_FOLDERS = ("dag", "browser", "slurm", "long")
PARTS = [
    "Snakefile", "workflow", "config", "profiles", "report", "envs", "src", "CITATION.cff", "LICENSE",
    "results/README.md",
]  # fmt: skip
# A folder of pictures in addition to the sets of config/test.yaml, and published maps, so that every rule runs.
PICTURES = {
    "plan": [
        *yaml.safe_load((ROOT / "config" / "test.yaml").read_text())["plan"],
        {"datasets": ["pictures"], "networks": ["resnet18"], "augmentations": ["sin"], "seeds": [0]},
    ],
    "datasets": {
        "pictures": {
            "source": "folder", "root": "pictures", "size": 24, "channels": 3, "split_seed": 0, "on_error": "skip",
            "shares": {"train": 0.375, "validation": 0.375, "test": 0.25}, "stylised": "negatives",
        }
    },
    "published": [
        {"name": "theirs", "dataset": "pictures", "network": "resnet18", "augmentation": "sin", "file": "theirs.pkl"}
    ],
}  # fmt: skip


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
                found = generator.integers(low, high) / 50, generator.integers(0, 20) / 100
                rows.append(
                    (*run, c, c == neutral, part, fill, kind, draw, *(plain if kind == "unfiltered" else found))
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


class Study(NamedTuple):
    """A copy of the checkout in which the DAG was run."""

    root: Path

    @property
    def results(self):
        return self.root / "results" / "test"

    def snakemake(self, *arguments, extra=()):
        """Run Snakemake on the study; returns the finished process with its output as text."""
        configs = ["config/test.yaml", "pictures.yaml", *extra]
        # The end of Snakemake waits for the time span: see profiles/default.
        command = [sys.executable, "-m", "snakemake", *arguments, "--max-jobs-per-timespan", "100/1s"]
        command += ["--configfile", *configs]
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        return subprocess.run(
            command, cwd=self.root, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )


def checkout(root):
    """Copy what the workflow needs, draw a folder of 3 x 8 pictures of which one does not decode, and pickle maps."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (root / part).parent.mkdir(exist_ok=True)
            shutil.copy(source, root / part)
    generator = np.random.default_rng(0)
    for c, name in enumerate(("bands", "checks", "dots")):
        for folder in ("pictures", "negatives"):
            (root / folder / name).mkdir(parents=True)
        for i in range(8):
            pixels = generator.integers(80 * c, 80 * c + 90, (30, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / "pictures" / name / f"{i}.{'jpg' if i % 2 else 'png'}")
            Image.fromarray(255 - pixels).save(root / "negatives" / name / f"{i}.png")
    for folder in ("pictures", "negatives"):
        (root / folder / "dots" / "broken.png").write_bytes(b"no picture")
    # As HFSS writes them: for each class a list of maps, patches turned about the centre of the array.
    planes = np.kron(generator.random((3, 2, 3, 6)) < 0.3, np.ones((4, 4)))
    planes = np.concatenate([planes, planes[..., ::-1, ::-1]], axis=-2)
    (root / "theirs.pkl").write_bytes(pickle.dumps({c: list(planes[c]) for c in range(3)}))
    (root / "pictures.yaml").write_text(yaml.safe_dump(PICTURES))
    return Study(root)


def pytest_collection_modifyitems(items):
    """Mark the tests of a folder with its name."""
    for item in items:
        folder = item.path.relative_to(ROOT / "tests").parts[0]
        if folder in MARKED_FOLDERS:
            item.add_marker(folder)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Processes of pytest-xdist share no fixtures: each file runs in one process, all files of the study in the same.

    Files are distributed in the order of their names, so that the longest come first: the study and SLURM.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.split("::")[0]
            return "study" if file in USE_THE_STUDY else file

    return ByFile(config, log)


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    """The finished study; it takes a minute or two, once for all tests."""
    study = checkout(tmp_path_factory.mktemp("study"))
    done = study.snakemake("--cores", "all", "--resources", "gpu=1")
    assert done.returncode == 0, done.stdout
    return study


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

    done, step = [], training._Run._step

    def counting(self, batch):
        done.append(self.state.iteration)
        step(self, batch)

    monkeypatch.setattr(training._Run, "_step", counting)
    return done
