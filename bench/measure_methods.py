"""Methods that find maps: what they add to the bare passes that they count."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.engine import Engine
from frequency_shortcuts.maps.methods.method import find
from frequency_shortcuts.networks import architectures

from . import timing

WIDTHS = (8, 16)
N_CLASSES, PER_CLASS, SIDE, REPEATS = 4, 20, 32, 3
# Fewer passes than by default: the share that a method adds does not depend on their number.
METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "culling": ("culling", {}),
    "culling, swap": ("culling", {"fill": "swap"}),
    "culling, patch 2": ("culling", {"patch": 2}),
    "hfss": ("hfss", {"candidates": 100, "fill": "zeros"}),
    "greedy": ("greedy", {"fill": "zeros"}),
    "learned": ("learned", {"steps": 20}),
    "shapley": ("shapley", {}),
    "rise": ("rise", {}),
    "rise, swap": ("rise", {"fill": "swap"}),
    "gradient": ("gradient", {}),
    "mixture": ("mixture", {"samples": 4}),
}
MORE_IMAGES = {"gradient": 400}  # of a class: with three passes of 80 images, one would measure the preparation
BACKWARD = ("learned", "gradient", "mixture")  # their passes are forward and backward passes


def overhead(_: Path, device: torch.device) -> pd.DataFrame:
    """A row for each method and width: `added`, the share of its time beyond that of the bare passes that it counts.

    Bare passes show batches of the same size to the same frozen network, one after the other. All methods rank
    images of noise, 4 classes of 20 images of 3 x 32 x 32, with a ResNet18; `gradient`, which shows each once, more.
    """
    rows = []
    for width in WIDTHS:
        for name, (method, settings) in METHODS.items():
            network, images = _noise(width, MORE_IMAGES.get(name, PER_CLASS), device)
            run = partial(find, registry.load(method), network, images, **settings)
            passes = run().passes
            tasks = {"method": run, "bare": partial(_bare, network, images, passes, method in BACKWARD)}
            times = timing.by_turns(tasks, REPEATS)
            added = times["method"] / times["bare"] - 1
            rows.append(
                {"method": name, "width": width, "passes": passes, "seconds": times["method"].median(),
                 "added": added.median(), "added_low": added.min(), "added_high": added.max()}
            )  # fmt: skip
    return pd.DataFrame(rows).assign(device=device.type)


def _noise(width: int, per_class: int, device: torch.device) -> tuple[nn.Module, Split]:
    """A ResNet18 with random weights, and images of noise."""
    form = architectures.Architecture("resnet18", N_CLASSES, 3, SIDE, width=width, stem="small")
    network = architectures.build(form, 0).to(device).eval()
    labels = np.repeat(np.arange(N_CLASSES), per_class)
    images = torch.randn(len(labels), 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)).to(device)
    return network, Split(images, labels)


def _bare(network: nn.Module, images: Split, passes: int, backward: bool) -> None:
    """So many forward passes of one image, in batches; a backward pass counts two."""
    engine = Engine.build(network, images)
    size = min(engine.backward_batch, engine.batch) if backward else engine.batch
    batch = images.images[np.resize(np.arange(len(images)), size)]
    for _ in range(round(passes / (3 if backward else 1) / size)):
        if backward:
            shown = batch.clone().requires_grad_()
            engine.frozen(shown.clone()).sum().backward()
        else:
            with torch.inference_mode():
                engine.frozen(batch.clone())
