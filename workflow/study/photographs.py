"""The photographs of a store that train and judge the networks of a benchmark, and how these networks are trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from frequency_shortcuts.data import stores
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.evaluation.leak_networks import Photographs, Protocol
from frequency_shortcuts.networks.augmentation import Augmentation
from frequency_shortcuts.networks.recipe import Recipe


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


def protocol(network: Mapping[str, Any], recipe: Mapping[str, Any], augmentation: Mapping[str, Any]) -> Protocol:
    """How networks are trained. network : as the configuration describes it; augmentation : without its name"""
    return Protocol(
        network={"name": network["architecture"], "width": network["width"], "stem": network["stem"]},
        recipe=Recipe(**recipe),
        augmentation=Augmentation(**augmentation),
    )
