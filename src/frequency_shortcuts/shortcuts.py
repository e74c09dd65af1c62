"""Shortcut tests: what a network still recognises when only a class's dominant frequencies are left.

TPR_c is the share of class c that is still called c, FPR_c the share of the other images that is. Both
are measured on unfiltered images, on images filtered by the class's map, and on controls of the same
size: masks drawn uniformly at random, masks drawn with the map's own radial distribution, and the maps
of the other classes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from scipy import stats
from torch import Tensor, nn
from tqdm import tqdm

from .evaluation import confusion, predict
from .images import check_classes
from .spectrum import BoolArray, ConjugatePairs, keep, remove, symmetric

log = logging.getLogger(__name__)

STRONG = 0.6  # a filtered TPR from here on is called strong (Wang et al. 2023)
CONTROLS = ("random", "radial", "other")


def measure(
    network: nn.Module,
    images: Tensor,
    labels: npt.ArrayLike | Tensor,
    masks: BoolArray,
    *,
    controls: int = 10,
    seed: int = 0,
    false_positives: bool = True,
    batch_size: int = 512,
    progress: bool = False,
) -> pd.DataFrame:
    """TPR and FPR of every class, unfiltered, filtered by its map and by the controls.

    Parameters
    ----------
    images : float [n, channels, H, W], as the network sees them
    labels : [n], 0 to classes - 1
    masks : bool [class, H, W], the map of every class
    controls : draws of each random kind
    false_positives : without it only a class's own images are filtered, and FPR is missing

    Returns a tidy table, one row a class, filter and draw, with the columns `class`, `filter`
    (unfiltered, dfm, random, radial, other), `draw` (number of the draw, or the other class),
    `positions` (kept), `overlap` (intersection over union with the class's map), `images` (of the
    class), `tpr`, `tpr_low`, `tpr_high`, `fpr`, `fpr_low`, `fpr_high`; the bounds are bootstrap
    intervals over images. Raises ValueError where a class has no image or the sizes do not match.
    """
    labels = np.asarray(labels)
    check_classes(labels, range(len(masks)), n_images=len(images))
    if controls < 1:
        raise ValueError(f"controls {controls}: expected at least 1 draw")
    rows = []
    unfiltered = predict(network, images, batch_size).numpy()
    confusion(labels, unfiltered, len(masks))  # fails early where the network has other classes than the masks
    whole = masks[0].size
    total = len(masks) * (1 + 2 * controls + len(masks) - 1)
    with tqdm(total=total, desc="filtering", unit="mask", leave=False, disable=None if progress else True) as bar:
        for c, mask in enumerate(masks):
            looked_at = np.arange(len(labels)) if false_positives else np.flatnonzero(labels == c)
            mine = images[torch.from_numpy(looked_at)]
            truth = labels[looked_at] == c
            called = unfiltered[looked_at] == c
            rows.append(_row(c, "unfiltered", 0, whole, np.nan, called, truth, false_positives))
            for name, draw, chosen in _filters(masks, c, controls, seed):
                called = predict(network, keep(mine, chosen), batch_size).numpy() == c
                overlap = (chosen & mask).sum() / (chosen | mask).sum()
                rows.append(_row(c, name, draw, int(chosen.sum()), overlap, called, truth, false_positives))
                bar.update()
            log.info("class %d of %d: %d masks tried", c + 1, len(masks), 2 * controls + len(masks))
    return pd.DataFrame(rows)


def _filters(masks: BoolArray, c: int, controls: int, seed: int) -> Iterator[tuple[str, int, BoolArray]]:
    yield "dfm", 0, masks[c]
    for kind in ("random", "radial"):
        for draw in range(controls):
            yield kind, draw, control_mask(masks[c], kind, seed=[seed, c, draw])
    for other, mask in enumerate(masks):
        if other != c:
            yield "other", other, mask


def control_mask(mask: BoolArray, kind: Literal["random", "radial"], seed: int | Sequence[int]) -> BoolArray:
    """A random mask with exactly as many positions as `mask`, bool [H, W], centred and symmetric.

    `random` draws the pairs uniformly; `radial` draws, within each ring of one cycle per image, as many
    pairs as the map has there. Both take as many pairs of one position (DC, Nyquist corners) as the map
    holds, which is what makes the sizes equal. Raises ValueError for a mask that is not symmetric.
    """
    if not symmetric(mask):
        raise ValueError("mask is not symmetric: (u, v) and (-u mod H, -v mod W) must both be in it or out of it")
    pairs = ConjugatePairs(*mask.shape)
    stratum = pairs.size.copy()
    if kind == "radial":
        stratum = stratum + 3 * np.rint(pairs.radius).astype(np.int64)
    elif kind != "random":
        raise ValueError(f"unknown control {kind!r}: choose from random, radial")
    inside = pairs.gather(mask)
    generator = np.random.default_rng(seed)
    drawn = np.zeros(len(pairs), bool)
    for s in np.unique(stratum[inside]):
        members = np.flatnonzero(stratum == s)
        drawn[generator.choice(members, inside[members].sum(), replace=False)] = True
    return pairs.scatter(drawn)


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
    }
    row.update(zip(("tpr", "tpr_low", "tpr_high"), share(called[truth]), strict=True))
    others = share(called[~truth]) if false_positives else (np.nan,) * 3
    row.update(zip(("fpr", "fpr_low", "fpr_high"), others, strict=True))
    return row


def share(hits: npt.NDArray[np.bool_], confidence: float = 0.95) -> tuple[float, float, float]:
    """Share of true values with its percentile bootstrap interval: (share, low, high).

    Resampling n true-or-false values with replacement gives a binomial count, so the interval is read
    from the quantiles of that distribution: the bootstrap with infinitely many resamples. At a share of
    0 or 1 a bootstrap has no width. All are missing (NaN) where there is no value.
    """
    if len(hits) == 0:
        return np.nan, np.nan, np.nan
    p = float(np.mean(hits))
    tail = (1 - confidence) / 2
    low, high = stats.binom.ppf([tail, 1 - tail], len(hits), p) / len(hits)
    return p, float(low), float(high)


def verdicts(table: pd.DataFrame, strong: float = STRONG) -> pd.DataFrame:
    """One row a class, from a table of `measure`: is there a shortcut?

    A map stands *clearly above its controls* where the lower end of its TPR's 95 % Wilson interval is above
    the mean TPR of each kind of control; the bootstrap's interval has no width at a TPR of 1 and would
    be too sure of few images. The verdict is `strong` where it does and its TPR is at least `strong`,
    `weak` where it does and its TPR is lower, and `none` where it does not. FPR does not enter, but is
    given beside. `overlap_radial` says how much of the map its radial controls hold: near 1 they cannot
    tell.
    """
    per_filter = table.pivot_table(["tpr", "fpr", "overlap"], "class", "filter", "mean", dropna=False)
    own = table[table["filter"] == "dfm"].set_index("class")
    out = pd.DataFrame(
        {
            "images": own["images"],
            "tpr_unfiltered": per_filter["tpr", "unfiltered"],
            "fpr_unfiltered": per_filter["fpr", "unfiltered"],
            "tpr_dfm": own["tpr"],
            "tpr_dfm_low": own["tpr_low"],
            "tpr_dfm_high": own["tpr_high"],
            "fpr_dfm": own["fpr"],
        }
    )
    kinds = [kind for kind in CONTROLS if ("tpr", kind) in per_filter]
    for kind in kinds:
        out[f"tpr_{kind}"] = per_filter["tpr", kind]
        out[f"fpr_{kind}"] = per_filter["fpr", kind]
    out["overlap_radial"] = per_filter["overlap", "radial"]
    hits = (out["tpr_dfm"] * out["images"]).round().astype(int)
    lowest = [
        stats.binomtest(k, n).proportion_ci(method="wilson").low for k, n in zip(hits, out["images"], strict=True)
    ]
    clear = lowest > out[[f"tpr_{kind}" for kind in kinds]].max(axis=1)
    out["verdict"] = np.where(~clear, "none", np.where(out["tpr_dfm"] >= strong, "strong", "weak"))
    return out.reset_index()


def over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """Mean and spread over seeds of the rates in a table of `verdicts`, one row a network and class.

    table: verdicts of several runs with the columns `dataset`, `network`, `augmentation` and `seed`. Every
    rate x becomes x_mean and x_sd (sample standard deviation; missing for a single seed); `seeds` is
    how many there were, `strong_seeds` in how many the shortcut is strong.
    """
    groups = table.groupby(["dataset", "network", "augmentation", "class"], sort=False)
    rates = [name for name in table if name.startswith(("tpr_", "fpr_")) and not name.endswith(("_low", "_high"))]
    spread = groups[rates].agg(["mean", "std"])
    spread.columns = [f"{rate}_{'mean' if kind == 'mean' else 'sd'}" for rate, kind in spread.columns]
    spread.insert(0, "seeds", groups["seed"].nunique())
    spread.insert(1, "strong_seeds", groups["verdict"].agg(lambda verdict: int((verdict == "strong").sum())))
    return spread.reset_index()


def band_stop(
    network: nn.Module, images: Tensor, labels: npt.ArrayLike | Tensor, bands: BoolArray, n_classes: int
) -> pd.DataFrame:
    """Change of the confusion matrix when two of the bands are removed.

    bands: bool [band, H, W]. Returns a tidy table, one row a pair of bands, true class and called class:
    `removed` (such as B1+B2), `true_class`, `called_class`, `original` and `filtered` (counts) and
    `delta_percent` = 100 * (filtered - original) / images of the true class.
    """
    labels = np.asarray(labels)
    check_classes(labels, range(n_classes), n_images=len(images))
    original = confusion(labels, predict(network, images), n_classes)
    size = original.sum(axis=1)
    rows = []
    for a, b in combinations(range(len(bands)), 2):
        filtered = confusion(labels, predict(network, remove(images, bands[a] | bands[b])), n_classes)
        for i, j in np.ndindex(n_classes, n_classes):
            rows.append(
                {
                    "removed": f"B{a + 1}+B{b + 1}",
                    "true_class": i,
                    "called_class": j,
                    "original": original[i, j],
                    "filtered": filtered[i, j],
                    "delta_percent": 100 * (filtered[i, j] - original[i, j]) / size[i],
                }
            )
    return pd.DataFrame(rows)
