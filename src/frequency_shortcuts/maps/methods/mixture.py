"""Gradients over random mixtures: how the log-odds of a class change with every pair of a mask, over many masks.

A mixture has the coefficients of an image of the class where a random mask is 1, and those of a fill where it is 0. One
backward pass through the network gives the derivative of the class's log-odds with respect to all entries of the mask,
so the cost does not grow with the number of pairs. With entries 0 or 1, and a function that is linear in each entry,
the mean derivative is the Banzhaf value of the pair.

The score says how far the mean derivative of a pair stands out from those of the other pairs:

    (mean - median) / sqrt(e^2 + (2 E)^2 + s^2)

with the standard error e of the mean, as if all mixtures were independent, the median E of these errors and the median
m of the means over the pairs, and s = 1.4826 * median |mean - m|. Each kind of mixture sees other cues, so the score of
a pair is the largest over the kinds.
"""

import functools
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from frequency_shortcuts.images.source import index_batches
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray
from frequency_shortcuts.spectrum.fills import FILLS, named
from frequency_shortcuts.spectrum.filters import hide
from frequency_shortcuts.spectrum.pairs import ConjugatePairs, cells

from .gradients import input_gradient, share_of_pairs
from .workspace import Workspace

ENTRIES = ("binary", "beta")
WITH_NEUTRAL = "binary-swap"
WITHOUT_NEUTRAL = "binary-swap+beta-zeros"
STORED = 1024  # mixtures in a block, which is stored when it is finished
DEFAULT_CELLS = 32  # cells along the longer side of the spectrum
ERROR_FLOOR = 2.0  # of the standard errors, in units of their median


@dataclass(frozen=True)
class Settings:
    """samples : mixtures of each image; they come in twos, the second with the entries 1 - m
    mixtures : how the entries of a mask are drawn and what stands where they are 0: `binary` (0 or 1) or `beta` (in
        between), a hyphen, and `swap` (an image of another class, drawn for each sample, or of the neutral class if
        there is one) or `zeros`; several are joined by +, and take turns. `auto` is `binary-swap` with a neutral class,
        else `binary-swap+beta-zeros`
    shape : both parameters of the Beta distribution
    cell : side of the cells of frequencies that share an entry; None for 1/32 of the longer side of the images
    join : how the scores of several kinds of mixtures are joined: `max` or `mean`
    """

    samples: int = 16
    mixtures: str = "auto"
    shape: float = 3.0
    cell: int | None = None
    join: Literal["max", "mean"] = "max"

    def __post_init__(self) -> None:
        most_kinds = max(len(self.kinds(neutral)) for neutral in (True, False))
        least = 2 * most_kinds
        if self.samples < least:
            raise ValueError(
                f"samples {self.samples}: expected at least {least}, two of each kind of mixture"
            )

    def kinds(self, neutral: bool) -> list[tuple[str, str]]:
        """The kinds of mixtures on data with or without a neutral class: how entries are drawn, and the fill.

        Raises ValueError for an unknown kind.
        """
        text = self.mixtures
        if text == "auto":
            text = WITH_NEUTRAL if neutral else WITHOUT_NEUTRAL
        kinds = []
        for name in text.split("+"):
            entries, _, fill = name.partition("-")
            if entries not in ENTRIES or fill not in FILLS:
                raise ValueError(
                    f"unknown mixture {name!r}: expected auto, or {' or '.join(ENTRIES)}, a hyphen, and "
                    f"{' or '.join(FILLS)}, as in {WITHOUT_NEUTRAL}"
                )
            kinds.append((entries, fill))
        return kinds


def passes(settings: Settings, n_images: int, pairs: ConjugatePairs) -> int:
    """A forward and a backward pass, which counts two, of each mixture."""
    return 3 * settings.samples * n_images


def scores(workspace: Workspace, settings: Settings) -> FloatArray:
    """How far each pair stands out, joined over the kinds of mixtures, float64 [class, pairs].

    The pairs of a cell share a score. Raises ValueError for a class whose derivatives are all 0.
    """
    mixtures = _Mixtures(workspace, settings)
    labels = workspace.labels
    n_kinds = len(mixtures.kinds)
    sums = np.zeros((workspace.n_classes, n_kinds, 2, mixtures.n_cells))
    order = np.argsort(labels, kind="stable")
    for block in index_batches(order, max(1, STORED // settings.samples)):
        compute = functools.partial(mixtures.sums, block)
        key = f"mixtures of images {block[0]} to {block[-1]}"
        of_block = workspace.step(key, compute, 3 * settings.samples * len(block))
        sums[np.unique(labels[block])] += of_block
    totals = sums[:, :, 0]
    squares = sums[:, :, 1]
    is_idle = ~squares.any(axis=(1, 2))
    if is_idle.any():
        raise ValueError(
            f"all derivatives of class {np.argmax(is_idle)} are 0, since the output of the network does not "
            "change or its probabilities are saturated: give it without its softmax, or choose another method"
        )
    count = workspace.count[:, None] * np.bincount(mixtures.kind_of_sample)
    score = _standing_out(totals, squares, count[..., None].astype(float))
    join = np.max if settings.join == "max" else np.mean
    joined: FloatArray = join(score, axis=1)
    return joined[:, mixtures.cell]


def _cells(pairs: ConjugatePairs, side: int | None) -> IntArray:
    """The cell of every pair, int64 [pairs]; by default such that the number of cells hardly depends on the image."""
    if side is None:
        longer = max(pairs.height, pairs.width)
        side = max(1, round(longer / DEFAULT_CELLS))
    return cells(pairs, min(side, pairs.height), min(side, pairs.width))


def _standing_out(total: FloatArray, squares: FloatArray, count: FloatArray) -> FloatArray:
    """The score of every cell from the sums [..., cells] of the derivatives of `count` mixtures, and their squares."""
    mean = total / count
    variance = np.maximum(squares / count - mean**2, 0) / (count - 1)
    error = np.sqrt(variance)
    away = mean - np.median(mean, axis=-1, keepdims=True)
    floor = ERROR_FLOOR * np.median(error, axis=-1, keepdims=True)
    spread = 1.4826 * np.median(np.abs(away), axis=-1, keepdims=True)
    # Where all but a few derivatives are equal.
    least = 1e-9 * np.abs(away).max(axis=-1, keepdims=True)
    scale = np.sqrt(error**2 + floor**2 + spread**2 + least**2)
    return np.divide(away, scale, out=np.zeros_like(away), where=scale > 0)


class _Mixtures:
    """The mixtures of the images of a workspace.

    kinds : of mixtures, see `Settings.kinds`
    kind_of_sample : int64 [samples], the kinds take turns in twos
    cell : int64 [pairs], the cell of each pair; n_cells : their number; pairs_in_cell : int64 [cells]
    """

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings
        self.kinds = settings.kinds(workspace.neutral is not None)
        self.kind_of_sample: IntArray = np.arange(settings.samples) // 2 % len(self.kinds)
        self.cell = _cells(workspace.pairs, settings.cell)
        self.pairs_in_cell = np.bincount(self.cell)
        self.n_cells = len(self.pairs_in_cell)

    def _tensor(self, values: FloatArray | IntArray) -> Tensor:
        return torch.as_tensor(values, device=self._workspace.source.device)

    def draw(self, image: int) -> tuple[FloatArray, IntArray]:
        """The masks of one image, float [samples, cells], and the donor of each; -1 stands for zeros."""
        workspace = self._workspace
        settings = self._settings
        generator = np.random.default_rng([workspace.seed, 5, image])
        masks = np.empty((settings.samples, self.n_cells))
        donors = np.full(settings.samples, -1)
        pool = np.empty(0, int)
        if any(named(fill).needs_donors for _, fill in self.kinds):
            pool = workspace.pool(workspace.labels[image])
        for sample, kind in enumerate(self.kind_of_sample):
            entries, fill = self.kinds[kind]
            if sample % 2:
                # The opposite mask: the mean of both varies less.
                masks[sample] = 1 - masks[sample - 1]
            elif entries == "binary":
                masks[sample] = generator.random(self.n_cells) < 0.5
            else:
                masks[sample] = generator.beta(settings.shape, settings.shape, self.n_cells)
            if named(fill).needs_donors:
                donors[sample] = generator.choice(pool)
        return masks, donors

    def sums(self, chosen: IntArray) -> FloatArray:
        """Sums of derivatives and of their squares over the mixtures of the chosen images.

        Returns float64 [classes of the images, kind, 2, cells]. Nothing that is drawn depends on the batch.
        """
        workspace = self._workspace
        drawn = [self.draw(image) for image in chosen]
        masks = np.concatenate([of_image for of_image, _ in drawn])
        donors = np.concatenate([of_image for _, of_image in drawn])
        samples = self._settings.samples
        images = np.repeat(chosen, samples)
        kind = np.tile(self.kind_of_sample, len(chosen))
        present, place = np.unique(workspace.labels[images], return_inverse=True)
        n_kinds = len(self.kinds)
        row = self._tensor(place * n_kinds + kind)
        n_rows = len(present) * n_kinds
        sums = row.new_zeros(2, n_rows, self.n_cells, dtype=torch.float64)
        for batch in index_batches(np.arange(len(images)), workspace.backward_batch):
            derivative = self._derivatives(
                images[batch],
                masks[batch],
                donors[batch],
            )
            both = torch.stack([derivative, derivative.square()])
            sums.index_add_(1, row[batch], both)
        by_class = sums.unflatten(1, (len(present), n_kinds))
        return by_class.permute(1, 2, 0, 3).cpu().numpy()

    def _derivatives(self, images: IntArray, masks: FloatArray, donors: IntArray) -> Tensor:
        """The derivative of the log-odds at each cell, the mean over its pairs: float64 [n, cells].

        images, donors : int64 [n]; masks : float64 [n, cells]
        """
        workspace = self._workspace
        source = workspace.source
        pairs = workspace.pairs
        # The samples of an image share one reading.
        read, sample = np.unique(images, return_inverse=True)
        spectrum = torch.fft.rfft2(source.take(read))[self._tensor(sample)]
        fill = torch.zeros_like(spectrum)
        has_donor = np.flatnonzero(donors >= 0)
        if len(has_donor):
            of_donors = torch.fft.rfft2(source.take(donors[has_donor]))
            fill[self._tensor(has_donor)] = of_donors
        cell = self._tensor(self.cell)
        half_plane = self._tensor(pairs.half_plane)
        entries = self._tensor(masks)[:, cell]
        kept = entries[:, None, half_plane].to(source.dtype)
        mixed = hide(spectrum, kept, fill, size=workspace.size)
        label = self._tensor(workspace.labels[images])
        objective = functools.partial(log_odds, label=label)
        gradient = input_gradient(workspace.forward, mixed, objective, "mixtures of images")
        # The image is linear in the mask: the derivative at a pair is the product of the two spectra there.
        along = torch.fft.rfft2(gradient).conj()
        slope = ((spectrum - fill) * along).real.sum(dim=1)
        row = self._tensor(pairs.half_row)
        column = self._tensor(pairs.half_column)
        at_pairs = slope[:, row, column]
        weighted = at_pairs.double() * share_of_pairs(pairs, source.device)
        at_cells = weighted.new_zeros(len(weighted), self.n_cells)
        at_cells.index_add_(1, cell, weighted)
        return at_cells * self._tensor(1 / self.pairs_in_cell)


def log_odds(logits: Tensor, label: Tensor) -> Tensor:
    """log p - log(1 - p) of the class of each image, [n], from logits [n, classes] and labels [n].

    >>> log_odds(torch.tensor([[1.0, -1.0]]), torch.tensor([0]))
    tensor([2.])
    """
    index = label[:, None]
    of_class = logits.gather(1, index)[:, 0]
    others = logits.scatter(1, index, -math.inf)
    return of_class - others.logsumexp(dim=1)
