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

import numpy as np
import torch
from torch import Tensor

from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray
from frequency_shortcuts.spectrum.fills import FILLS, named
from frequency_shortcuts.spectrum.filters import hide
from frequency_shortcuts.spectrum.pairs import ConjugatePairs, cells

from .gradients import input_gradient
from .workspace import Workspace

ENTRIES = ("binary", "beta")
WITH_NEUTRAL, WITHOUT_NEUTRAL = "binary-swap", "binary-swap+beta-zeros"
JOINS = ("max", "mean")
STORED = 1024  # mixtures in a block, which is stored when it is finished
CELLS = 32  # cells along the longer side of the spectrum, by default
FLOOR = 2.0  # of the standard errors, in units of their median


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
    join: str = "max"

    def __post_init__(self) -> None:
        if self.join not in JOINS:
            raise ValueError(f"unknown join {self.join!r}: choose from {', '.join(JOINS)}")
        if not 0 < self.shape < math.inf or (self.cell is not None and self.cell < 1):
            raise ValueError(
                f"shape {self.shape}, cell {self.cell}: expected above 0, and at least 1 or None"
            )
        least = max(2 * len(self.kinds(neutral)) for neutral in (True, False))
        if self.samples < least:
            raise ValueError(
                f"samples {self.samples}: expected at least {least}, two of each kind of mixture"
            )

    def kinds(self, neutral: bool) -> list[tuple[str, str]]:
        """The kinds of mixtures on data with or without a neutral class: how entries are drawn, and the fill.

        Raises ValueError for an unknown kind.
        """
        text = (
            (WITH_NEUTRAL if neutral else WITHOUT_NEUTRAL)
            if self.mixtures == "auto"
            else self.mixtures
        )
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

    The pairs of a cell share a score.
    """
    cell = _cells(workspace.pairs, settings.cell)
    kinds = settings.kinds(workspace.neutral is not None)
    sums = np.zeros((workspace.n_classes, len(kinds), 2, int(cell.max()) + 1))
    order = np.argsort(workspace.labels, kind="stable")
    step = max(1, STORED // settings.samples)
    for start in range(0, len(order), step):
        chosen = order[start : start + step]
        compute = functools.partial(_block, workspace, settings, chosen, cell)
        block = workspace.step(
            f"mixtures of images {start} on", compute, 3 * settings.samples * len(chosen)
        )
        sums[np.unique(workspace.labels[chosen])] += block
    if (idle := ~sums[:, :, 1].any(axis=(1, 2))).any():
        raise ValueError(
            f"all derivatives of class {int(np.flatnonzero(idle)[0])} are 0, since the output of the network does not "
            "change or its probabilities are saturated: give it without its softmax, or choose another method"
        )
    count = workspace.count[:, None] * np.bincount(_kind_of(settings.samples, len(kinds)))
    score = _standing_out(sums[:, :, 0], sums[:, :, 1], count[..., None].astype(float))
    joined: FloatArray = score.max(axis=1) if settings.join == "max" else score.mean(axis=1)
    return joined[:, cell]


def _cells(pairs: ConjugatePairs, side: int | None) -> IntArray:
    """The cell of every pair, int64 [pairs]; by default such that the number of cells hardly depends on the image."""
    side = side or max(1, round(max(pairs.height, pairs.width) / CELLS))
    return cells(pairs, min(side, pairs.height), min(side, pairs.width))


def _kind_of(samples: int, kinds: int) -> IntArray:
    """The kind of each sample, int64 [samples]: they take turns in twos."""
    return np.arange(samples) // 2 % kinds


def _standing_out(total: FloatArray, squares: FloatArray, count: FloatArray) -> FloatArray:
    """The score of every cell from the sums [..., cells] of the derivatives of `count` mixtures, and their squares."""
    mean = total / count
    error = np.sqrt(np.maximum(squares / count - mean**2, 0) / (count - 1))
    middle, floor = (np.median(values, axis=-1, keepdims=True) for values in (mean, error))
    away = mean - middle
    spread = 1.4826 * np.median(np.abs(away), axis=-1, keepdims=True)
    # Where all but a few derivatives are equal.
    least = 1e-9 * np.abs(away).max(axis=-1, keepdims=True)
    scale = np.sqrt(error**2 + (FLOOR * floor) ** 2 + spread**2 + least**2)
    return np.divide(away, scale, out=np.zeros_like(away), where=scale > 0)


def _block(
    workspace: Workspace, settings: Settings, chosen: IntArray, cell: IntArray
) -> FloatArray:
    """Sums over the mixtures of the chosen images, [their classes, kind, 2, cells]: of derivatives, of their squares.

    Nothing that is drawn depends on the batch. The derivative of a cell is the mean over its pairs.
    """
    source, pairs, device = workspace.source, workspace.pairs, workspace.source.device
    kinds = settings.kinds(workspace.neutral is not None)
    present, place = np.unique(workspace.labels[chosen], return_inverse=True)
    n_pairs = np.bincount(cell)
    drawn = [_draw(workspace, settings, int(i), len(n_pairs)) for i in chosen]
    masks = np.concatenate([masks for masks, _ in drawn])
    donors = np.concatenate([donors for _, donors in drawn])
    images = np.repeat(chosen, settings.samples)
    kind = np.tile(_kind_of(settings.samples, len(kinds)), len(chosen))
    row = torch.as_tensor(np.repeat(place, settings.samples) * len(kinds) + kind, device=device)
    of_pairs = (
        pairs.size / (pairs.height * pairs.width),
        pairs.half_plane,
        pairs.half_row,
        pairs.half_column,
    )
    index, share, weight, half_plane, half_row, half_column = (
        torch.as_tensor(values, device=device) for values in (cell, 1 / n_pairs, *of_pairs)
    )
    sums = torch.zeros(
        2, len(present) * len(kinds), len(n_pairs), dtype=torch.float64, device=device
    )
    for start in range(0, len(images), workspace.backward_batch):
        part = slice(start, start + workspace.backward_batch)
        label = torch.as_tensor(workspace.labels[images[part]], device=device)
        # The samples of an image share one reading.
        read, sample = np.unique(images[part], return_inverse=True)
        own = torch.fft.rfft2(source.take(read))[torch.as_tensor(sample, device=device)]
        fill, swapped = torch.zeros_like(own), np.flatnonzero(donors[part] >= 0)
        if len(swapped):
            fill[torch.as_tensor(swapped, device=device)] = torch.fft.rfft2(
                source.take(donors[part][swapped])
            )
        mask = torch.as_tensor(masks[part], device=device)[:, index][:, None, half_plane].to(
            source.dtype
        )
        mixed = hide(own, mask, fill, size=(pairs.height, pairs.width))
        objective = functools.partial(log_odds, label=label)
        gradient = input_gradient(workspace.forward, mixed, objective, "mixtures of images")
        # The image is linear in the mask: the derivative at a pair is the product of the two spectra there.
        slope = ((own - fill) * torch.fft.rfft2(gradient).conj()).real.sum(dim=1)
        mean = torch.zeros(len(slope), len(n_pairs), dtype=torch.float64, device=device)
        mean = mean.index_add_(1, index, slope[:, half_row, half_column].double() * weight) * share
        sums.index_add_(1, row[part], torch.stack([mean, mean.square()]))
    return sums.unflatten(1, (len(present), len(kinds))).permute(1, 2, 0, 3).cpu().numpy()


def _draw(
    workspace: Workspace, settings: Settings, image: int, n_cells: int
) -> tuple[FloatArray, IntArray]:
    """The masks of one image, float [samples, cells], and the donor of each; -1 stands for zeros."""
    generator = np.random.default_rng([workspace.seed, 5, image])
    kinds, label = settings.kinds(workspace.neutral is not None), workspace.labels[image]
    masks, donors = np.empty((settings.samples, n_cells)), np.full(settings.samples, -1)
    pool = (
        workspace.pool(label)
        if any(named(fill).needs_donors for _, fill in kinds)
        else np.empty(0, int)
    )
    for sample, kind in enumerate(_kind_of(settings.samples, len(kinds))):
        entries, fill = kinds[kind]
        if sample % 2:
            masks[sample] = 1 - masks[sample - 1]  # the opposite mask: the mean of both varies less
        elif entries == "binary":
            masks[sample] = generator.random(n_cells) < 0.5
        else:
            masks[sample] = generator.beta(settings.shape, settings.shape, n_cells)
        if named(fill).needs_donors:
            donors[sample] = generator.choice(pool)
    return masks, donors


def log_odds(logits: Tensor, label: Tensor) -> Tensor:
    """log p - log(1 - p) of the class of each image, [n], from logits [n, classes] and labels [n].

    >>> log_odds(torch.tensor([[1.0, -1.0]]), torch.tensor([0]))
    tensor([2.])
    """
    own = label[:, None]
    return logits.gather(1, own)[:, 0] - logits.scatter(1, own, -math.inf).logsumexp(dim=1)
