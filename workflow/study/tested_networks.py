"""Shared code of the jobs that test networks: the network, its images, and the names of classes in tables."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from torch import nn

from frequency_shortcuts.images import stores
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.weights import normalisation

from .devices import take_device
from .job import run_of_path

TESTED = 200  # images of a class that the exchange test sees


def load_network(weights: str, device: str) -> nn.Module:
    """The network of a weights file, on the device of the configuration."""
    return architectures.load(weights, take_device(device))


def read_images(
    store: str, split: str, images_per_class: int | None = None, *, weights: str, workers: int
) -> Split:
    """A split of a store, normalised as the network with these weights was trained."""
    return stores.read(
        store, split, images_per_class, statistics=normalisation(weights), workers=workers
    )


def read_inputs(
    step: Any, split: str, images_per_class: int | None = None
) -> tuple[nn.Module, Split, dict[str, Any]]:
    """The network of a job that tests one, a split of its images, and its run."""
    given = step.input
    network = load_network(given.weights, step.config["device"])
    data = read_images(
        given.images, split, images_per_class, weights=given.weights, workers=step.threads
    )
    return network, data, run_of_path(step.output[0])


def with_names(table: pd.DataFrame, classes: Sequence[str], *columns: str) -> pd.DataFrame:
    """The table with class names instead of numbers in its columns, by default `class`."""
    names = dict(enumerate(classes))
    return table.replace(dict.fromkeys(columns or ("class",), names))
