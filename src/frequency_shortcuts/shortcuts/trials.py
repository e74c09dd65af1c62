"""The masks and images of the test of each class: maps, controls, maps of other classes, and negatives; their cost.

A plan of many tests imports this without PyTorch.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray
from frequency_shortcuts.spectrum.fills import FILLS, all_named
from frequency_shortcuts.spectrum.masks import control_mask, low_pass_mask, overlap

from .hits import TRIAL, has_fpr

MapPart = Literal["keep", "remove"]
MAP_PARTS: tuple[MapPart, ...] = ("keep", "remove")
OTHER_MAPS = 20  # maps of other classes that are tried by default: trying all of thousands would be most of the work
UNIFORM_DRAWS = 5  # uniform random masks: the fewest for a verdict
RADIAL_DRAWS = 20  # random masks with the radii of a map: with fewer, few maps are clearly better than one more


@dataclass(frozen=True)
class Trials:
    """What a shortcut test tries.

    parts : `keep` keeps only the frequencies of the map (sufficiency), `remove` removes only these (necessity)
    fills : names of what replaces the other frequencies, see `fills`. With `swap` each image has one donor for all
        masks, and FPR of a class leaves out the images whose donor is of that class
    controls : uniform random masks; a verdict needs at least 5, the own-map advantage none
    radial : random masks with the radii of the map, at least 5 for a verdict; shown to images of the class alone
    others : number of other classes whose maps are tried on each class, see `others_of`; None for all, 0 for none
    negatives : images of other classes on which FPR is measured, drawn for each class, as evenly over the other
        classes as their images allow; None for all. They are the same for all masks and for unfiltered images. With two
        classes and no neutral one there are none: FPR is missing, and verdicts use TPR alone
    one_sample : draw the negatives once, from all images, and use for each class those of other classes. With many
        classes this takes far fewer passes, since a map is shown to the same images for each class
    seed : of all draws

    Raises ValueError for another part or fill, none of them, and numbers out of range.

    >>> hits = collect(network, split, masks, Trials(fills=["swap"], controls=10))
    """

    parts: Sequence[MapPart] = ("keep",)
    fills: Sequence[str] = tuple(FILLS)
    controls: int = UNIFORM_DRAWS
    radial: int = RADIAL_DRAWS
    others: int | None = OTHER_MAPS
    negatives: int | None = None
    one_sample: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        all_named(self.fills)
        if not self.parts:
            raise ValueError(f"no part to test: choose from {', '.join(MAP_PARTS)}")
        for name in self.parts:
            if name not in MAP_PARTS:
                raise ValueError(f"unknown part {name!r}: choose from {', '.join(MAP_PARTS)}")
        for limit in ("controls", "radial", "others"):
            number = getattr(self, limit)
            if number is not None and number < 0:
                raise ValueError(f"{limit} {number}: expected 0 or more")
        if self.negatives is not None and self.negatives < 1:
            raise ValueError(f"negatives {self.negatives}: expected at least 1, or None for all")


def plan_trials(
    masks: BoolArray, trials: Trials, run: str
) -> tuple[BoolArray, BoolArray, pd.DataFrame]:
    """All masks of a shortcut test, what images they are shown to, and what each is for.

    masks : bool [class, H, W], the maps; run : as in `shortcuts.collect`

    Returns the frequencies that an image keeps, bool [mask, H, W], each mask once; whether each is shown to the images
    of each class, and to those on which FPR of the class is measured, bool [2, mask, class]; and a row per class, part,
    filter and draw (`hits.TRIAL`).
    """
    kept: dict[bytes, BoolArray] = {}
    rows = []
    for part in trials.parts:
        for c, own in enumerate(masks):
            for name, draw, mask in _masks_of_class(masks, c, part, trials, run):
                shown = mask if part == "keep" else ~mask
                key = np.packbits(shown).tobytes()
                kept.setdefault(key, shown)
                size = int(mask.sum())
                shared = float(overlap(mask, own))
                rows.append((c, part, name, draw, key, size, shared))
    table = pd.DataFrame(rows, columns=TRIAL)
    table["mask"] = pd.factorize(table["mask"])[0]  # in the order of `kept`
    with_fpr = table[has_fpr(table)]
    shown_to = np.zeros((2, len(kept), len(masks)), bool)
    shown_to[0, table["mask"], table["class"]] = True
    shown_to[1, with_fpr["mask"], with_fpr["class"]] = True
    return np.stack([*kept.values()]), shown_to, table


def _masks_of_class(
    masks: BoolArray,
    c: int,
    part: MapPart,
    trials: Trials,
    run: str,
) -> Iterator[tuple[str, int, BoolArray]]:
    """(filter, draw, mask) of each mask that a class is tested with."""
    own = masks[c]
    yield "dfm", 0, own
    # The same for all maps of one size.
    seed = [*seed_of(trials.seed, run, "random"), int(own.sum())]
    for draw in range(trials.controls):
        yield "random", draw, control_mask(own, "random", [*seed, draw])
    if part == "remove":
        return
    seed = [*seed_of(trials.seed, run, "radial"), c]
    for draw in range(trials.radial):
        yield "radial", draw, control_mask(own, "radial", [*seed, draw])
    yield "low_pass", 0, low_pass_mask(own)
    others = others_of(len(masks), c, trials.others, trials.seed)
    for other in others:
        yield "other", int(other), masks[other]


def seed_of(seed: int, run: str, kind: str) -> list[int]:
    """The seed of one kind of draw in one run; seeds of different kinds or runs differ."""
    return [seed, zlib.crc32(f"{run}:{kind}".encode())]


def others_of(
    n_classes: int,
    c: int,
    limit: int | None,
    seed: int,
) -> IntArray:
    """The classes whose maps are tried on class c, in order: all others, or `limit` of them.

    Those are the next ones in one random order of all classes, so that each class sees `limit` other maps, and each map
    is shown to `limit` other classes.
    """
    if limit is None or n_classes - 1 <= limit:
        return np.delete(np.arange(n_classes), c)
    generator = np.random.default_rng([seed, 0, 1])
    order = generator.permutation(n_classes)
    place = int(np.flatnonzero(order == c)[0])
    next_ones = np.roll(order, -place - 1)
    return np.sort(next_ones[:limit])


def negatives_of(
    labels: IntArray,
    c: int | None,
    limit: int | None,
    seed: int,
) -> IntArray:
    """Positions, in order, of the images for FPR of class c: all of other classes, or `limit` of them.

    They are drawn in rounds. In each round, every other class contributes one image at random; the classes that
    contribute in the last round are drawn as well. If `c` is None, all classes contribute.
    """
    if c is None:
        others = np.arange(len(labels))
        seeds = [seed, 0, 3]
    else:
        others = np.flatnonzero(labels != c)
        seeds = [seed, c, 0, 2]
    if limit is None or len(others) <= limit:
        return others
    generator = np.random.default_rng(seeds)
    shuffled = generator.permutation(others)
    classes, class_of = np.unique(labels[shuffled], return_inverse=True)
    round_of = pd.Series(class_of).groupby(class_of).cumcount()
    turn_of = generator.permutation(len(classes))[class_of]  # within its round
    in_order = np.lexsort((turn_of, round_of))
    return np.sort(shuffled[in_order[:limit]])


def has_negatives(n_classes: int, neutral: int | None) -> bool:
    """Whether FPR is measured. Of two classes, FPR of one is 1 - TPR of the other: both always had the same measure."""
    return n_classes > 2 or neutral is not None


def negatives_by_class(
    labels: IntArray,
    n_classes: int,
    neutral: int | None,
    trials: Trials,
) -> BoolArray:
    """The images on which FPR of each class is measured, bool [class, n], before a fill leaves out some."""
    negative = np.zeros((n_classes, len(labels)), bool)
    if not has_negatives(n_classes, neutral):
        return negative
    limit, seed = trials.negatives, trials.seed
    sample = negatives_of(labels, None, limit, seed) if trials.one_sample else None
    for c in range(n_classes):
        drawn = negatives_of(labels, c, limit, seed) if sample is None else sample
        negative[c, drawn] = labels[drawn] != c
    return negative


def count_map_passes(
    n_classes: int,
    n_images: int,
    trials: Trials,
    neutral: int | None = None,
) -> float:
    """Forward passes of filtered images that a shortcut test takes, without running it.

    n_images : of all classes, as many of each; neutral : the neutral class, if there is one

    A map is shown to the images of its class, to the negatives of the class, and likewise for each class that it is
    tried on. Random and low-pass masks serve all classes at once, as if all maps had the same size. With `swap` it is
    a little less, since images whose donor is of the class are no negatives.
    """
    per_class = n_images / n_classes
    if not has_negatives(n_classes, neutral):
        negatives = 0
    elif trials.negatives is None:
        negatives = n_images
    else:
        negatives = min(trials.negatives, n_images)

    def images_shown(classes: int) -> float:
        """Images of so many classes, and negatives of these: with one sample, those of other classes."""
        if trials.one_sample:
            return per_class * classes + negatives * (1 - classes / n_classes)
        return min(n_images, classes * min(n_images, per_class + negatives))

    others = n_classes - 1
    if trials.others is not None:
        others = min(trials.others, others)
    of_map = images_shown(1 + others) + trials.radial * per_class
    passes = {
        "keep": n_classes * of_map + (trials.controls + 1) * n_images,
        "remove": n_classes * images_shown(1) + trials.controls * n_images,
    }
    of_a_fill = sum(passes[part] for part in trials.parts)
    return float(len(trials.fills) * of_a_fill)
