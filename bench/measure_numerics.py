"""What portable numerics cost: a training, two searches and a test, beside the same work with all instructions.

Libraries choose their instructions when they are loaded, so that each repeat is a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from frequency_shortcuts import culling
from frequency_shortcuts.data.splits import Split, first_of_each_class
from frequency_shortcuts.evaluation import shortcuts
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.method import find
from frequency_shortcuts.networks import architectures, instructions, training
from frequency_shortcuts.networks.augmentation import Augmentation
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

from . import ROOT
from .subjects import splits
from .timing import REPEATS, ratio

NETWORKS = ("resnet18", "vgg16_bn")
COUNT = 150  # training images of each of four classes
PER_CLASS = 10  # images that are culled, searched with and tested


def cost(_: Path, device: torch.device) -> pd.DataFrame:
    """A row for each network and task: processor time in seconds, portable and fast, and their ratio, on the CPU.

    `instructions` are those of `fast`.
    """
    others = {name: value for name, value in os.environ.items() if name not in instructions.PORTABLE}
    environments = {"portable": others | instructions.variables(), "fast": others | instructions.THREADS}
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in environments}
    for _ in range(REPEATS):
        for name, environment in environments.items():
            command = [sys.executable, "-m", "bench.measure_numerics"]
            done = subprocess.run(command, env=environment, cwd=ROOT, check=True, stdout=subprocess.PIPE)
            runs[name].append(json.loads(done.stdout))
    rows = []
    for task in runs["fast"][0]:
        times = pd.DataFrame({name: [run[task] for run in each] for name, each in runs.items()})
        # The time of the one over that of the other: more than 1 is a cost.
        rows.append({"task": task, **times.median(), **ratio(times, "fast", "portable")})
    return pd.DataFrame(rows).assign(device="cpu", instructions=torch.backends.cpu.get_cpu_capability())


def seconds(count: int = COUNT, per_class: int = PER_CLASS) -> dict[str, float]:
    """Processor time of each task in this process, with one thread, as the laptop study computes."""
    torch.set_num_threads(1)
    data, validation = splits("syn_2", 32, count, Path())
    images = validation.subset(first_of_each_class(validation.labels, per_class))
    spent = {}
    for name in NETWORKS:
        form = architectures.Architecture(name, len(data.classes), data.images.shape[1], 32, width=8, stem="small")
        network = architectures.build(form, 0)
        tasks: dict[str, Callable[[], object]] = {
            "training": lambda: training.train(
                network, data, images, training.Recipe(epochs=2), seed=0, augmentation=Augmentation()  # noqa: B023
            ),
            "culling": lambda: culling.cull(network, images, "screened"),  # noqa: B023
            "search by mixture": lambda: find(registry.load("mixture"), network, images, samples=32),  # noqa: B023
            "shortcut test": lambda: shortcuts.collect(network, images, _maps(images)),  # noqa: B023
        }  # fmt: skip
        for task, run in tasks.items():
            begin = time.process_time()
            run()
            spent[f"{task}, {name}"] = time.process_time() - begin
    return spent


def _maps(images: Split) -> np.ndarray:
    """A random map of 5 % of the frequencies for each class."""
    pairs = ConjugatePairs(*images.images.shape[2:])
    scores = np.random.default_rng(0).random((len(images.classes), len(pairs)))
    return dfm.dominant(scores, pairs, 5)


if __name__ == "__main__":
    print(json.dumps(seconds()))
