"""The maps of one network from two halves of the images that rank its frequencies."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray, as_array
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.files import replacing_hdf5
from frequency_shortcuts.storage.hdf5 import read_hdf5

from . import dfm

if TYPE_CHECKING:
    from .methods.culling.result import Culling


def halves(labels: npt.ArrayLike, seed: int = 0, classes: Sequence[str] | None = None) -> tuple[IntArray, IntArray]:
    """Two disjoint halves of some images, drawn class by class: their positions, in order.

    Of an odd number the first half gets one more. Raises ValueError, by the names in `classes`, where a class has fewer
    than two images.
    """
    labels = as_array(labels)
    parts: tuple[list[IntArray], list[IntArray]] = ([], [])
    for c in np.unique(labels):
        of_class = np.flatnonzero(labels == c)
        if len(of_class) < 2:
            name = c if classes is None else classes[c]
            raise ValueError(f"class {name} has {len(of_class)} image to rank frequencies, too few for two halves")
        # By the class alone: another class's images must not change what a class is split into.
        of_class = np.random.default_rng([seed, int(c)]).permutation(of_class)
        for part, piece in zip(parts, np.array_split(of_class, 2), strict=True):
            part.append(piece)
    first, second = (np.sort(np.concatenate(part)) for part in parts)
    return first, second


def write_halves(
    path: str | os.PathLike[str],
    cullings: Sequence[Culling],
    pairs: ConjugatePairs,
    percents: Sequence[float],
    *,
    classes: Sequence[str],
    split: str,
    seed: int,
    created_by: str,
    **origin: str,
) -> None:
    """Write the maps of the two halves: `mask/top_{percent}` bool [half, class, H, W], centred.

    origin : as in `dfm.write`
    """
    shape = len(cullings), len(classes), pairs.height, pairs.width
    with replacing_hdf5(path) as file:
        for percent in percents:
            stored = file.create_dataset(
                f"mask/top_{percent:g}", shape, bool, chunks=(1, 1, *shape[2:]), compression="gzip", shuffle=True
            )
            # Class by class: the planes of a thousand classes at once would be gigabytes.
            for half, culling in enumerate(cullings):
                for c, increment in enumerate(culling.increment):
                    stored[half, c] = dfm.dominant(increment, pairs, percent)
        file.attrs.update(
            layout="centred",
            method=cullings[0].method,
            fill=cullings[0].fill,
            **({"patch": cullings[0].patch} if cullings[0].patch > 1 else {}),
            split=split,
            classes=list(classes),
            images_per_class=np.array([culling.images_per_class for culling in cullings]),
            passes=np.array([culling.passes for culling in cullings]),
            precision=cullings[0].precision,
            seed=seed,
            created_by=created_by,
            **origin,
        )


def read_half(path: str | os.PathLike[str], half: int, percent: float) -> BoolArray:
    """The maps bool [class, H, W] that one half (0 or 1) of the images gave."""
    with read_hdf5(path) as file:
        masks: BoolArray = file[f"mask/top_{percent:g}"][half]
        return masks
