"""Shortcut tests: what a network still recognises when only a class's dominant frequencies are left.

TPR_c is the share of class c that is still called c, FPR_c the share of the other images that is. Both
are measured on unfiltered images, on images filtered by the class's map, and on controls of the same
size: masks drawn uniformly at random, masks drawn with the map's own radial distribution, and the maps
of the other classes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn
from tqdm import tqdm

from .controls import control_mask
from .evaluation import Asked, confusion, evaluating
from .images import check_classes
from .rates import over_seeds, share, verdicts
from .sources import pieces, seen_by
from .spectrum import BoolArray, IntArray, Kept, half_plane

# The test whole, for those who call it from Python: its controls and rates have modules that need no PyTorch.
__all__ = [
    "OTHERS", "band_stop", "control_mask", "measure", "negatives_of", "others_of", "over_seeds", "share", "verdicts"
]  # fmt: skip

log = logging.getLogger(__name__)

OTHERS = 20  # maps of other classes that are tried by default: with thousands, trying all would be most of the work


def measure(
    network: nn.Module,
    images: Any,
    labels: npt.ArrayLike | Tensor,
    masks: BoolArray,
    *,
    mean: npt.ArrayLike | None = None,
    std: npt.ArrayLike | None = None,
    controls: int = 10,
    others: int | None = OTHERS,
    negatives: int | None = None,
    seed: int = 0,
    false_positives: bool = True,
    batch_size: int | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """TPR and FPR of every class, unfiltered, filtered by its map and by the controls.

    Parameters
    ----------
    images : [n, channels, H, W], a tensor, an array, an open HDF5 dataset or the like (`sources.Source`), read batch by
        batch, so that memory does not grow with n. float32 and float64 are as the network sees them, uint8 is
        normalised with `mean` and `std`, which it needs
    labels : [n], 0 to classes - 1
    masks : bool [class, H, W], the map of every class
    controls : draws of each random kind
    others : of how many other classes the maps are tried as controls, drawn for each class; None for all
    negatives : images of other classes that FPR is measured on, drawn for each class, as evenly over the other
        classes as their images allow; None for all. Unfiltered images are judged by the same ones
    seed : of all draws; that of others and negatives does not change what the random controls are
    false_positives : without it only a class's own images are filtered, and FPR is missing
    batch_size : images in one forward pass; by default 512, or fewer where they are large

    Returns a tidy table, one row a class, filter and draw, with the columns `class`, `filter`
    (unfiltered, dfm, random, radial, other), `draw` (number of the draw, or the other class),
    `positions` (kept), `overlap` (intersection over union with the class's map), `images` (of the
    class), `negatives` (images that FPR was measured on), `tpr`, `tpr_low`, `tpr_high`, `fpr`, `fpr_low`,
    `fpr_high`; the bounds are bootstrap intervals over images. Raises ValueError where a class has no image
    or the sizes do not match.
    """
    labels = np.asarray(labels)
    check_classes(labels, range(len(masks)), n_images=images.shape[0])
    if controls < 1:
        raise ValueError(f"controls {controls}: expected at least 1 draw")
    for name, limit in (("others", others), ("negatives", negatives)):
        if limit is not None and limit < 1:
            raise ValueError(f"{name} {limit}: expected at least 1, or None for all")
    rows = []
    source = seen_by(network, images, mean, std)
    batch = batch_size or source.batch_size()
    with evaluating(network), torch.inference_mode(), Asked(network, len(masks)) as ask:
        everything = np.arange(len(labels))
        unfiltered = np.concatenate([ask(source.take(some)).cpu().numpy() for some in pieces(everything, batch)])
        confusion(labels, unfiltered, len(masks))  # fails early where the network has other classes than the masks
        own = np.bincount(labels)
        tried = 1 + 2 * controls + min(len(masks) - 1, others or len(masks))
        used = np.minimum(len(labels) - own, negatives or len(labels)) if false_positives else 0
        with tqdm(
            total=tried * int((own + used).sum()),
            desc="filtering",
            unit="image",
            unit_scale=True,
            leave=False,
            disable=None if progress else True,
        ) as bar:
            for c, mask in enumerate(masks):
                looked_at = np.flatnonzero(labels == c)
                if false_positives:
                    looked_at = np.sort(np.r_[looked_at, negatives_of(labels, c, negatives, seed)])
                truth = labels[looked_at] == c
                called = unfiltered[looked_at] == c
                rows.append(_row(c, "unfiltered", 0, mask.size, np.nan, called, truth, false_positives))
                filters = [
                    (name, draw, chosen, half_plane(chosen, *images.shape[-2:]).to(source.device))
                    for name, draw, chosen in _filters(masks, c, controls, others, seed)
                ]
                # Nothing waits for the device until the class is done.
                hits = torch.empty(len(filters), len(looked_at), dtype=torch.bool, device=source.device)
                for some, part in zip(pieces(looked_at, batch), hits.split(batch, dim=1), strict=True):
                    spectra = Kept(source.take(some))
                    for (*_, half), hit in zip(filters, part, strict=True):
                        hit.copy_(ask(spectra.keep(half)) == c)
                        bar.update(len(some))
                for (name, draw, chosen, _), called in zip(filters, hits.cpu().numpy(), strict=True):
                    overlap = (chosen & mask).sum() / (chosen | mask).sum()
                    rows.append(_row(c, name, draw, int(chosen.sum()), overlap, called, truth, false_positives))
                log.info("class %d of %d: %d masks on %d images", c + 1, len(masks), len(filters), len(looked_at))
    return pd.DataFrame(rows)


def _filters(
    masks: BoolArray, c: int, controls: int, others: int | None, seed: int
) -> Iterator[tuple[str, int, BoolArray]]:
    yield "dfm", 0, masks[c]
    for kind in ("random", "radial"):
        for draw in range(controls):
            yield kind, draw, control_mask(masks[c], kind, seed=[seed, c, draw])
    for other in others_of(len(masks), c, others, seed):
        yield "other", int(other), masks[other]


def others_of(n_classes: int, c: int, limit: int | None, seed: int) -> IntArray:
    """The classes whose maps are controls of class c, in order: all others, or `limit` of them, drawn at random."""
    others = np.delete(np.arange(n_classes), c)
    if limit is None or len(others) <= limit:
        return others
    # Zeros at the end do not count in a seed: [seed, c, draw] is that of a control.
    return np.sort(np.random.default_rng([seed, c, 0, 1]).choice(others, limit, replace=False))


def negatives_of(labels: IntArray, c: int, limit: int | None, seed: int) -> IntArray:
    """Positions, in order, of the images that FPR of class c is measured on: all of other classes, or `limit` of them.

    They are dealt in rounds: each other class gives an image, drawn at random, before any gives another, and the
    classes that give one in the last round are drawn as well.
    """
    others = np.flatnonzero(labels != c)
    if limit is None or len(others) <= limit:
        return others
    generator = np.random.default_rng([seed, c, 0, 2])
    shuffled = generator.permutation(others)
    shuffled = shuffled[np.argsort(labels[shuffled], kind="stable")]
    _, first, size = np.unique(labels[shuffled], return_index=True, return_counts=True)
    turn = np.arange(len(shuffled)) - np.repeat(first, size)
    place = np.repeat(generator.permutation(len(size)), size)
    return np.sort(shuffled[np.lexsort((place, turn))[:limit]])


def _row(
    c: int,
    name: str,
    draw: int,
    positions: int,
    overlap: float,
    called: npt.NDArray[np.bool_],
    truth: npt.NDArray[np.bool_],
    false_positives: bool,
) -> dict[str, float | int | str]:
    row: dict[str, float | int | str] = {
        "class": c,
        "filter": name,
        "draw": draw,
        "positions": positions,
        "overlap": overlap,
        "images": int(truth.sum()),
        "negatives": int((~truth).sum()),
    }
    row.update(zip(("tpr", "tpr_low", "tpr_high"), share(called[truth]), strict=True))
    others = share(called[~truth]) if false_positives else (np.nan,) * 3
    row.update(zip(("fpr", "fpr_low", "fpr_high"), others, strict=True))
    return row


def band_stop(
    network: nn.Module,
    images: Any,
    labels: npt.ArrayLike | Tensor,
    bands: BoolArray,
    n_classes: int,
    *,
    mean: npt.ArrayLike | None = None,
    std: npt.ArrayLike | None = None,
    batch_size: int | None = None,
) -> pd.DataFrame:
    """Change of the confusion matrix when two of the bands are removed.

    bands: bool [band, H, W]; images, mean, std, batch_size: see `measure`. Returns a tidy table, one row a pair of
    bands, true class and called class: `removed` (such as B1+B2), `true_class`, `called_class`, `original` and
    `filtered` (counts) and `delta_percent` = 100 * (filtered - original) / images of the true class.
    """
    labels = np.asarray(labels)
    check_classes(labels, range(n_classes), n_images=images.shape[0])
    source = seen_by(network, images, mean, std)
    removed = list(combinations(range(len(bands)), 2))
    halves = [half_plane(~(bands[a] | bands[b]), *images.shape[-2:]).to(source.device) for a, b in removed]
    counts = np.zeros((1 + len(removed), n_classes, n_classes), np.int64)
    with evaluating(network), torch.inference_mode(), Asked(network, n_classes) as ask:
        for some in pieces(np.arange(len(labels)), batch_size or source.batch_size()):
            seen = source.take(some)
            counts[0] += confusion(labels[some], ask(seen).cpu(), n_classes)
            spectra = Kept(seen)
            for count, half in zip(counts[1:], halves, strict=True):
                count += confusion(labels[some], ask(spectra.keep(half)).cpu(), n_classes)
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
