"""Shortcut tests: recognition of a class when only its dominant frequencies are kept, or when they are removed.

TPR_c is the share of the images of class c that the network assigns to c, FPR_c the share of the other images that it
assigns to c. Both are measured on unfiltered images, on images filtered by the map of the class, and with controls of
the same size: masks drawn uniformly at random, masks drawn with the radial distribution of the map (TPR alone), the
lowest frequencies, and the maps of the other classes. The *fill* (see `fills`) replaces the frequencies that are not
kept.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn
from tqdm import tqdm

from frequency_shortcuts.images.source import Source, index_batches
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.intervals import Estimate, minus
from frequency_shortcuts.networks.predictions import Classifier, called, confusion, source_for
from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray
from frequency_shortcuts.spectrum.fills import SWAP, ZEROS, Background, Fill, all_named, donors
from frequency_shortcuts.spectrum.filters import half_plane, hide
from frequency_shortcuts.spectrum.masks import check_mask

from .hits import NOT_SHOWN, Hits, Named, rates
from .trials import Trials, negatives_by_class, plan_trials, seed_of

log = logging.getLogger(__name__)


def collect(
    network: nn.Module,
    split: Split,
    masks: BoolArray,
    trials: Trials | None = None,
    *,
    run: str = "",
    batch_size: int | None = None,
    progress: bool = False,
) -> Hits:
    """The class that the network names for each image, unfiltered, filtered by maps and by controls of the same size.

    Parameters
    ----------
    split : read batch by batch, so that memory does not grow with the number of images. Images of its neutral class,
        the one without a cue of its own, are the donors of `swap`, and it has no rows with `swap`
    masks : bool [class, H, W], the map of every class
    trials : which masks are tried on which images
    run : a name such as that of the network. Controls and donors are drawn for each run; others and negatives are drawn
        by the seed alone
    batch_size : images in one forward pass; by default 512, or fewer if they are large

    A mask is shown once to every image that some class needs.

    >>> hits = collect(network, split, masks, Trials(fills=["zeros", "swap"]))
    >>> verdicts(hits)[["class", "fill", "verdict"]]

    Raises ValueError if the masks are not one for each class, or not of the size of the images.
    """
    trials = trials or Trials()
    labels, n_classes = split.labels, len(split.classes)
    check_mask(masks)
    if len(masks) != n_classes:
        raise ValueError(
            f"there are {len(masks)} maps for {n_classes} classes: expected one for each class"
        )
    kept, shown_to, about = plan_trials(masks, trials, run)
    negatives = negatives_by_class(labels, n_classes, split.neutral, trials)
    fills = all_named(trials.fills)
    donor = _donors(split, fills, trials.seed, run)
    source = source_for(network, split)
    batch_size = batch_size or source.batch_size()
    unfiltered = called(network, source, batch_size)
    confusion(labels, unfiltered, n_classes)  # no image is named a class that there is not
    named: dict[str, Named] = {}
    with progress_bar(len(fills) * len(labels), "filtering", progress) as bar:
        for fill in fills:
            named[fill.name] = called_under_masks(
                network,
                source,
                fill.background(source.take, donor),
                kept,
                shown_to,
                fill.judged(negatives, labels, donor),
                batch_size,
                bar.update,
            )
            log.info("fill %s: %d tests of masks on %d images", fill.name, len(about), len(labels))
    return Hits(
        labels=labels,
        unfiltered=unfiltered,
        predicted=named,
        donors=donor,
        negatives=negatives,
        masks=kept,
        trials=about,
        neutral=split.neutral,
    )


def _donors(
    split: Split,
    fills: Sequence[Fill],
    seed: int,
    run: str,
) -> IntArray | None:
    """The donor of each image in one run [n], if a fill needs them."""
    if not any(fill.needs_donors for fill in fills):
        return None
    seeds = seed_of(seed, run, "donors")
    return donors(split.labels, neutral=split.neutral, seed=seeds)


def measure(*arguments: Any, **options: Any) -> pd.DataFrame:
    """The table of `hits.rates` of the hits that `collect` gives; it takes the same parameters.

    >>> measure(network, split, masks, Trials(fills=["zeros"])).query("filter == 'dfm'")[["class", "tpr", "fpr"]]
    """
    return rates(collect(*arguments, **options))


def measure_sizes(
    network: nn.Module,
    split: Split,
    maps: Mapping[float, BoolArray],
    *,
    negatives: int | None = None,
    seed: int = 0,
    run: str = "",
    progress: bool = False,
) -> pd.DataFrame:
    """Rates of every class from its own map of every size, and from as many of the lowest frequencies, with zeros.

    maps : percent -> bool [class, H, W]; all else as in `Trials` and `collect`

    Returns a tidy table, one row per percent, class and filter; results/README.md says what the columns are, at
    `sizes.csv`.

    >>> measure_sizes(network, split, {5: masks}).set_index(["class", "filter"])["measure"]
    """
    trials = Trials(
        fills=[ZEROS.name],
        controls=0,
        radial=0,
        others=0,
        negatives=negatives,
        seed=seed,
    )
    tables = {}
    for percent, masks in maps.items():
        tables[percent] = measure(network, split, masks, trials, run=run, progress=progress)
    table = _joined(tables, ["percent"])
    table = table[table["filter"] != "unfiltered"].reset_index(drop=True)
    tpr = Estimate(table["tpr"], table["tpr_low"], table["tpr_high"])
    fpr = Estimate(table["fpr"], table["fpr_low"], table["fpr_high"])
    difference = minus(tpr, fpr)
    table["measure"] = difference.value
    table["measure_low"] = difference.low
    table["measure_high"] = difference.high
    return table.drop(columns=["neutral", "part", "fill", "draw", "overlap"])


def _joined(tables: Mapping[Any, pd.DataFrame], keys: Sequence[str]) -> pd.DataFrame:
    """One table, whose first columns are the keys of the tables."""
    table = pd.concat(tables, names=keys)
    return table.reset_index(level=keys).reset_index(drop=True)


def band_stop(
    network: nn.Module,
    split: Split,
    bands: BoolArray,
    *,
    seed: int = 0,
    run: str = "",
) -> pd.DataFrame:
    """Change of the confusion matrix when two of the bands are removed.

    bands : bool [band, H, W]; seed, run : of the donors, as in `Trials` and `collect`

    Returns a tidy table, one row per fill, pair of bands, half of the images (see `halves_of_classes`), true class and
    called class; results/README.md says what the columns are, at `bandstop.csv`.
    """
    source = source_for(network, split)
    labels, n_classes = split.labels, len(split.classes)
    pairs = list(combinations(range(len(bands)), 2))
    kept = np.stack([~(bands[a] | bands[b]) for a, b in pairs])
    to_all = np.ones((2, len(kept), n_classes), bool)
    judged = np.ones((n_classes, len(labels)), bool)
    fills = [ZEROS] if split.neutral is None else [SWAP, ZEROS]
    donor = _donors(split, fills, seed, run)
    unfiltered = called(network, source)
    halves = halves_of_classes(labels)
    tables = {}
    for fill in fills:
        background = fill.background(source.take, donor)
        named = called_under_masks(
            network, source, background, kept, to_all, judged, source.batch_size()
        )
        for (a, b), filtered in zip(pairs, named, strict=True):
            for half in (0, 1):
                chosen = halves == half
                before = confusion(labels[chosen], unfiltered[chosen], n_classes)
                after = confusion(labels[chosen], filtered[chosen], n_classes)
                key = fill.name, f"B{a + 1}+B{b + 1}", half
                tables[key] = confusion_change(before, after)
    return _joined(tables, ["fill", "removed", "half"])


def halves_of_classes(labels: IntArray) -> IntArray:
    """Every second image of each class, int [n]: 0 for the first, third ..., 1 for the others."""
    place_in_class = pd.Series(labels).groupby(labels).cumcount()
    return place_in_class.to_numpy() % 2


def confusion_change(original: IntArray, filtered: IntArray) -> pd.DataFrame:
    """Two confusion matrices [true, called] of the same images in rows, and their difference in % of a class."""
    true_class, called_class = np.indices(original.shape)
    images = original.sum(axis=1, keepdims=True)
    matrices = {
        "true_class": true_class,
        "called_class": called_class,
        "original": original,
        "filtered": filtered,
        # A half may have no image of a class.
        "delta_percent": 100 * (filtered - original) / np.maximum(images, 1),
    }
    return pd.DataFrame({name: matrix.ravel() for name, matrix in matrices.items()})


def progress_bar(total: int, words: str, progress: bool) -> tqdm:
    """The bar of `called_under_masks`, over so many images; progress : whether to show it on a terminal."""
    return tqdm(
        total=total,
        desc=words,
        unit="image",
        leave=False,
        bar_format="{l_bar}{bar}| {n:.0f}/{total} [{elapsed}<{remaining}]",
        disable=None if progress else True,
    )


def called_under_masks(
    network: nn.Module,
    source: Source,
    background: Background,
    masks: BoolArray,
    shown_to: BoolArray,
    judged: BoolArray,
    batch: int,
    update: Callable[[float], object] = lambda images: None,
) -> Named:
    """The class by the network of each image under each mask, int16 [mask, n].

    background : see `fills`; masks, shown_to : see `plan_trials`
    judged : bool [class, n], the images on which FPR of each class is measured
    batch : images in one forward pass; update : called with the number of images that are done

    An image is shown under the masks of its own class, and under those for FPR of a class that it is judged for; else
    it has the class `NOT_SHOWN`.
    """
    size = source.shape[-2:]
    labels = source.split.labels
    halves = torch.stack([half_plane(mask, *size) for mask in masks])
    to_own, to_judged = shown_to.astype(np.float32)
    named = np.full((len(masks), len(labels)), NOT_SHOWN, np.int16)
    by_class = np.argsort(labels, kind="stable")
    classes = np.arange(len(judged))[:, None]
    with Classifier(network).naming(len(judged)) as predict:
        for chosen in index_batches(by_class, batch):
            is_own = (labels[chosen] == classes).astype(np.float32)
            shows = to_own @ is_own + to_judged @ judged[:, chosen]
            mask, image = np.nonzero(shows)
            own = torch.fft.rfft2(source.take(chosen))
            other = background(chosen)
            answers = []
            for shown in index_batches(np.arange(len(mask)), batch):
                half = halves[torch.from_numpy(mask[shown])].to(source.device)
                place = torch.from_numpy(image[shown]).to(source.device)
                behind = None if other is None else other[place]
                filtered = hide(own[place], half[:, None], behind, size=size)
                answers.append(predict(filtered))
                update(len(shown) * len(chosen) / len(mask))
            if answers:
                named[mask, chosen[image]] = torch.cat(answers).cpu().numpy()
    return named
