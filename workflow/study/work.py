"""How many images a study shows to its networks, and how long that takes on this machine, before it starts.

`images_shown` counts the images of each step of a run, from the configuration alone. An image of a training counts
three times, because its backward pass costs twice its forward pass. The step `validate` is a part of the training.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from frequency_shortcuts.data.downloads import DOWNLOADS
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.method import Size, make_settings
from frequency_shortcuts.networks.dynamics import VIEWS
from frequency_shortcuts.networks.inference import InferenceCopy, memory_budget
from frequency_shortcuts.spectrum.cells import cells
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

from .network_tests.registry import TESTS
from .plan import Plan, Run
from .settings import DRAWN, WITH_MAPS, Shape

SCREENED = 0.12  # share of the passes of exact culling that screened culling needs: docs/performance.md


@dataclass(frozen=True)
class Folder:
    """What only the user's disk knows of a data set from a folder: its classes, and the images of each."""

    classes: int = 1000
    train: int = 1300
    test: int = 50


@dataclass(frozen=True)
class DataSet:
    """Size of a data set: classes, channels, side in pixels, and images of a class by split."""

    classes: int
    channels: int
    side: int
    per_class: dict[str, int]

    def images(self, split: str, at_most: int | None = None) -> int:
        """Images of a split, or of the first `at_most` of each class."""
        there = self.per_class.get(split, 0)  # a set for networks that are not trained has no training images
        return self.classes * min(there, at_most or there)


def data_set(plan: Plan, name: str, folder: Folder) -> DataSet:
    """The size of a data set. Raises ValueError for images that are not square or have no one size."""
    entry, shape = plan.config["datasets"][name], plan.shape(name)
    if shape is None or shape.height != shape.width:
        raise ValueError(f"data set {name}: the estimate counts square images of one size only")
    if entry["source"] == "waved":
        return data_set(plan, entry["of"], folder)
    return DataSet(
        plan.n_classes(name) or folder.classes, shape.channels, shape.width, _images_per_class(plan, entry, folder)
    )


def _images_per_class(plan: Plan, dataset: Mapping[str, Any], folder: Folder) -> dict[str, int]:
    """Images of a class by split."""
    source = dataset["source"]
    if source in DOWNLOADS:
        train, test = DOWNLOADS[source].per_class
        held_out = round(train * dataset["validation_share"])
        tested = test if dataset.get("test_images", "all") == "all" else test // 2
        return {"train": train - held_out, "validation": held_out, "test": tested}
    if source in DRAWN:
        constants = plan.section("synthesis") if source == "synthetic" else plan.planting(dataset["mechanism"])
        return dict(constants["images_per_class"])
    splits = {split: round(share * folder.train) for split, share in dataset["shares"].items()}
    return splits | ({"test": folder.test} if "test_root" in dataset else {})


def images_shown(plan: Plan, run: Run, data: DataSet) -> dict[str, float]:
    """Images that each step of a run shows to its network, without cullings of halves and transfer tests."""
    culling, pairs = plan.config["culling"], ConjugatePairs(data.side, data.side)
    shown: dict[str, float] = {}
    if plan.is_trained(run):
        training = plan.config["training"][plan.kind_of(run["dataset"])]
        shown["train"] = 3.0 * training["epochs"] * data.images("train", training["images_per_class"])
        shown["validate"] = _validated(training, data)
    if plan.mapped_runs(**run):
        removed = len(np.unique(cells(pairs, culling["patch"], culling["patch"])))
        passes = removed * (1 if culling["method"] == "exact" else SCREENED)
        shown["cull"] = data.images(culling["split"], culling["images_per_class"]) * passes
    tested = plan.tested_methods() if plan.mapped_runs(**run) else []
    if chosen := dict.fromkeys([*plan.methods(**run), *tested]):
        shown["find_maps"] = sum(passes_of(plan, method, data, pairs) for method in chosen)
    for test in TESTS.values():
        if test.cost and run in test.runs(plan):
            shown[test.name] = test.cost(plan, run, data)
    return shown


def _validated(training: Mapping[str, Any], data: DataSet) -> float:
    """Images that a training shows without a backward pass: validation, learning dynamics, the accuracy at the end."""
    dynamics = training["dynamics"]
    validation = data.images("validation", training["validation_per_class"])
    tests = 1 + dynamics["iterations"] // dynamics["every"]
    watched = tests * len(VIEWS) * data.images("test", dynamics["images_per_class"])
    return float(training["epochs"] * validation + watched + data.images("test"))


def passes_of(plan: Plan, name: str, data: DataSet, pairs: ConjugatePairs) -> float:
    """The most passes that a method can take."""
    method, images = registry.load(plan.method(name)["method"]), plan.method_images(name)
    size = Size(data.classes, data.images(images["split"], images["images_per_class"]), pairs)
    return float(method.passes(make_settings(method, plan.method_settings(name)), size))


def images_of_augmentations(plan: Plan, runs: Sequence[Mapping[str, Any]], data: DataSet, trained: float) -> float:
    """Images that augmentations add to the trainings of these runs of a network; `trained`: those of one training.

    `afa` shows each image twice. Trainings with maps need those of the network without augmentation, once for a seed.
    """
    seeds = {run["seed"] for run in runs if run["augmentation"] in WITH_MAPS}
    maps = plan.config["training"]["dfmx"]["maps"]
    search = passes_of(plan, maps, data, ConjugatePairs(data.side, data.side)) if seeds else 0.0
    passes: float = trained * sum(run["augmentation"] == "afa" for run in runs) + len(seeds) * search
    return passes


def seconds_per_pass(network: nn.Module, shape: Shape, memory_mib: float | None) -> float:
    """Seconds that one image of a batch takes in a forward pass: the second of two batches of noise."""
    frozen = InferenceCopy(network)
    image = torch.zeros(1, *shape, device=frozen.device, dtype=frozen.dtype)
    frozen.check(image)
    batch, _ = frozen.batch_sizes(image, memory_budget(memory_mib, frozen.device) // 2)
    images, took = image.expand(batch, -1, -1, -1).contiguous(), 0.0
    with torch.inference_mode():
        for _ in range(2):
            begin = time.perf_counter()
            frozen(images.clone()).cpu()  # waits for the device
            took = time.perf_counter() - begin
    return took / batch
