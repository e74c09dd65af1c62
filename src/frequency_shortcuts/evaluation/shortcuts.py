"""Shortcut tests: recognition of a class when only its dominant frequencies are kept, or when they are removed.

TPR_c is the share of the images of class c that the network assigns to c, FPR_c the share of the other images that it
assigns to c. Both are measured on unfiltered images, on images filtered by the map of the class, and with controls of
the same size: masks drawn uniformly at random, masks drawn with the radial distribution of the map, the lowest
frequencies, and the maps of the other classes. The *fill* (see `fills`) replaces the frequencies that are not kept.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import combinations
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn

from frequency_shortcuts.data.source import index_batches
from frequency_shortcuts.data.splits import Images, accepts_split, check_classes
from frequency_shortcuts.networks.predictions import Classifier, confusion, source_for
from frequency_shortcuts.spectrum.arrays import BoolArray, as_array
from frequency_shortcuts.spectrum.controls import control_mask
from frequency_shortcuts.spectrum.fills import FILLS, Fill, check_fills, donors
from frequency_shortcuts.spectrum.filters import half_plane, hide
from frequency_shortcuts.spectrum.masks import check_mask

from .cross import cross_matrix, own_map_advantage
from .hits import Hits, Named, judged, rates, read_hits, write_hits
from .masked_predictions import background_of, masked_predictions
from .trials import (
    PARTS,
    Part,
    check_limits,
    check_neutral,
    negatives_of,
    others_of,
    plan_trials,
    sample_of_negatives,
    seed_of,
)
from .verdicts import over_seeds, verdicts

# The public functions of the test, also those of other modules.
__all__ = [
    "OTHERS", "Hits", "band_stop", "collect", "control_mask", "cross_matrix", "measure", "negatives_of", "others_of",
    "over_seeds", "own_map_advantage", "rates", "read_hits", "verdicts", "write_hits",
]  # fmt: skip

log = logging.getLogger(__name__)

OTHERS = 20  # maps of other classes that are tried by default: trying all of thousands would be most of the work
DRAWS = 5  # of each random kind: the fewest for a verdict


@accepts_split
def collect(
    network: nn.Module,
    images: Images,
    labels: npt.ArrayLike | Tensor,
    masks: BoolArray,
    *,
    mean: npt.ArrayLike | None = None,
    std: npt.ArrayLike | None = None,
    parts: Sequence[Part] = ("keep",),
    fills: Sequence[Fill] = FILLS,
    neutral: int | None = None,
    controls: int = DRAWS,
    radial: int | None = None,
    others: int | None = OTHERS,
    negatives: int | None = None,
    one_sample: bool = False,
    seed: int = 0,
    run: str = "",
    false_positives: bool = True,
    batch_size: int | None = None,
    progress: bool = False,
) -> Hits:
    """The class that the network names for each image, unfiltered, filtered by maps and by controls of the same size.

    Parameters
    ----------
    images : [n, channels, H, W], see `splits.Images`, read batch by batch, so that memory does not grow with n. float32
        and float64 must be normalised; uint8 is normalised with `mean` and `std`, which it needs. A `Split` supplies
        images, labels, mean, std and the neutral class at once: collect(network, split, masks)
    labels : [n], 0 to classes - 1
    masks : bool [class, H, W], the map of every class
    parts : `keep` keeps only the frequencies of the map (sufficiency), `remove` removes only these (necessity)
    fills : what replaces the other frequencies, see `fills`. With `swap` each image has one donor for all masks, and
        FPR of a class leaves out the images whose donor is of that class
    neutral : the class without a cue of its own, if the set has one. Its images are the donors of `swap`, and it has no
        rows with `swap`
    controls : draws of each random kind; a verdict needs at least 5, the own-map advantage none
    radial : draws of the kind `radial`, if their number differs
    others : number of other classes whose maps are tried on each class, see `others_of`; None for all
    negatives : images of other classes on which FPR is measured, drawn for each class, as evenly over the other
        classes as their images allow; None for all. They are the same for all masks and for unfiltered images. With two
        classes and no neutral one there are none: FPR is missing, and verdicts use TPR alone
    one_sample : draw the negatives once, from all images, and use for each class those of other classes. With many
        classes this takes far fewer passes, since a map is shown to the same images for each class
    seed, run : of all draws. Controls and donors are drawn for each run, a name such as that of the network; others and
        negatives are drawn by the seed alone
    false_positives : if false, FPR is measured under maps alone: random and low-pass controls have none
    batch_size : images in one forward pass; by default 512, or fewer if they are large

    A mask is shown once to every image that some class needs.

    >>> hits = collect(network, split, masks, fills=("zeros", "swap"))
    >>> verdicts(hits)[["class", "fill", "verdict"]]

    Raises ValueError if a class has no image, the sizes do not match, or a fill or part has another name.
    """
    labels = as_array(labels)
    check_classes(labels, range(len(masks)), n_images=images.shape[0])
    _check_parts(parts)
    check_fills(fills)
    check_limits(controls=controls, radial=radial, others=others, negatives=negatives)
    check_neutral(neutral, len(masks))
    check_mask(masks)
    draws: dict[Literal["random", "radial"], int] = {
        "random": controls,
        "radial": controls if radial is None else radial,
    }
    shown, trials = plan_trials(masks, parts, draws, others, seed, run, false_positives)
    negative = np.zeros((len(masks), len(labels)), bool)
    # Of two classes, FPR of one is 1 - TPR of the other: with both, the two would always have the same measure.
    if len(masks) > 2 or neutral is not None:
        if one_sample:
            negative = sample_of_negatives(labels, len(masks), negatives, seed)
        else:
            for c, of_class in enumerate(negative):
                of_class[negatives_of(labels, c, negatives, seed)] = True
    donor = donors(labels, neutral=neutral, seed=seed_of(seed, run, "donors")) if "swap" in fills else None
    source = source_for(network, images, mean, std)
    named: dict[str, Named] = {}
    with masked_predictions(
        network, labels, len(masks), batch_size or source.batch_size(), total=len(fills) * len(labels),
        bar="filtering", progress=progress,
    ) as predictor:  # fmt: skip
        unfiltered = predictor.unfiltered(source)
        for fill in fills:
            counted = judged(negative, labels, donor if fill == "swap" else None)
            named[fill] = predictor.under_masks(source, background_of(fill, source, donor), shown, counted)
            log.info("fill %s: %d tests of masks on %d images", fill, len(trials), len(labels))
    return Hits(labels, unfiltered, named, donor, negative, shown.kept, trials, neutral, false_positives)


def measure(*arguments: Any, **options: Any) -> pd.DataFrame:
    """The table of `hits.rates` of the hits that `collect` gives; it takes the same parameters.

    >>> measure(network, split, masks, fills=("zeros",)).query("filter == 'dfm'")[["class", "tpr", "fpr"]]
    """
    return rates(collect(*arguments, **options))


def _check_parts(parts: Sequence[str]) -> None:
    for name in parts:
        if name not in PARTS:
            raise ValueError(f"unknown part {name!r}: choose from {', '.join(PARTS)}")
    if not parts:
        raise ValueError(f"no part to test: choose from {', '.join(PARTS)}")


# Bands


@accepts_split
def band_stop(
    network: nn.Module,
    images: Images,
    labels: npt.ArrayLike | Tensor,
    bands: BoolArray,
    n_classes: int,
    *,
    mean: npt.ArrayLike | None = None,
    std: npt.ArrayLike | None = None,
    batch_size: int | None = None,
) -> pd.DataFrame:
    """Change of the confusion matrix when two of the bands are removed.

    bands: bool [band, H, W]; images, mean, std, batch_size: see `collect`. Returns a tidy table, one row per
    pair of bands, true class and called class: `removed` (such as B1+B2), `true_class`, `called_class`, `original` and
    `filtered` (counts) and `delta_percent` = 100 * (filtered - original) / images of the true class.
    """
    labels = as_array(labels)
    check_classes(labels, range(n_classes), n_images=images.shape[0])
    source = source_for(network, images, mean, std)
    removed = list(combinations(range(len(bands)), 2))
    halves = [half_plane(~(bands[a] | bands[b]), *images.shape[-2:]).to(source.device) for a, b in removed]
    counts = np.zeros((1 + len(removed), n_classes, n_classes), np.int64)
    with Classifier(network).naming(n_classes) as predict:
        for chosen in index_batches(np.arange(len(labels)), batch_size or source.batch_size()):
            inputs = source.take(chosen)
            counts[0] += confusion(labels[chosen], predict(inputs).cpu(), n_classes)
            own = torch.fft.rfft2(inputs)
            for count, half in zip(counts[1:], halves, strict=True):
                count += confusion(labels[chosen], predict(hide(own, half, size=images.shape[-2:])).cpu(), n_classes)
    original, size = counts[0], counts[0].sum(axis=1, keepdims=True)
    true, called = np.indices((n_classes, n_classes))
    tables = [
        pd.DataFrame(
            {
                "removed": f"B{a + 1}+B{b + 1}",
                "true_class": true.ravel(),
                "called_class": called.ravel(),
                "original": original.ravel(),
                "filtered": filtered.ravel(),
                "delta_percent": (100 * (filtered - original) / size).ravel(),
            }
        )
        for (a, b), filtered in zip(removed, counts[1:], strict=True)
    ]
    return pd.concat(tables, ignore_index=True)
