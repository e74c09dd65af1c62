"""Shared code of the scripts that train networks."""

from collections.abc import Mapping, Sequence
from typing import Any

from frequency_shortcuts.exchange.swap import Swap
from frequency_shortcuts.networks.architectures import Architecture

from .augmentation import Augmentation
from .training import Protocol, Recipe

IN_MEMORY = 2**32  # training images of up to this many bytes are read at once, so that a GPU can hold them


def architecture_of(settings: Mapping[str, Any], n_classes: int, shape: Sequence[int]) -> Architecture:
    """The form of a network for images [channels, H, W]. Raises ValueError for images that are not square."""
    channels, height, width = shape
    if height != width:
        raise ValueError(f"images are {height} x {width}, but networks are trained on square images only")
    return Architecture(settings["architecture"], n_classes, channels, height, settings["width"], settings["stem"])


def protocol_of(network: Mapping[str, Any], recipe: Mapping[str, Any], augmentation: Mapping[str, Any]) -> Protocol:
    """How networks are made and trained. network : as the configuration describes it"""
    form = {"name": network["architecture"], "width": network["width"], "stem": network["stem"]}
    made = Augmentation(**augmentation)
    return Protocol(form, Recipe(**recipe), made, Swap() if made.name == "swap" else None)
