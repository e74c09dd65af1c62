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
    """Images without artefacts from a store: those to train on by their numbers in each class, and those that judge."""
    train = stores.read(store, "train")
    count, (first, last) = settings["images_per_class"], settings["judging"]
    positions = [np.flatnonzero(train.labels == c) for c in range(len(train.classes))]
    chosen = (
        np.sort(np.concatenate([of[part] for of in positions])) for part in (slice(count), slice(first - 1, last))
    )
    trained, judging = (_in_memory(train.subset(part)) for part in chosen)
    return Photographs(trained, _in_memory(stores.read(store, "validation")), judging)


def _in_memory(split: Split) -> Split:
    return replace(split, images=np.asarray(split.images[:]))
