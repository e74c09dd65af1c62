"""Shortcut tests: recognition of a class when only its dominant frequencies are kept, or when they are removed.

TPR_c is the share of the images of class c that the network assigns to c, FPR_c the share of the other images that it
assigns to c. Both are measured on unfiltered images, on images filtered by the map of the class, and with controls of
the same size: masks drawn uniformly at random, masks drawn with the radial distribution of the map, the lowest
frequencies, and the maps of the other classes. The *fill* (see `fills`) replaces the frequencies that are not kept.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn
from tqdm import tqdm

from frequency_shortcuts.data.source import index_batches
from frequency_shortcuts.data.splits import Images, accepts_split, check_classes
from frequency_shortcuts.intervals import shares
from frequency_shortcuts.networks.predictions import Predictor, confusion, evaluating, source_for
from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray, as_array
from frequency_shortcuts.spectrum.controls import control_mask
from frequency_shortcuts.spectrum.fills import FILLS, Fill, donors

from .band_stop import band_stop
from .counting import background_of, count_predictions
from .trials import PARTS, MaskPlan, Part, Trial, negatives_of, others_of, seed_of
from .verdicts import over_seeds, verdicts

# The public functions of the test, also those of other modules.
__all__ = [
    "OTHERS", "band_stop", "control_mask", "measure", "negatives_of", "others_of", "over_seeds", "verdicts"
]  # fmt: skip

log = logging.getLogger(__name__)

OTHERS = 20  # maps of other classes that are tested by default: testing all of thousands would be most of the work


@accepts_split
def measure(
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
    controls: int = 10,
    radial: int | None = None,
    others: int | None = OTHERS,
    negatives: int | None = None,
    seed: int = 0,
    run: str = "",
    false_positives: bool = True,
    batch_size: int | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """TPR and FPR of every class, unfiltered, filtered by its map and by controls of the same size.

    Parameters
    ----------
    images : [n, channels, H, W], see `splits.Images`, read batch by batch, so that memory does not grow with n. float32
        and float64 must be normalised; uint8 is normalised with `mean` and `std`, which it needs. A `Split` supplies
        images, labels, mean, std and the neutral class at once: measure(network, split, masks)
    labels : [n], 0 to classes - 1
    masks : bool [class, H, W], the map of every class
    parts : `keep` keeps only the frequencies of the map (sufficiency), `remove` removes only these (necessity)
    fills : what replaces the other frequencies, see `fills`. With `swap` each image has one donor for all masks, and
        FPR of a class leaves out the images whose donor is of that class. With two classes and no neutral one these are
        all images: FPR is then missing, and the verdict uses TPR alone
    neutral : the class without a cue of its own, if the set has one. Its images are the donors of `swap`, and it has no
        rows with `swap`
    controls : draws of each random kind
    radial : draws of the kind `radial`, if their number differs
    others : number of other classes whose maps are controls, drawn for each class; None for all
    negatives : images of other classes on which FPR is measured, drawn for each class, as evenly over the other
        classes as their images allow; None for all. They are the same for unfiltered images
    seed, run : of all draws. Controls, donors and noise are drawn for each run, a name such as that of the network;
        others and negatives are drawn by the seed alone
    false_positives : if false, only the images of the class are filtered, and FPR is missing
    batch_size : images in one forward pass; by default 512, or fewer if they are large

    Returns a tidy table, one row per class, part, fill, filter and draw, with the columns `class`, `neutral` (whether
    it is the neutral class), `part`, `fill`, `filter` (unfiltered, dfm, random, radial, low_pass, other; for `remove`
    unfiltered, dfm and random), `draw` (number of the draw, or the other class), `positions` (of the mask), `overlap`
    (intersection over union with the map of the class), `images` (of the class), `negatives` (images on which FPR was
    measured), `tpr`, `tpr_low`, `tpr_high`, `fpr`, `fpr_low`, `fpr_high`; the bounds are Wilson's intervals over
    images.

    >>> table = measure(network, images, labels, masks, fills=("zeros", "swap"), controls=20)
    >>> verdicts(table)[["class", "fill", "verdict"]]

    Raises ValueError if a class has no image, the sizes do not match, or a fill or part has another name.
    """
    labels = as_array(labels)
    check_classes(labels, range(len(masks)), n_images=images.shape[0])
    _check_names("part", parts, PARTS)
    _check_names("fill", fills, FILLS)
    _check_limits(controls=controls, radial=radial, others=others, negatives=negatives)
    if neutral is not None and not 0 <= neutral < len(masks):
        raise ValueError(f"neutral class {neutral}: expected 0 to {len(masks) - 1}, or None where there is none")
    draws: dict[Literal["random", "radial"], int] = {"random": controls, "radial": radial or controls}
    plan = MaskPlan(masks, images.shape[-2:], parts, draws, others, seed, run)
    negative = np.zeros((len(masks), len(labels)), bool)
    if false_positives:
        for c, mine in enumerate(negative):
            mine[negatives_of(labels, c, negatives, seed)] = True
    source = source_for(network, images, mean, std)
    batch = batch_size or source.batch_size()
    rows: list[dict[str, Any]] = []
    with evaluating(network), torch.inference_mode(), Predictor(network, len(masks)) as predict:
        everything = np.arange(len(labels))
        called = np.concatenate([predict(source.take(some)).cpu().numpy() for some in index_batches(everything, batch)])
        confusion(labels, called, len(masks))  # fails early if the network has other classes than the masks
        with tqdm(
            total=len(fills) * len(labels), desc="filtering", unit="image", leave=False,
            bar_format="{l_bar}{bar}| {n:.0f}/{total} [{elapsed}<{remaining}]", disable=None if progress else True,
        ) as bar:  # fmt: skip
            for fill in fills:
                donor, judged, classes = everything, negative, list(range(len(masks)))
                if fill == "swap":
                    donor = donors(labels, neutral=neutral, seed=seed_of(seed, run, "donors"))
                    # An image that consists mostly of its donor may rightly be assigned to the class of the donor.
                    judged = negative & (labels[donor] != np.arange(len(masks))[:, None])
                    classes = [c for c in classes if c != neutral]
                background = background_of(fill, source, donor, seed_of(seed, run, "noise"), batch)
                counts = count_predictions(predict, source, background, plan.masks, labels, judged, batch, bar)
                for part, c in product(parts, classes):
                    about = {"class": c, "neutral": c == neutral, "part": part, "fill": fill}
                    own, hits = labels == c, counts[..., c]
                    rates = _rates(plan.trials[part][c], masks[c].size, own, judged[c], called == c, hits)
                    rows += [about | row for row in rates]
                log.info("fill %s: %d masks on %d images", fill, len(plan.masks.halves), len(labels))
    return pd.DataFrame(rows)


def _check_limits(**limits: int | None) -> None:
    for name, limit in limits.items():
        if limit is not None and limit < 1:
            draws = name in ("controls", "radial")
            raise ValueError(f"{name} {limit}: expected at least 1{' draw' if draws else ', or None for all'}")


def _check_names(what: str, found: Sequence[str], allowed: Sequence[str]) -> None:
    for name in found:
        if name not in allowed:
            raise ValueError(f"unknown {what} {name!r}: choose from {', '.join(allowed)}")
    if not found:
        raise ValueError(f"no {what} to test: choose from {', '.join(allowed)}")


def _rates(
    trials: Sequence[Trial], size: int, own: BoolArray, judged: BoolArray, called: BoolArray, counts: IntArray
) -> Iterator[dict[str, float | int | str]]:
    """The columns from `filter` on in the rows of a class: unfiltered images, then each mask.

    size : positions of the spectrum; own, judged bool [n] : its images, and those on which FPR is measured; called
    bool [n] : unfiltered images that are assigned to the class; counts int64 [2, mask] : their number under each mask,
    among own and among judged
    """
    sizes = int(own.sum()), int(judged.sum())
    yield _row("unfiltered", 0, size, np.nan, [int(np.sum(called & some)) for some in (own, judged)], sizes)
    for one in trials:
        yield _row(one.name, one.draw, one.positions, one.overlap, counts[:, one.place], sizes)


def _row(
    name: str, draw: int, positions: int, overlap: float, hits: Iterable[int], sizes: tuple[int, int]
) -> dict[str, float | int | str]:
    """The columns from `filter` on of a row; hits and sizes: for the images of the class and for the others."""
    row: dict[str, float | int | str] = {"filter": name, "draw": draw, "positions": positions, "overlap": overlap}
    row |= dict(zip(("images", "negatives"), sizes, strict=True))
    for rate, count, of in zip(("tpr", "fpr"), hits, sizes, strict=True):
        found = shares(count, of).tolist() if of else (np.nan,) * 3
        row |= dict(zip((rate, f"{rate}_low", f"{rate}_high"), found, strict=True))
    return row
