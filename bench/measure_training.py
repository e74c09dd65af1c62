"""Training: the share of its time in the network, and its rate beside a bare loop."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pandas as pd
import torch
from torch import nn
from torch.nn import functional

from frequency_shortcuts.data.source import Source
from frequency_shortcuts.data.splits import Split, first_of_each_class
from frequency_shortcuts.networks import architectures, training
from frequency_shortcuts.networks.augmentation import Augmentation
from frequency_shortcuts.networks.numerics import bfloat16

from .subjects import splits
from .timing import REPEATS, seconds, synchronise

# As the laptop study trains: data set, side in pixels, architecture, width, augmentation, least share of a crop
CASES = {
    "photographs": ("fashion", 32, "resnet18", 16, "none", 0.5),
    "photographs, AutoAugment": ("fashion", 32, "resnet18", 16, "autoaugment", 0.5),
    "photographs, VGG16": ("fashion", 32, "vgg16_bn", 16, "none", 0.5),
    "synthetic": ("syn_2", 32, "resnet18", 8, "none", 1.0),
}
# At full width; a CPU would take hours.
CUDA_CASES = {
    "photographs, width 64": ("fashion", 32, "resnet18", 64, "none", 0.5),
    "photographs, width 64, 224 x 224": ("fashion", 224, "resnet18", 64, "none", 0.5),
}
EPOCHS, COUNT = 2, 300  # images a class


def rates(folder: Path, device: torch.device) -> pd.DataFrame:
    """A row for each case: images a second of whole trainings, with dynamics and validation, beside the bare loop."""
    rows = []
    cases = CASES | (CUDA_CASES if device.type == "cuda" else {})
    for name, (dataset, side, architecture, width, augmentation, least) in cases.items():
        data, validation = splits(dataset, side, COUNT, folder)
        form = architectures.Architecture(architecture, len(data.classes), data.images.shape[1], side, width=width)
        measured = pd.DataFrame(
            _once(form, data, validation, Augmentation(augmentation, crop_scale=(least, 1.0)), device)
            for _ in range(REPEATS)
        ).median()
        rows.append({"case": name, "device": device.type, **measured})
    return pd.DataFrame(rows)


def _once(
    form: architectures.Architecture, data: Split, validation: Split, augmentation: Augmentation, device: torch.device
) -> dict[str, float]:
    network = architectures.build(form, 0).to(device)
    dynamics = training.Dynamics(_some(validation, 25), iterations=100, every=20, cutoff=8)
    with _inside(network) as spent:
        wall = seconds(
            lambda: training.train(
                network, data, _some(validation, 100), training.Recipe(epochs=EPOCHS), seed=0,
                augmentation=augmentation, dynamics=dynamics,
            )
        )  # fmt: skip
    steps, images = 20, EPOCHS * len(data)
    return {
        "share_in_network": sum(spent.values()) / wall, "images_per_s": images / wall,
        "training_images_per_s": images / (wall - spent["testing"]),
        "bare_images_per_s": steps * 64 / seconds(lambda: _bare(network, data, device, steps)),
    }  # fmt: skip


def _some(split: Split, per_class: int) -> Split:
    return split.subset(first_of_each_class(split.labels, per_class))


@contextmanager
def _inside(network: nn.Module) -> Iterator[dict[str, float]]:
    """Seconds in forward passes that train, in those that test, and in backward passes, of what runs in the block."""
    spent, start = {"training": 0.0, "testing": 0.0}, [0.0]

    def enter(*_: object) -> None:
        synchronise()
        start[0] = time.perf_counter()

    def leave(module: nn.Module, *_: object) -> None:
        synchronise()
        spent["training" if module.training else "testing"] += time.perf_counter() - start[0]

    backward = torch.Tensor.backward

    def timed(self: torch.Tensor, *args: object, **options: object) -> None:
        enter()
        backward(self, *args, **options)
        leave(network)

    hooks = [network.register_forward_pre_hook(enter), network.register_forward_hook(leave)]
    try:
        with mock.patch.object(torch.Tensor, "backward", timed):
            yield spent
    finally:
        for hook in hooks:
            hook.remove()


def _bare(network: nn.Module, data: Split, device: torch.device, steps: int) -> None:
    """Forward, backward and step over one cached batch."""
    images = Source(data, device=device).take(torch.arange(64).numpy())
    labels = torch.from_numpy(data.labels[:64]).to(device)
    images = images.contiguous(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(
        network.parameters(), lr=1e-3, momentum=0.9, nesterov=True, weight_decay=1e-4, fused=True
    )
    network.train()
    for _ in range(steps):
        with bfloat16(device):
            loss = functional.cross_entropy(network(images), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
