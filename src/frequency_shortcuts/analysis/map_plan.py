"""The maps of an analysis: how they are searched for, and how they are tested beside controls."""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Mapping
from inspect import signature
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from frequency_shortcuts.images.folders import few
from frequency_shortcuts.images.preprocessing import PROBES
from frequency_shortcuts.images.source import Source
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps import adcs, dfm
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.method import Found, find, make_settings
from frequency_shortcuts.maps.methods.mixture import log_odds
from frequency_shortcuts.networks.predictions import Classifier, Precision, device_of
from frequency_shortcuts.shortcuts import examples, trials
from frequency_shortcuts.shortcuts.hits import Hits, rates
from frequency_shortcuts.shortcuts.test import collect as collect_hits
from frequency_shortcuts.shortcuts.verdict import verdicts
from frequency_shortcuts.spectrum.arrays import BoolArray, as_array
from frequency_shortcuts.spectrum.masks import check_mask
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.journal import Work

from .chosen_images import Counts, shown
from .map_result import MapResult, shown_classes
from .options import DEFAULT, Evaluation, Run, Search
from .subject import AnalysedNetwork

log = logging.getLogger(__name__)

MOST_NEGATIVES = 1000  # images on which FPR is measured, by default
FEWEST_NEGATIVES = 50
SAMPLES = 8  # of each image, of a search by the default method: analyse takes more images than a comparison does
CELLS_OF_CULLING = 32  # of frequencies along a side of the spectrum, where culling removes cells
NO_GRADIENT = "the network gives no gradient, which the default method needs"


class PlannedSearch(NamedTuple):
    """The search of an analysis.

    name : of the method, see `registry`; method, settings : what it stands for
    passes : at most; a backward pass counts two
    remark : why the method is not the default one, or empty
    percent, precision : of the maps and of the passes, see `Search`
    """

    name: str
    method: ModuleType
    settings: dict[str, Any]
    passes: int
    remark: str
    percent: float
    precision: Precision


class MapPlan(NamedTuple):
    """What will be done with maps.

    masks : of the user, or None; search : how they are searched for, else
    trials : how they are tested
    """

    masks: BoolArray | None
    search: PlannedSearch | None
    trials: trials.Trials


def plan_maps(subject: AnalysedNetwork, test: Evaluation, counts: Counts, seed: int) -> MapPlan:
    """Plan the search and the test of maps. Raises ValueError for maps of another size or of other classes."""
    n_classes = len(subject.test.classes)
    negatives = test.negatives or negatives_by_default(n_classes, counts.tested)
    chosen = trials.Trials(
        test.actions,
        test.fills,
        test.controls,
        others=test.others,
        negatives=negatives,
        one_sample=True,
        seed=seed,
    )
    if test.search is None:
        return MapPlan(_as_masks(test.maps, subject), None, chosen)
    network = subject.search_classifier(test.search.precision)
    return MapPlan(None, plan_search(test.search, network, subject.map_ranking), chosen)


def passes_of_maps(plan: MapPlan, subject: AnalysedNetwork) -> dict[str, float]:
    """Name of a step -> its passes, at most."""
    steps: dict[str, float] = {}
    if plan.search is not None:
        steps[f"search by {plan.search.name}"] = plan.search.passes
    n_classes, neutral = len(subject.test.classes), subject.test.neutral
    passes = trials.count_map_passes(n_classes, subject.images.tested, plan.trials, neutral)
    return steps | {"test of maps beside controls": passes}


def run_maps(
    plan: MapPlan, subject: AnalysedNetwork, run: Run, batch: int
) -> tuple[MapResult, dict[str, Any]]:
    """Search for maps, or take those of the user, and test them; and how they were made.

    batch : images that the network takes at a time
    """
    images = subject.map_ranking
    pairs = ConjugatePairs(*images.images.shape[2:])
    masks = plan.masks
    found = None
    if plan.search is not None:
        found = find(
            plan.search.method,
            subject.search_classifier(plan.search.precision),
            images,
            seed=run.seed,
            precision=plan.search.precision,
            work=Work(run.state, progress=run.progress),
            **plan.search.settings,
        )
        masks = dfm.dominant(found.score, pairs, plan.search.percent)
    assert masks is not None  # they were given, or searched for
    hits = collect_hits(
        subject.classifier,
        subject.map_test,
        masks,
        plan.trials,
        batch_size=batch,
        progress=run.progress,
    )
    table = named_verdicts(hits, subject.test.classes)
    cards = _make_cards(subject, masks, found, table)
    measured = rates(hits)
    measured["class"] = [subject.test.classes[c] for c in measured["class"]]
    about = {
        "images that find the maps" if found else "images of the spectra": subject.images.search,
        "images that test them": subject.images.tested,
        "settings of the test": str(vars(plan.trials)),
    }
    return MapResult(masks, found, measured, table, cards), about | _about_search(
        plan, found, masks
    )


def _about_search(plan: MapPlan, found: Found | None, masks: BoolArray) -> dict[str, Any]:
    if plan.search is None or found is None:
        digest = hashlib.sha256(masks.tobytes()).hexdigest()
        size = 100 * float(masks.mean())
        return {"method": "given maps", "settings": f"sha256 {digest}", "percent": size}
    return {
        "method": plan.search.name,
        "settings": str(dict(found.settings)),
        "percent": plan.search.percent,
        "passes of the search": found.passes,
    }


def named_verdicts(hits: Hits, classes: tuple[str, ...]) -> pd.DataFrame:
    """The verdicts of maps, see `shortcuts.verdicts`, with the names of the classes."""
    table = verdicts(hits)
    for name in ("class", "closest_class", "largest_other_class"):  # the last two need other maps
        table[name] = [None if pd.isna(c) else classes[int(c)] for c in table[name]]
    return table


def _make_cards(
    subject: AnalysedNetwork, masks: BoolArray, found: Found | None, table: pd.DataFrame
) -> examples.Cards:
    """What the cards of the classes with the clearest shortcuts show."""
    chosen = shown_classes(table, subject.test.classes, subject.name).index
    test, ranking = subject.test, subject.map_ranking
    places = np.array([np.flatnonzero(test.labels == c)[0] for c in chosen])
    amplitude = adcs.class_spectra(ranking, device=device_of(subject.network)).mean_amplitude
    score = None
    if found is not None:
        score = ConjugatePairs(*masks.shape[1:]).scatter(found.score)[chosen]
    normalised = Source(test).take(places).float()
    pictures = shown(test, places), normalised
    return examples.make_cards(adcs.accumulate(amplitude)[chosen], score, masks[chosen], pictures)


def negatives_by_default(n_classes: int, test_images: int) -> int:
    """Images on which FPR is measured, for so many test images of each class.

    TPR is measured on the test images of one class, so that more than a few times as many hardly make a margin clearer.
    """
    return min(max(FEWEST_NEGATIVES, 2 * test_images, n_classes), MOST_NEGATIVES)


def plan_search(search: Search, network: Classifier, images: Split) -> PlannedSearch:
    """A search by its method, or by the default one, and what it takes.

    Without a gradient the default is culling by cells, and a warning says so. Raises ValueError for settings without
    the method that they are of, if the network gives no gradient.
    """
    pairs = ConjugatePairs(*images.images.shape[2:])
    remark = ""
    if search.method is None and not has_gradient(network, images):
        if search.settings:
            names = ", ".join(search.settings)
            raise ValueError(f"{NO_GRADIENT}: name the method that the settings {names} are of")
        remark = f"{NO_GRADIENT}: culling by cells of frequencies finds the maps"
        log.warning("%s", remark)
    name = search.method or ("culling" if remark else DEFAULT)
    method, settings = registry.resolve(name)
    module = registry.load(method)
    if "percent" in signature(module.Settings).parameters:
        settings["percent"] = search.percent
    if remark:
        cell = math.ceil(max(pairs.height, pairs.width) / CELLS_OF_CULLING)
        settings |= {"search": "exact", "patch": cell}
    elif name == "culling" and not search.settings:
        settings["search"] = "screened"
    elif name == DEFAULT:
        settings["samples"] = SAMPLES
    settings |= search.settings
    passes = module.passes(make_settings(module, settings), len(images), pairs)
    return PlannedSearch(name, module, settings, passes, remark, search.percent, search.precision)


def has_gradient(network: Classifier, images: Split) -> bool:
    """Whether the log-odds of the called classes depend on the first images by a gradient that PyTorch computes."""
    source = Source(images, device=network.device, dtype=network.dtype)
    network.check(source.take(np.arange(1)))
    seen = source.take(np.arange(min(PROBES, len(images)))).requires_grad_()
    try:
        logits = network.logits(seen.clone())
        called = logits.detach().argmax(dim=1)
        (gradient,) = torch.autograd.grad(log_odds(logits, called).sum(), seen)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:  # no gradient, or a layer of the user without a backward pass
        log.info("no gradient: %s", error)
        return False
    return bool(gradient.any())


def _as_masks(maps: Any, subject: AnalysedNetwork) -> BoolArray:
    """Maps of the user as bool [class, H, W], one for each class of the images."""
    images = subject.images
    names = images.labelled.classes or [*map(str, images.numbers)]
    if isinstance(maps, Mapping):
        missing = [name for name in names if name not in maps]
        if missing:
            raise ValueError(f"maps have no {few(missing)}: they are of {few([*maps])}")
        maps = np.array([as_array(maps[name]) for name in names])
    masks = as_array(maps)
    expected = (len(names), *subject.test.images.shape[2:])
    if masks.shape != expected:
        raise ValueError(
            f"maps are {list(masks.shape)}: expected {list(expected)}, one for each class"
        )
    if not np.isin(masks, (0, 1)).all():
        raise ValueError("maps hold other values than 0 and 1: expected bool [class, H, W]")
    return check_mask(masks.astype(bool), "maps")
