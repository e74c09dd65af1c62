"""Methods that find maps: what they add to the bare passes that they count, and a quick look at large images."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.engine import Engine
from frequency_shortcuts.maps.methods.method import Found, find
from frequency_shortcuts.networks import architectures

from . import timing

WIDTHS = (8, 16)
N_CLASSES, PER_CLASS, REPEATS = 4, 20, 3
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
}
MORE_IMAGES = {"gradient": 400}  # of a class: with three passes of 80 images, one would measure the preparation
BACKWARD = ("learned", "gradient")  # their passes are forward and backward passes
# A network of about 0.4 GFLOP at 224 x 224, three classes of ten images.
QUICK: dict[str, int] = {"width": 21, "side": 224, "classes": 3, "images_per_class": 10, "patch": 14}


def overhead(_: Path, device: torch.device) -> pd.DataFrame:
    """A row for each method and width: `added`, the share of its time beyond that of the bare passes that it counts.

    Bare passes show batches of the same size to the same frozen network, one after the other. All methods rank
    images of noise, 4 classes of 20 images of 3 x 32 x 32, with a ResNet18; `gradient`, which shows each once, more.
    """
    rows = []
    for width in WIDTHS:
        for name, (method, settings) in METHODS.items():
            network, images, labels = _noise(width, 32, N_CLASSES, MORE_IMAGES.get(name, PER_CLASS), device)
            run = partial(find, registry.load(method), network, images, labels, N_CLASSES, **settings)
            passes = run().passes
            tasks = {"method": run, "bare": partial(_bare, network, images, passes, method in BACKWARD)}
            times = timing.by_turns(tasks, REPEATS)
            added = times["method"] / times["bare"] - 1
            rows.append(
                {"method": name, "width": width, "passes": passes, "seconds": times["method"].median(),
                 "added": added.median(), "added_low": added.min(), "added_high": added.max()}
            )  # fmt: skip
    return pd.DataFrame(rows).assign(device=device.type)


def quick_look(_: Path, device: torch.device) -> pd.DataFrame:
    """Seconds of the first maps of a network at 224 pixels, by cells of 14 x 14 frequencies."""
    network, images, labels = _noise(
        QUICK["width"], QUICK["side"], QUICK["classes"], QUICK["images_per_class"], device, "standard"
    )
    found: list[Found] = []

    def look() -> None:
        method = registry.load("culling")
        found.append(find(method, network, images, labels, QUICK["classes"], patch=QUICK["patch"]))

    seconds = timing.seconds(look)
    gflop = timing.flop(network, images[:1]) / 1e9
    return pd.DataFrame(
        [{**QUICK, "gflop": gflop, "passes": found[0].passes, "seconds": seconds, "device": device.type}]
    )


def _noise(
    width: int,
    side: int,
    n_classes: int,
    per_class: int,
    device: torch.device,
    stem: Literal["small", "standard"] = "small",
) -> tuple[nn.Module, Tensor, np.ndarray]:
    """A ResNet18 with random weights, and images of noise."""
    form = architectures.Architecture("resnet18", n_classes, 3, side, width=width, stem=stem)
    network = architectures.build(form, 0).to(device).eval()
    labels = np.repeat(np.arange(n_classes), per_class)
    images = torch.randn(len(labels), 3, side, side, generator=torch.Generator().manual_seed(0)).to(device)
    return network, images, labels


def _bare(network: nn.Module, images: Tensor, passes: int, backward: bool) -> None:
    """So many forward passes of one image, in batches; a backward pass counts two."""
    engine = Engine.build(network, images)
    size = min(engine.backward_batch, engine.batch) if backward else engine.batch
    batch = images.repeat(-(-size // len(images)), 1, 1, 1)[:size]
    for _ in range(round(passes / (3 if backward else 1) / size)):
        if backward:
            shown = batch.clone().requires_grad_()
            engine.frozen(shown.clone()).sum().backward()
        else:
            with torch.inference_mode():
                engine.frozen(batch.clone())
