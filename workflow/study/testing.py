"""Shared code of the scripts that test networks: the network, its images, and the names of classes in tables."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from torch import nn

from frequency_shortcuts.data import stores
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.weights import normalisation

from .devices import take_device


def load_network(weights: str, device: str) -> nn.Module:
    """The network of a weights file, on the device of the configuration."""
    return architectures.load(weights, take_device(device))


def read_images(store: str, split: str, images_per_class: int | None = None, *, weights: str, workers: int) -> Split:
    """A split of a store, normalised as the network with these weights was trained."""
    return stores.read(store, split, images_per_class, statistics=normalisation(weights), workers=workers)


def with_names(table: pd.DataFrame, classes: Sequence[str], *columns: str) -> pd.DataFrame:
    """The table with class names instead of numbers in its columns, by default `class`."""
    names = dict(enumerate(classes))
    return table.replace(dict.fromkeys(columns or ("class",), names))
