"""Shortcut tests: what a network still recognises when only a class's dominant frequencies are kept, or are removed.

TPR_c is the share of class c that is still called c, FPR_c the share of the other images that is. Both are measured on
unfiltered images, on images filtered by the class's map, and on controls of the same size: masks drawn uniformly at
random, masks drawn with the map's own radial distribution, the lowest frequencies, and the maps of the other classes.
What stands at the frequencies that are not kept is the *fill* (see `fills`).
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn
from tqdm import tqdm

from frequency_shortcuts.data.source import Source, index_batches
from frequency_shortcuts.data.splits import Images, accepts_split, check_classes
from frequency_shortcuts.intervals import bootstrap
from frequency_shortcuts.networks.predictions import Predictor, confusion, evaluating, source_for
from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray
from frequency_shortcuts.spectrum.controls import control_mask, low_pass_mask
from frequency_shortcuts.spectrum.fills import FILLS, Fill, donors, noise
from frequency_shortcuts.spectrum.filters import MaskedSpectrum, half_plane
from frequency_shortcuts.spectrum.masks import overlap

from .verdicts import over_seeds, verdicts

# The test whole, for those who call it from Python: its controls and rates have modules that need no PyTorch.
__all__ = [
    "OTHERS", "band_stop", "control_mask", "measure", "negatives_of", "others_of", "over_seeds", "verdicts"
]  # fmt: skip

log = logging.getLogger(__name__)

Part = Literal["keep", "remove"]
PARTS: tuple[Part, ...] = ("keep", "remove")
OTHERS = 20  # maps of other classes that are tried by default: with thousands, trying all would be most of the work


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
        and float64 are as the network sees them, uint8 is normalised with `mean` and `std`, which it needs. A `Split`
        gives images, labels, mean, std and the neutral class at once: measure(network, split, masks)
    labels : [n], 0 to classes - 1
    masks : bool [class, H, W], the map of every class
    parts : `keep` keeps the map's frequencies alone (sufficiency), `remove` all but them (necessity)
    fills : what stands at the other frequencies, see `fills`. With `swap` each image has one donor for all masks, and
        FPR of a class leaves out the images whose donor is of that class: of two classes without a neutral one these
        are all, FPR is missing, and what is judged is TPR alone
    neutral : the class without a cue of its own, if the set has one. It gives the donors of `swap`, where it has no
        rows itself
    controls : draws of each random kind
    radial : draws of the kind `radial`, if not as many
    others : of how many other classes the maps are tried as controls, drawn for each class; None for all
    negatives : images of other classes that FPR is measured on, drawn for each class, as evenly over the other
        classes as their images allow; None for all. Unfiltered images are judged by the same ones
    seed, run : of all draws. Controls, donors and noise are drawn for each run, a name such as that of the network;
        others and negatives, which do not change what the controls are, by the seed alone
    false_positives : without it only a class's own images are filtered, and FPR is missing
    batch_size : images in one forward pass; by default 512, or fewer where they are large

    Returns a tidy table, one row a class, part, fill, filter and draw, with the columns `class`, `neutral` (whether it
    is the neutral class), `part`, `fill`, `filter` (unfiltered, dfm, random, radial, low_pass, other; of `remove`
    unfiltered, dfm and random), `draw` (number of the draw, or the other class), `positions` (of the mask), `overlap`
    (intersection over union with the class's map), `images` (of the class), `negatives` (images that FPR was measured
    on), `tpr`, `tpr_low`, `tpr_high`, `fpr`, `fpr_low`, `fpr_high`; the bounds are bootstrap intervals over images.

    >>> table = measure(network, images, labels, masks, fills=("zeros", "swap"), controls=20)
    >>> verdicts(table)[["class", "fill", "verdict"]]

    Raises ValueError where a class has no image, the sizes do not match, or a fill or part has another name.
    """
    labels = np.asarray(labels)
    check_classes(labels, range(len(masks)), n_images=images.shape[0])
    _check_names("part", parts, PARTS)
    _check_names("fill", fills, FILLS)
    for name, limit in (("controls", controls), ("radial", radial)):
        if limit is not None and limit < 1:
            raise ValueError(f"{name} {limit}: expected at least 1 draw")
    for name, limit in (("others", others), ("negatives", negatives)):
        if limit is not None and limit < 1:
            raise ValueError(f"{name} {limit}: expected at least 1, or None for all")
    if neutral is not None and not 0 <= neutral < len(masks):
        raise ValueError(f"neutral class {neutral}: expected 0 to {len(masks) - 1}, or None where there is none")
    draws: dict[Literal["random", "radial"], int] = {"random": controls, "radial": radial or controls}
    plan = _Plan(masks, images.shape[-2:], parts, draws, others, seed, run)
    looked_at = np.stack([labels != c for c in range(len(masks))])
    if not false_positives:
        looked_at[:] = False
    elif negatives is not None:
        for c, mine in enumerate(looked_at):
            mine[:] = False
            mine[negatives_of(labels, c, negatives, seed)] = True
    source = source_for(network, images, mean, std)
    batch = batch_size or source.batch_size()
    rows: list[dict[str, Any]] = []
    with evaluating(network), torch.inference_mode(), Predictor(network, len(masks)) as ask:
        everything = np.arange(len(labels))
        called = np.concatenate([ask(source.take(some)).cpu().numpy() for some in index_batches(everything, batch)])
        confusion(labels, called, len(masks))  # fails early where the network has other classes than the masks
        with tqdm(
            total=len(fills) * len(labels), desc="filtering", unit="image", leave=False,
            bar_format="{l_bar}{bar}| {n:.0f}/{total} [{elapsed}<{remaining}]", disable=None if progress else True,
        ) as bar:  # fmt: skip
            for fill in fills:
                donor, judged, classes = everything, looked_at, list(range(len(masks)))
                if fill == "swap":
                    donor = donors(labels, neutral=neutral, seed=seed_of(seed, run, "donors"))
                    # What holds most of an image of class c may be called c by right.
                    judged = looked_at & (labels[donor] != np.arange(len(masks))[:, None])
                    classes = [c for c in classes if c != neutral]
                background = _background(fill, source, donor, seed_of(seed, run, "noise"), batch)
                counts = _counts(ask, source, background, plan, labels, judged, batch, bar)
                for part, c in product(parts, classes):
                    about = {"class": c, "neutral": c == neutral, "part": part, "fill": fill}
                    sizes = int((labels == c).sum()), int(judged[c].sum())
                    unfiltered = [np.sum((called == c) & some) for some in (labels == c, judged[c])]
                    rows.append(about | _row("unfiltered", 0, masks[c].size, np.nan, unfiltered, sizes))
                    for one in plan.of_class[part][c]:
                        hits = counts[:, one.place, c]
                        rows.append(about | _row(one.name, one.draw, one.positions, one.overlap, hits, sizes))
                log.info("fill %s: %d masks on %d images", fill, len(plan.halves), len(labels))
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class _Filter:
    """A mask that a class is tried with: its kind, the number of its draw, and where it stands among all masks."""

    name: str
    draw: int
    positions: int
    overlap: float
    place: int


class _Plan:
    """All masks that are shown, each once, whatever classes it serves.

    halves : bool [mask, H, W // 2 + 1], what is kept of a real FFT
    serves : bool [mask, class]
    of_class : part -> class -> the filters of the class, in the order of the table
    """

    def __init__(
        self,
        masks: BoolArray,
        size: tuple[int, ...],
        parts: Sequence[Part],
        draws: Mapping[Literal["random", "radial"], int],
        others: int | None,
        seed: int,
        run: str,
    ) -> None:
        self._masks, self._draws, self._others, self._seed, self._run = masks, draws, others, seed, run
        self.of_class: dict[str, list[list[_Filter]]] = {}
        places: dict[bytes, int] = {}
        halves: list[Tensor] = []
        pairs: list[tuple[int, int]] = []
        for part in parts:
            self.of_class[part] = [[] for _ in masks]
            for c, mask in enumerate(masks):
                for name, draw, chosen in self._filters(c, part):
                    half = half_plane(chosen if part == "keep" else ~chosen, *size)
                    place = places.setdefault(half.numpy().tobytes(), len(halves))
                    if place == len(halves):
                        halves.append(half)
                    iou = float(overlap(chosen, mask))
                    self.of_class[part][c].append(_Filter(name, draw, int(chosen.sum()), iou, place))
                    pairs.append((place, c))
        self.halves = torch.stack(halves)
        self.serves = np.zeros((len(halves), len(masks)), bool)
        self.serves[tuple(np.transpose(pairs))] = True

    def _filters(self, c: int, part: Part) -> Iterator[tuple[str, int, BoolArray]]:
        mask = self._masks[c]
        yield "dfm", 0, mask
        for draw in range(self._draws["random"]):  # the same for all maps of one size
            yield "random", draw, self._drawn(mask, "random", int(mask.sum()), draw)
        if part == "remove":
            return
        for draw in range(self._draws["radial"]):
            yield "radial", draw, self._drawn(mask, "radial", c, draw)
        yield "low_pass", 0, low_pass_mask(mask)
        for other in others_of(len(self._masks), c, self._others, self._seed):
            yield "other", int(other), self._masks[other]

    def _drawn(self, mask: BoolArray, kind: Literal["random", "radial"], *which: int) -> BoolArray:
        return control_mask(mask, kind, [*seed_of(self._seed, self._run, kind), *which])


def seed_of(seed: int, run: str, kind: str) -> list[int]:
    """The seed of one kind of draw in one run, of which no two have the same."""
    return [seed, zlib.crc32(f"{run}:{kind}".encode())]


def _background(
    fill: Fill, source: Source, donor: IntArray, seed: list[int], batch: int
) -> Callable[[IntArray], Tensor]:
    """What stands at the frequencies that images lose: positions [k] -> complex [k or 1, channels, H, W // 2 + 1]."""
    if fill == "swap":
        return lambda some: torch.fft.rfft2(source.take(donor[some]))
    if fill == "noise":
        batches = (source.take(some) for some in index_batches(np.arange(len(source)), batch))
        fixed = noise(batches, seed)[None]
    else:
        fixed = torch.zeros(1, 1, 1, 1, dtype=torch.complex64, device=source.device).to(source.dtype.to_complex())
    return lambda some: fixed


def _counts(
    network: Predictor,
    source: Source,
    background: Callable[[IntArray], Tensor],
    plan: _Plan,
    labels: IntArray,
    judged: BoolArray,
    batch: int,
    bar: tqdm,
) -> IntArray:
    """How many images each mask makes the network assign to each class, int64 [2, mask, class].

    First of the class's own images, then of those in judged bool [class, n]. A mask is shown to the images that a class
    needs that it serves, and to no others.
    """
    height, width = source.images.shape[-2:]
    counts = np.zeros((2, *plan.serves.shape), np.int64)
    served = plan.serves.astype(np.float32)
    for some in index_batches(np.argsort(labels, kind="stable"), batch):
        needed = judged[:, some].astype(np.float32)
        needed[labels[some], np.arange(len(some))] = 1
        mask, image = np.nonzero(served @ needed)
        own, other = torch.fft.rfft2(source.take(some)), background(some)
        found = []
        for chosen in index_batches(np.arange(len(mask)), batch):
            half = plan.halves[torch.from_numpy(mask[chosen])].to(source.device)[:, None]
            here = torch.from_numpy(image[chosen]).to(source.device)
            filtered = torch.where(half, own[here], other[here] if len(other) > 1 else other)
            found.append(network(torch.fft.irfft2(filtered, s=(height, width))))
            bar.update(len(chosen) * len(some) / len(mask))
        called = torch.cat(found).cpu().numpy()  # nothing waits for the device before
        known = called < judged.shape[0]  # the network may have more outputs than there are classes
        mask, image, called = mask[known], image[known], called[known]
        matters = plan.serves[mask, called]
        np.add.at(counts[0], (mask, called), matters & (labels[some][image] == called))
        np.add.at(counts[1], (mask, called), matters & judged[called, some[image]])
    return counts


def _check_names(what: str, found: Sequence[str], allowed: Sequence[str]) -> None:
    for name in found:
        if name not in allowed:
            raise ValueError(f"unknown {what} {name!r}: choose from {', '.join(allowed)}")
    if not found:
        raise ValueError(f"no {what} to test: choose from {', '.join(allowed)}")


def others_of(n_classes: int, c: int, limit: int | None, seed: int) -> IntArray:
    """The classes whose maps are controls of class c, in order: all others, or `limit` of them, drawn at random."""
    others = np.delete(np.arange(n_classes), c)
    if limit is None or len(others) <= limit:
        return others
    # Zeros at the end do not count in a seed.
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
    name: str, draw: int, positions: int, overlap: float, hits: Iterable[int], sizes: tuple[int, int]
) -> dict[str, float | int | str]:
    """A row's columns from `filter` on; hits and sizes: of the class's own images and of the others."""
    row: dict[str, float | int | str] = {"filter": name, "draw": draw, "positions": positions, "overlap": overlap}
    row |= dict(zip(("images", "negatives"), sizes, strict=True))
    for rate, count, of in zip(("tpr", "fpr"), hits, sizes, strict=True):
        found = bootstrap(count, of).tolist() if of else (np.nan,) * 3
        row |= dict(zip((rate, f"{rate}_low", f"{rate}_high"), found, strict=True))
    return row


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

    bands: bool [band, H, W]; images, mean, std, batch_size: see `measure`. Returns a tidy table, one row a pair of
    bands, true class and called class: `removed` (such as B1+B2), `true_class`, `called_class`, `original` and
    `filtered` (counts) and `delta_percent` = 100 * (filtered - original) / images of the true class.
    """
    labels = np.asarray(labels)
    check_classes(labels, range(n_classes), n_images=images.shape[0])
    source = source_for(network, images, mean, std)
    removed = list(combinations(range(len(bands)), 2))
    halves = [half_plane(~(bands[a] | bands[b]), *images.shape[-2:]).to(source.device) for a, b in removed]
    counts = np.zeros((1 + len(removed), n_classes, n_classes), np.int64)
    with evaluating(network), torch.inference_mode(), Predictor(network, n_classes) as ask:
        for some in index_batches(np.arange(len(labels)), batch_size or source.batch_size()):
            seen = source.take(some)
            counts[0] += confusion(labels[some], ask(seen).cpu(), n_classes)
            spectra = MaskedSpectrum(seen)
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
