"""Shared code of the scripts that train networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.networks.architectures import Architecture
from frequency_shortcuts.networks.augmentation import Augmentation
from frequency_shortcuts.networks.training import Protocol, Recipe

IN_MEMORY = 2**32  # training images of up to this many bytes are read at once, so that a GPU can hold them


def architecture_of(settings: Mapping[str, Any], data: Split, store: str) -> Architecture:
    """The form of a network for the images of a store. Raises ValueError for images that are not square."""
    _, channels, size, width = data.images.shape
    if size != width:
        raise ValueError(f"{store}: images are {size} x {width}, but networks are trained on square images only")
    return Architecture(
        name=settings["architecture"],
        n_classes=len(data.classes),
        channels=channels,
        size=size,
        width=settings["width"],
        stem=settings["stem"],
    )


def protocol_of(network: Mapping[str, Any], recipe: Mapping[str, Any], augmentation: Mapping[str, Any]) -> Protocol:
    """How networks are made and trained. network : as the configuration describes it; augmentation : without a name"""
    form = {"name": network["architecture"], "width": network["width"], "stem": network["stem"]}
    return Protocol(form, Recipe(**recipe), Augmentation(**augmentation))
