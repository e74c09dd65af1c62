"""What an analysis will do, before it begins: its method, its passes, and their time on this device."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Mapping
from inspect import signature
from typing import Any, NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from frequency_shortcuts.images.folders import few
from frequency_shortcuts.images.preprocessing import PROBES
from frequency_shortcuts.images.source import Source
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.method import Method, make_settings
from frequency_shortcuts.maps.methods.mixture import log_odds
from frequency_shortcuts.networks.predictions import Classifier
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

from .options import DEFAULT, Search
from .subject import Subject

log = logging.getLogger(__name__)

SAMPLES = 8  # of each image, of a search by the default method: analyse takes more images than a comparison does
CELLS = 32  # of frequencies along a side of the spectrum, where culling removes cells
EXCHANGE = "exchange test"
NO_GRADIENT = "the network gives no gradient, which the default method needs"


class PlannedSearch(NamedTuple):
    """The search of an analysis.

    name : of the method, see `registry`; method, settings : what it stands for
    passes : at most; a backward pass counts two
    remark : why the method is not the default one, or empty
    """

    name: str
    method: Method
    settings: dict[str, Any]
    passes: int
    remark: str


def plan_search(search: Search, network: Classifier, images: Split) -> PlannedSearch:
    """A search by its method, or by the default one, and what it takes.

    Without a gradient the default is culling by cells, and a warning says so. Raises ValueError for settings without
    the method that they are of, if the network gives no gradient.
    """
    pairs, remark = ConjugatePairs(*images.images.shape[2:]), ""
    if search.method is None and not has_gradient(network, images):
        if search.settings:
            raise ValueError(f"{NO_GRADIENT}: name the method that the settings {', '.join(search.settings)} are of")
        remark = f"{NO_GRADIENT}: culling by cells of frequencies finds the maps"
        log.warning("%s", remark)
    name = search.method or ("culling" if remark else DEFAULT)
    method, settings = registry.resolve(name)
    module = registry.load(method)
    if "percent" in signature(module.Settings).parameters:
        settings["percent"] = search.percent
    if name == "culling" and not search.settings:
        cell = math.ceil(max(pairs.height, pairs.width) / CELLS)
        settings |= {"search": "exact", "patch": cell} if remark else {"search": "screened"}
    if name == DEFAULT:
        settings["samples"] = SAMPLES
    settings |= search.settings
    passes = module.passes(make_settings(module, settings), len(images), pairs)
    return PlannedSearch(name, module, settings, passes, remark)


def has_gradient(network: Classifier, images: Split) -> bool:
    """Whether the log-odds of the called classes depend on the first images by a gradient that PyTorch computes."""
    source = Source(images, device=network.device, dtype=network.dtype)
    network.check(source.take(np.arange(1)))
    seen = source.take(np.arange(min(PROBES, len(images)))).requires_grad_()
    try:
        logits = network.logits(seen.clone())
        (gradient,) = torch.autograd.grad(log_odds(logits, logits.detach().argmax(dim=1)).sum(), seen)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:  # no gradient, or a layer of the user without a backward pass
        log.info("no gradient: %s", error)
        return False
    return bool(gradient.any())


def announce(subject: Subject, accuracy: float, steps: Mapping[str, float], seconds: float, progress: bool) -> None:
    """Show what an analysis will do on standard error, beside the progress bars, or in the log if there are none.

    steps : name of a step -> its passes, at most; seconds : of a pass
    """
    n_classes = len(subject.test.classes)
    images = []
    if EXCHANGE in steps:
        images.append(f"{len(subject.ranking):,} images give parts, {len(subject.test):,} test")
    if any(name.startswith("search") for name in steps):
        images.append(f"{subject.search:,} find maps, {subject.tested:,} test them")
    chosen = "two classes by its one output" if subject.n_outputs == 1 else f"all its {subject.n_outputs:,} outputs"
    if subject.outputs is not None and subject.n_outputs > 1:
        names = [f"{name} {output}" for name, output in zip(subject.test.classes, subject.outputs, strict=True)]
        chosen = f"{len(names):,} of its {subject.n_outputs:,} outputs ({few(names)})"
    images.append(f"the network chooses among {chosen}")
    lines = [
        f"{subject.name}, {n_classes:,} classes: {'; '.join(images)}",
        f"accuracy without a filter: {accuracy:.1%} (mean over classes; chance: {1 / n_classes:.1%})",
    ]
    for name, passes in steps.items():
        needed = passes * seconds
        longer = f"{needed / 60:.0f} min" if needed < 5400 else f"{needed / 3600:,.1f} h"
        words = f"{max(1, round(needed))} s" if needed < 90 else longer
        lines.append(f"{name}: about {passes:,.0f} passes, {words}")
    for line in lines:
        if progress:
            tqdm.write(line, file=sys.stderr)
        else:
            log.info("%s", line)
