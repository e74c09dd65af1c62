"""Culling: the rise of the loss of a class when one conjugate pair of frequencies, or a cell of pairs, is removed.

The increment of class c at a pair is a mean over the images of class c: the loss without the pair (in all channels)
minus the loss of the unfiltered image (Wang et al. 2023). The search `exact` evaluates every pair. `screened` evaluates
only as many pairs as it needs to find the best ones, and predicts the others (`screening`).

With the fill `swap` a pair is not removed: the coefficients of another image, its donor (`fills.donors`), replace those
of the image. This also finds pairs at which a class is recognised by a lack of energy.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from torch import nn

from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.maps.methods.engine import Limits
from frequency_shortcuts.maps.methods.gradients import noisy_copies
from frequency_shortcuts.maps.methods.method import Size
from frequency_shortcuts.maps.methods.workspace import Workspace, per_block
from frequency_shortcuts.networks.numerics import deterministic_on_cuda
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray
from frequency_shortcuts.spectrum.cells import cells
from frequency_shortcuts.spectrum.fills import named
from frequency_shortcuts.spectrum.masks import positions
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.journal import Work

from . import screening
from .evaluator import ClassEvaluator
from .features import FeatureCollector
from .result import METHODS, Culling, Method

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """The settings of a culling.

    search : `exact`, every pair, or `screened`
    fill : what replaces a pair. `zeros`: nothing, the pair is removed. `swap`: the coefficients of the image's donor
        (`fills.donors`, drawn with the seed from all images and fixed for all pairs), for `exact` only
    patch : side of the cells that are removed together, in cycles per image; 1 for single pairs. With cells of 14 x 14
        an image of 224 x 224 takes 128 passes instead of 25,090, and its maps have the resolution of the cells. It
        needs the search `exact`.
    percent, target_recall : `screened` looks for the best `percent` % of the spectrum, and for this share of them
    patience : `screened` searches until that set stays the same while this many pairs are evaluated further

    Raises ValueError for an unknown search or fill, and for numbers out of range.
    """

    search: Method = "exact"
    fill: str = "zeros"
    patch: int = 1
    percent: float = 5
    target_recall: float = 0.98
    patience: int = 20

    def __post_init__(self) -> None:
        if self.search not in METHODS:
            raise ValueError(f"unknown search {self.search!r} of a culling: choose from {', '.join(METHODS)}")
        if named(self.fill).needs_donors and self.search == "screened":
            raise ValueError(
                f"fill {self.fill} needs the search exact: screened predicts what the removal of a pair does, not an "
                "exchange"
            )
        if self.patch < 1 or (self.patch > 1 and self.search != "exact"):
            raise ValueError(f"patch {self.patch}, search {self.search}: expected 1, or more with the search exact")
        if not 0 < self.percent <= 100:
            raise ValueError(f"percent {self.percent}: expected above 0 and at most 100")
        if not 0 < self.target_recall <= 1:
            raise ValueError(f"target_recall {self.target_recall}: expected above 0 and at most 1")
        if self.patience < 0:
            raise ValueError(f"patience {self.patience}: expected at least 0 pairs")


def passes(settings: Settings, size: Size) -> int:
    """Every pair or cell is removed from every image; for `screened` this is the most that it can take.

    Screening also takes a forward pass, and a backward pass that counts two, of each image and its noisy copies.
    """
    if settings.patch > 1:
        return (1 + len(np.unique(cells(size.pairs, settings.patch, settings.patch)))) * size.n_images
    n_pairs = len(size.pairs)
    gradients = 3 * (1 + noisy_copies(n_pairs)) if settings.search == "screened" else 0
    return (n_pairs + gradients) * size.n_images


def scores(workspace: Workspace, settings: Settings) -> FloatArray:
    """Loss increments, float64 [class, pairs]. All pairs of a cell have the same."""
    return _cull(workspace, settings).increment


def cull(
    network: nn.Module,
    split: Split,
    method: Method = "screened",
    *,
    seed: int = 0,
    part: tuple[int, int] = (0, 1),
    work: Work | None = None,
    **settings: Any,
) -> Culling:
    """Loss increment of every class at every conjugate pair.

    Parameters
    ----------
    network : images [n, channels, H, W] -> logits [n, classes]; it is used in evaluation mode and not changed
    split : the images, read in batches. All donors with the fill `swap` are of its neutral class, if it has one; else
        of any class but the image's own
    method : the `search` of `Settings`
    seed : of the random draws of screening, and of the donors
    part : (i, n), compute only the i-th of n parts (counted from 0); `merge` joins them. `exact` is divided by classes
        and blocks of pairs, `screened` by classes
    work : where finished blocks are stored, of 8192 filtered images or gradients each, and what stops the culling
        before a forward pass. A state belongs to this culling if settings, images, weights and buffers are the same and
        the network gives the stored logits up to rounding. Parts of different versions are not merged
    settings : `fill`, `patch`, `percent`, `target_recall` and `patience` of `Settings`, and all of `engine.Limits`

    Raises ValueError for an unknown method or fill, parts of a culling by cells, an image without a donor or a loss
    that is not finite; RuntimeError if another process uses the state; `journal.Stopped` if it is stopped.

    >>> cull(network, split, "exact", fill="swap").increment.shape  # 4 classes, images of 32 x 32
    (4, 514)
    """
    limits = Limits(**{field.name: settings.pop(field.name) for field in fields(Limits) if field.name in settings})
    chosen = Settings(method, **settings)
    if not 0 <= part[0] < part[1]:
        raise ValueError(f"part {part[0]} of {part[1]}: expected 0 to {part[1] - 1}")
    if chosen.patch > 1 and part[1] > 1:
        raise ValueError(f"patch {chosen.patch}, {part[1]} parts: a culling by cells is not divided")
    work = work or Work()
    with Workspace(network, split, seed=seed, limits=limits, identity=chosen, work=work) as workspace:
        # Screening takes gradients, and the fastest algorithms for these add in any order.
        settled = nullcontext() if method == "exact" else deterministic_on_cuda(workspace.engine.frozen.device)
        workspace.expect(passes(chosen, Size(workspace.n_classes, len(workspace), workspace.pairs)), "culling")
        with settled:
            result = _cull(workspace, chosen, part)
        return replace(result, fingerprint=workspace.fingerprint if work.state or part[1] > 1 else "")


def _cull(workspace: Workspace, settings: Settings, part: tuple[int, int] = (0, 1)) -> Culling:
    """One part of a culling, without its fingerprint."""
    if settings.patch > 1:
        return _cull_cells(workspace, settings)
    pairs = workspace.pairs
    wanted = positions(pairs.height, pairs.width, settings.percent)
    result = _empty_result(workspace, settings)
    units = list(itertools.islice(work_units(settings.search, workspace.count, pairs), part[0], None, part[1]))
    if part[1] > 1:
        workspace.expect(sum(len(index) * int(workspace.count[c]) for c, index in units), "a part of a culling")
    log.info("%s, fill %s, %d pairs", settings.search, settings.fill, len(pairs))
    for c, units_of_class in itertools.groupby(units, key=lambda unit: unit[0]):
        evaluator = ClassEvaluator(workspace, c, settings.fill)
        result.baseline_loss[c] = evaluator.losses.mean()
        if settings.search == "exact":
            _evaluate_blocks(evaluator, (index for _, index in units_of_class), result)
        else:
            _screen(evaluator, settings, wanted, result)
        share = result.passes[c] / (len(pairs) * len(evaluator))
        log.info("class %d of %d: %.1f %% of all forward passes", c + 1, workspace.n_classes, 100 * share)
    return result


def _cull_cells(workspace: Workspace, settings: Settings) -> Culling:
    """A culling by cells, without its fingerprint."""
    cell = cells(workspace.pairs, settings.patch, settings.patch)
    kept = np.arange(cell.max() + 1)[:, None] != cell
    everything = np.ones((1, len(cell)), bool)
    loss = workspace.class_means(np.concatenate([everything, kept]), settings.fill, "cells").loss
    result = _empty_result(workspace, settings)
    return replace(
        result, increment=(loss[1:] - loss[0]).T[:, cell], evaluated=np.ones_like(result.evaluated),
        baseline_loss=loss[0], passes=len(kept) * workspace.count,
    )  # fmt: skip


def _empty_result(workspace: Workspace, settings: Settings) -> Culling:
    """A culling with empty arrays, which are filled class by class."""
    n_classes, n_pairs = workspace.n_classes, len(workspace.pairs)
    return Culling(
        increment=np.full((n_classes, n_pairs), np.nan),
        evaluated=np.zeros((n_classes, n_pairs), bool),
        baseline_loss=np.full(n_classes, np.nan),
        images_per_class=workspace.count,
        passes=np.zeros(n_classes, np.int64),
        expected_recall=np.ones(n_classes),
        left_out=np.zeros(n_classes, np.int64),
        audited=np.zeros(n_classes, np.int64),
        missed=np.zeros(n_classes, np.int64),
        audits=np.zeros(n_classes, np.int64),
        method=settings.search,
        percent=settings.percent,
        target_recall=settings.target_recall,
        precision=workspace.engine.frozen.precision,
        fingerprint="",
        fill=settings.fill,
        patch=settings.patch,
    )


def _evaluate_blocks(evaluator: ClassEvaluator, blocks: Iterable[IntArray], result: Culling) -> None:
    """Evaluate blocks of pairs on all images of a class, and store the increments in the result."""
    c, n_images = evaluator.label, len(evaluator)
    for index in blocks:
        result.increment[c, index] = evaluator.sums(index, 0, n_images) / n_images
        result.evaluated[c, index] = True
        result.passes[c] += len(index) * n_images


def _screen(evaluator: ClassEvaluator, settings: Settings, wanted: int, result: Culling) -> None:
    """Screen one class, and store its values in the result."""
    c, pairs = evaluator.label, evaluator.engine.pairs
    screened = screening.screen(
        FeatureCollector(evaluator).collect(),
        evaluator.group_sums,
        pairs,
        wanted,
        target_recall=settings.target_recall,
        patience=settings.patience,
        seed=(evaluator.workspace.seed, c),
    )
    result.increment[c], result.evaluated[c] = screened.increment, screened.evaluated
    result.passes[c] = round(screened.cost * len(pairs) * len(evaluator))
    result.expected_recall[c] = screened.expected_recall
    result.left_out[c], result.audited[c], result.missed[c] = screened.left_out, screened.audited, screened.missed
    result.audits[c] = screened.audits


def work_units(search: Method, count: IntArray, pairs: ConjugatePairs) -> Iterator[tuple[int, IntArray]]:
    """The units that a culling can be divided into, (class, pairs), in order, the same on every machine.

    count : int64 [class], images of each class
    """
    everything = np.arange(len(pairs))
    for c, n in enumerate(count):
        step = len(pairs) if search == "screened" else per_block(n)
        for start in range(0, len(pairs), step):
            yield c, everything[start : start + step]
