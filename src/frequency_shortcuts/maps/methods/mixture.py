"""Gradients over random mixtures: how the log-odds of a class change with every pair of a mask, averaged over masks.

A mixture has the coefficients of an image of the class where a random mask is 1, and those of a fill where it is 0. One
backward pass through the network gives the derivative of the class's log-odds with respect to all entries of the mask,
so the cost does not grow with the number of pairs. The score of a pair is the mean derivative. With entries 0 or 1 and
a function that is linear in each entry, it is the Banzhaf value of the pair.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from frequency_shortcuts.networks.numerics import tf32
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray
from frequency_shortcuts.spectrum.cells import cells
from frequency_shortcuts.spectrum.filters import hide
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

from .method import Size
from .workspace import METHOD_FILLS, MethodFill, Workspace

Entries = Literal["binary", "beta", "both"]
Join = Literal["max", "mean"]
ENTRIES: tuple[Entries, ...] = ("binary", "beta", "both")
JOINS: tuple[Join, ...] = ("max", "mean")
FILLS: tuple[MethodFill | Literal["both"], ...] = (*METHOD_FILLS, "both")
STORED = 1024  # mixtures in a block, which is stored when it is finished
CELLS = 32  # cells along the longer side of the spectrum, by default


@dataclass(frozen=True)
class Settings:
    """samples : mixtures of each image
    entries : how the entries of a mask are drawn: `binary` (0 or 1), `beta` (in between), or half of the samples each
    share : probability of a binary entry to be 1; None for one that is drawn uniformly for each sample
    shape : both parameters of the Beta distribution
    fill : what stands where a mask is 0: `swap`, an image of another class, drawn anew for each sample, or of the
        neutral class if there is one; `zeros`; or half of the samples each
    cell : side of the cells of frequencies that share an entry; None for 1/32 of the longer side of the images
    join : how the scores of different entries and fills are joined, each over its root mean square: their `max` or
        their `mean`
    """

    samples: int = 16
    entries: Entries = "both"
    share: float | None = 0.5
    shape: float = 3.0
    fill: Literal["zeros", "swap", "both"] = "swap"
    cell: int | None = None
    join: Join = "max"

    def __post_init__(self) -> None:
        for name, value, known in (
            ("entries", self.entries, ENTRIES), ("fill", self.fill, FILLS), ("join", self.join, JOINS),
        ):  # fmt: skip
            if value not in known:
                raise ValueError(f"unknown {name} {value!r}: choose from {', '.join(known)}")
        if self.share is not None and not 0 < self.share < 1:
            raise ValueError(f"share {self.share}: expected above 0 and below 1, or None")
        if not 0 < self.shape < math.inf or (self.cell is not None and self.cell < 1):
            raise ValueError(f"shape {self.shape}, cell {self.cell}: expected above 0, and at least 1 or None")
        if self.samples < len(self.kinds):
            raise ValueError(
                f"samples {self.samples}: expected at least {len(self.kinds)}, one of each kind of mixture"
            )

    @property
    def kinds(self) -> list[tuple[str, MethodFill]]:
        """The kinds of mixtures, which take turns: how entries are drawn, and the fill."""
        entries = ENTRIES[:2] if self.entries == "both" else [self.entries]
        fills = METHOD_FILLS if self.fill == "both" else [self.fill]
        return list(product(entries, fills))


def passes(settings: Settings, size: Size) -> int:
    """A forward and a backward pass, which counts two, of each mixture."""
    return 3 * settings.samples * size.n_images


def scores(workspace: Workspace, settings: Settings) -> FloatArray:
    """The joined mean derivatives, float64 [class, pairs]; the pairs of a cell share a score."""
    cell = _cells(workspace.pairs, settings.cell)
    pairs = np.bincount(cell)
    sums = np.zeros((workspace.n_classes, len(settings.kinds), len(pairs)))
    order = np.argsort(workspace.labels, kind="stable")
    step = max(1, STORED // settings.samples)
    for start in range(0, len(order), step):
        chosen = order[start : start + step]
        compute = functools.partial(_block, workspace, settings, chosen, cell)
        found = workspace.step(f"mixtures of images {start} on", compute, 3 * settings.samples * len(chosen))
        sums[np.unique(workspace.labels[chosen])] += found
    return _joined(sums / pairs, settings.join)[:, cell]


def _cells(pairs: ConjugatePairs, side: int | None) -> IntArray:
    """The cell of every pair, int64 [pairs]; by default such that the number of cells hardly depends on the image."""
    side = side or max(1, round(max(pairs.height, pairs.width) / CELLS))
    return cells(pairs, min(side, pairs.height), min(side, pairs.width))


def _joined(scores: FloatArray, join: Join) -> FloatArray:
    """One score [class, cells] from those of every kind of mixture [class, kind, cells]."""
    scale = np.sqrt(np.square(scores).mean(axis=2, keepdims=True))
    relative = np.divide(scores, scale, out=np.zeros_like(scores), where=scale > 0)
    joined: FloatArray = relative.max(axis=1) if join == "max" else relative.mean(axis=1)
    return joined


def _block(workspace: Workspace, settings: Settings, chosen: IntArray, cell: IntArray) -> FloatArray:
    """Sums of the derivatives over the mixtures of the chosen images, [their classes, kind, cells].

    A mask and a donor depend on the image and the sample alone, not on the batch.
    """
    device, kinds = workspace.engine.source.device, settings.kinds
    present, place = np.unique(workspace.labels[chosen], return_inverse=True)
    drawn = [_draw(workspace, settings, int(i), int(cell.max()) + 1) for i in chosen]
    masks = np.concatenate([masks for masks, _ in drawn])
    donors = np.concatenate([donors for _, donors in drawn])
    images = np.repeat(chosen, settings.samples)
    kind = np.tile(np.arange(settings.samples) % len(kinds), len(chosen))
    row = torch.as_tensor(np.repeat(place, settings.samples) * len(kinds) + kind, device=device)
    index = torch.as_tensor(cell, device=device)
    sums = torch.zeros(len(present) * len(kinds), masks.shape[1], dtype=torch.float64, device=device)
    size = min(workspace.engine.backward_batch, workspace.engine.batch)
    for start in range(0, len(images), size):
        part = slice(start, start + size)
        given = torch.as_tensor(masks[part], device=device)[:, index]
        found = _derivatives(workspace, images[part], donors[part], given)
        in_cells = torch.zeros(len(found), masks.shape[1], dtype=torch.float64, device=device)
        sums.index_add_(0, row[part], in_cells.index_add_(1, index, found))
    totals: FloatArray = sums.reshape(len(present), len(kinds), -1).cpu().numpy()
    return totals


def _draw(workspace: Workspace, settings: Settings, image: int, n_cells: int) -> tuple[FloatArray, IntArray]:
    """The masks of one image, float [samples, cells], and the donor of each; -1 stands for zeros."""
    generator = np.random.default_rng([workspace.seed, 5, image])
    masks, kinds = np.empty((settings.samples, n_cells)), settings.kinds
    label = workspace.labels[image]
    neutral = None if workspace.neutral == label else workspace.neutral
    pool = np.flatnonzero(workspace.labels != label if neutral is None else workspace.labels == neutral)
    donors = np.full(settings.samples, -1)
    for sample, mask in enumerate(masks):
        entries, fill = kinds[sample % len(kinds)]
        if entries == "binary":
            share = generator.random() if settings.share is None else settings.share
            mask[:] = generator.random(n_cells) < share
        else:
            mask[:] = generator.beta(settings.shape, settings.shape, n_cells)
        if fill == "swap":
            if not len(pool):
                of = "of another class" if neutral is None else f"of the neutral class {neutral}"
                raise ValueError(f"fill swap: an image of class {label} needs another image {of}, and there is none")
            donors[sample] = generator.choice(pool)
    return masks, donors


def _derivatives(workspace: Workspace, images: IntArray, donors: IntArray, masks: Tensor) -> Tensor:
    """Derivatives of the log-odds of the class of each image with respect to the entries of its mask, [k, pairs].

    images, donors : positions [k] of the images that are mixed, -1 for zeros; masks : [k, pairs]
    """
    engine, pairs = workspace.engine, workspace.pairs
    source, label = engine.source, torch.as_tensor(workspace.labels[images], device=engine.source.device)
    read, place = np.unique(images, return_inverse=True)  # the samples of an image share one reading
    own = torch.fft.rfft2(source.take(read))[torch.as_tensor(place, device=source.device)]
    fill, swapped = torch.zeros_like(own), np.flatnonzero(donors >= 0)
    if len(swapped):
        fill[torch.as_tensor(swapped, device=source.device)] = torch.fft.rfft2(source.take(donors[swapped]))
    half = masks.to(source.dtype)[:, None, torch.as_tensor(pairs.half_plane, device=source.device)]
    with torch.inference_mode(False), torch.enable_grad():
        seen = hide(own, half, fill, size=(pairs.height, pairs.width)).detach().clone().requires_grad_()
        logits = engine.frozen(seen.clone())  # a network may work in place
        if not logits.requires_grad:
            raise ValueError("the network gives no gradient, which mixtures need: choose another method, culling say")
        log_odds = logits.gather(1, label[:, None])[:, 0] - logits.scatter(1, label[:, None], -math.inf).logsumexp(1)
        if not log_odds.isfinite().all():
            raise ValueError("the network does not give finite logits for mixtures of images")
        with tf32(False, source.device):
            (gradient,) = torch.autograd.grad(log_odds.sum(), seen)
    # The image is linear in the mask: the derivative at a pair is the product of the two spectra there.
    slope = ((own - fill) * torch.fft.rfft2(gradient).conj()).real.sum(dim=1)
    row, column = (torch.as_tensor(where, device=source.device) for where in (pairs.half_row, pairs.half_column))
    weight = torch.as_tensor(pairs.size / (pairs.height * pairs.width), device=source.device)
    derivatives: Tensor = slope[:, row, column].double() * weight
    return derivatives
