"""The photographs of a store that train and judge the networks of a benchmark."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from frequency_shortcuts.data import stores
from frequency_shortcuts.evaluation.leak_networks import Photographs

from .trainings import IN_MEMORY


def read(store: str, settings: Mapping[str, Any]) -> Photographs:
    """Images without artefacts from a store: those that train and those that judge by their numbers in each class."""
    train = stores.read(store, "train", in_memory=IN_MEMORY)
    positions = [np.flatnonzero(train.labels == c) for c in range(len(train.classes))]
    trained, judging = (
        train.subset(np.sort(np.concatenate([of[first - 1 : last] for of in positions])))
        for first, last in (settings["training"], settings["judging"])
    )
    return Photographs(trained, stores.read(store, "validation", in_memory=IN_MEMORY), judging)
