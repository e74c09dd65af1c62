"""Shared code of the scripts that test networks: the network, its images, and the names of classes in tables."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from torch import nn

from frequency_shortcuts.data import stores
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.weights import normalisation, read_metadata
from frequency_shortcuts.storage.checksums import read_hdf5

from .devices import take_device


def load_network(weights: str, device: str) -> nn.Module:
    """The network of a weights file, on the device of the configuration."""
    return architectures.load(weights, take_device(device))


def read_images(store: str, split: str, images_per_class: int | None = None, *, weights: str, workers: int) -> Split:
    """A split of a store, normalised as the network with these weights was trained.

    Raises ValueError unless the store holds the images that the weights were made with, or renditions of these.
    """
    made_with = read_metadata(weights).get("images_sha256")
    with read_hdf5(store) as file:
        known = {file.attrs["checksum"], file.attrs.get("made_from")}
    if made_with and made_with not in known:
        raise ValueError(f"{weights}: it was made with other images than those in {store}; make it again from these")
    return stores.read(store, split, images_per_class, statistics=normalisation(weights), workers=workers)


def with_names(table: pd.DataFrame, classes: Sequence[str], *columns: str) -> pd.DataFrame:
    """The table with class names instead of numbers in its columns, by default `class`."""
    names = dict(enumerate(classes))
    return table.replace(dict.fromkeys(columns or ("class",), names))
