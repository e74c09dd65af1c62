"""The search of an analysis: its method and settings, its passes, and whether the network gives gradients."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any

import numpy as np
import torch
from torch import nn

from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.engine import Engine, Limits
from frequency_shortcuts.maps.methods.method import Method, Size, make_settings
from frequency_shortcuts.maps.methods.mixture import log_odds
from frequency_shortcuts.spectrum.arrays import FloatArray
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

log = logging.getLogger(__name__)

DEFAULT = "mixture"
SAMPLES = 8  # of each image, of a search by the default method: analyse takes more images than a comparison does
# Cells of frequencies along a side of the spectrum: if quick, some 128 of them cover the half that real images have.
CELLS, QUICK_CELLS = 32, 16
CPU_IMAGES = 16  # of the timed batch on a CPU, where a larger one is not faster
NO_GRADIENT = "the network gives no gradient, which the default method needs"


@dataclass(frozen=True)
class Search:
    """The search of an analysis.

    name : of the method, see `registry`; method, settings : what it stands for
    passes : at most; a backward pass counts two
    seconds : of a pass, None if the network gives no gradient
    remark : why the method is not the default one, or empty
    """

    name: str
    method: Method
    settings: dict[str, Any]
    passes: int
    seconds: float | None
    remark: str


def check_method(name: str | None, settings: Mapping[str, Any] | None) -> None:
    """Raise ValueError for an unknown name, and for settings that its method does not have or that are out of range."""
    method, chosen = registry.resolve(name or DEFAULT)
    make_settings(registry.load(method), {**chosen, **(settings or {})})


def plan_search(
    name: str | None,
    settings: Mapping[str, Any] | None,
    network: nn.Module,
    images: Split,
    limits: Limits,
    *,
    quick: bool = False,
    percent: float = 5.0,
) -> Search:
    """The search by a method, or by the default one, and what it takes on this device.

    settings : that differ from those of the name. Without them `culling` is screened, and by cells if quick
    percent : of the frequencies in a map, for methods that look for maps of one size

    Without a gradient the default is culling by cells, and a warning says so. Raises ValueError as `check_method`.
    """
    given, remark = dict(settings or {}), ""
    seconds, pairs = seconds_per_pass(network, images, limits), ConjugatePairs(*images.images.shape[2:])
    if name is None and seconds is None:
        if given:
            raise ValueError(f"{NO_GRADIENT}: name the method that the settings {', '.join(given)} are of")
        remark = f"{NO_GRADIENT}: culling by cells of frequencies finds the maps"
        log.warning("%s", remark)
    name = name or ("culling" if remark else DEFAULT)
    method, chosen = registry.resolve(name)
    module = registry.load(method)
    if "percent" in signature(module.Settings).parameters:
        chosen["percent"] = percent
    if name == "culling" and not given:
        cell = math.ceil(max(pairs.height, pairs.width) / (QUICK_CELLS if quick else CELLS))
        chosen |= {"search": "exact", "patch": cell} if quick or remark else {"search": "screened"}
    if name == DEFAULT:
        chosen["samples"] = SAMPLES
    chosen |= given
    passes = module.passes(make_settings(module, chosen), Size(len(images.classes), len(images), pairs))
    return Search(name, module, chosen, passes, seconds, remark)


def seconds_per_pass(network: nn.Module, images: Split, limits: Limits) -> float | None:
    """Seconds of a pass in a batch of forward and backward passes, the second of two; None without a gradient.

    A backward pass counts two.
    """
    engine = Engine.build(network, images.images, images.mean, images.std, limits)

    def measure() -> FloatArray:
        size = engine.backward_batch if engine.frozen.device.type == "cuda" else min(engine.backward_batch, CPU_IMAGES)
        shown, took = engine.source.take(np.arange(min(size, len(images)))), 0.0
        for _ in range(2):
            begin = time.perf_counter()
            seen = shown.clone().requires_grad_()
            logits = engine.frozen(seen.clone())
            (gradient,) = torch.autograd.grad(log_odds(logits, logits.detach().argmax(dim=1)).sum(), seen)
            if not gradient.any():  # waits for the device
                return np.empty(0)
            took = time.perf_counter() - begin
        return np.array([took / (3 * len(shown))])

    try:
        found = engine.within_memory(measure)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:  # no gradient, or a layer of the user without a backward pass
        log.info("no gradient: %s", error)
        return None
    return float(found[0]) if len(found) else None
