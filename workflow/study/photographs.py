"""The photographs of a store that train and judge the networks of a benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from frequency_shortcuts.data import stores
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.evaluation.leak_networks import Photographs


def read(store: str, settings: Mapping[str, Any]) -> Photographs:
    """Images without artefacts from a store: those that train and those that judge by their numbers in each class."""
    train = stores.read(store, "train")
    positions = [np.flatnonzero(train.labels == c) for c in range(len(train.classes))]
    trained, judging = (
        _in_memory(train.subset(np.sort(np.concatenate([of[first - 1 : last] for of in positions]))))
        for first, last in (settings["training"], settings["judging"])
    )
    return Photographs(trained, _in_memory(stores.read(store, "validation")), judging)


def _in_memory(split: Split) -> Split:
    return replace(split, images=np.asarray(split.images[:]))
