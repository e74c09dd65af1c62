"""Maps of several methods side by side: recall when they are kept or removed, at the same sizes and on the same images.

All methods share the images, the donors and the controls. The controls of a size are random masks, the same for all
methods and classes; the low-pass mask is the map of the method `low_pass`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from torch import nn

from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.maps.dfm import dominant
from frequency_shortcuts.networks.predictions import source_for
from frequency_shortcuts.spectrum.arrays import BoolArray
from frequency_shortcuts.spectrum.fills import FILLS, all_named, donors
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

from .hits import rates_of_class
from .masked_predictions import masked_predictions
from .method_scores import CONTROL, UNFILTERED
from .trials import PARTS, MaskSet, seed_of

log = logging.getLogger(__name__)

_ABOUT = ["method", "part", "fill", "class", "percent", "draw", "positions"]


def compare_methods(
    network: nn.Module,
    split: Split,
    maps: Mapping[str, Mapping[float, BoolArray]],
    *,
    fills: Sequence[str] = tuple(FILLS),
    controls: int = 10,
    seed: int = 0,
    run: str = "",
    batch_size: int | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """TPR and FPR of every class with the maps of each method kept, and TPR with them removed.

    maps : method -> percent -> bool [class, H, W]. All methods need the same percentages
    controls : random masks of each size
    fills, seed : as in `Trials`; run : as in `shortcuts.collect`

    Returns a tidy table, one row per method, part, fill, percent, class and draw: `method` (a key of maps, `CONTROL` or
    `UNFILTERED`, which has the percent 100), `part` (keep, remove), `fill`, `percent`, `class`, `draw`, `positions` (of
    the map), `images`, `negatives`, `tpr`, `tpr_low`, `tpr_high`, `fpr`, `fpr_low`, `fpr_high`. FPR is measured for
    `keep` only; else it is missing. The neutral class has no rows with `swap`.

    >>> table = compare_methods(network, split, {"culling": {5: masks}, "low_pass": {5: lowest}})

    Raises ValueError for methods with other percentages, and as `shortcuts.measure`.
    """
    first = next(iter(maps.values()))
    percents = list(first)
    for name, of_size in maps.items():
        if list(of_size) != percents:
            raise ValueError(f"the maps of {name} hold {list(of_size)} %, those of the first method {percents} %")
    labels, n_classes, size = split.labels, len(split.classes), split.images.shape[-2:]
    chosen, source = all_named(fills), source_for(network, split)
    plan = _plan(maps, percents, n_classes, size, controls, seed_of(seed, run, "random"))
    negative = labels != np.arange(n_classes)[:, None]
    tables: list[pd.DataFrame] = []
    with masked_predictions(
        network, split, batch_size or source.batch_size(), total=len(fills) * len(PARTS) * len(labels),
        bar="comparing methods", progress=progress,
    ) as predictor:  # fmt: skip
        unfiltered = predictor.unfiltered(source)
        for fill in chosen:
            donor = None
            if fill.needs_donors:
                donor = donors(labels, neutral=split.neutral, seed=seed_of(seed, run, "donors"))
            background = fill.background(source.take, donor)
            for part in PARTS:
                counted = fill.judged(negative, labels, donor) if part == "keep" else np.zeros_like(negative)
                masks = MaskSet(n_classes)
                places = [
                    [masks.add(mask if part == "keep" else ~mask, c) for c, mask in enumerate(of_classes)]
                    for _, of_classes in plan
                ]
                named = predictor.under_masks(source, background, masks, counted)
                for c in fill.tested(n_classes, split.neutral):
                    rows = [(*key, int(of_classes[c].sum())) for key, of_classes in plan]
                    shown = named[[place[c] for place in places]]
                    if part == "keep":
                        rows = [(UNFILTERED, 100.0, 0, int(np.prod(size))), *rows]
                        shown = np.concatenate([unfiltered[None], shown])
                    table = pd.DataFrame(rows, columns=["method", "percent", "draw", "positions"])
                    table = table.assign(**{"part": part, "fill": fill.name, "class": c})[_ABOUT]
                    tables.append(rates_of_class(table, shown, c, labels == c, counted[c]))
            log.info("fill %s: %d maps of %d classes on %d images", fill.name, len(plan), n_classes, len(labels))
    return pd.concat(tables, ignore_index=True)


def _plan(
    maps: Mapping[str, Mapping[float, BoolArray]],
    percents: Sequence[float],
    n_classes: int,
    size: tuple[int, ...],
    controls: int,
    seed: list[int],
) -> list[tuple[tuple[str, float, int], BoolArray]]:
    """(method, percent, draw) and the masks [class, H, W] of every method and control."""
    plan = [((name, percent, 0), of_size[percent]) for name, of_size in maps.items() for percent in percents]
    pairs = ConjugatePairs(*size)
    scores = np.random.default_rng(seed).random((controls, len(pairs)))
    for percent in percents:
        for draw, mask in enumerate(dominant(scores, pairs, percent)):
            plan.append(((CONTROL, percent, draw), np.broadcast_to(mask, (n_classes, *mask.shape))))
    return plan
