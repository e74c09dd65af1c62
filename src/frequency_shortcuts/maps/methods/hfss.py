"""Hierarchical search for frequency shortcuts (HFSS, Wang et al., CVPR 2025), from coarse to fine cells.

In each stage, random sets of cells are kept, and one pass of every image gives the loss of every class. The best sets
of each class are the parents of the next stage, where a candidate keeps only pairs that its parent keeps. Cells are
cells of conjugate pairs, so that maps are symmetric; the size of the map is a parameter; and everything is seeded. (The
published code mirrors cells about a point that lies half a cycle off, and leaves the size to chance.)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, IntArray
from frequency_shortcuts.spectrum.fills import named
from frequency_shortcuts.spectrum.masks import positions
from frequency_shortcuts.spectrum.pairs import ConjugatePairs, cells

from .workspace import Workspace

PUBLISHED_224 = [4, 8, 16, 28, 56, 112]  # cells per side in each stage of images of 224 x 224
BOTH = 2  # grids of a candidate: 0 the plain one, 1 the moved one, 2 both


@dataclass(frozen=True)
class Settings:
    """percent : size of the map, in % of the spectrum
    candidates : sets of cells in each stage; 500 were published
    parents : best candidates of each class that go on; 10 as published
    fill : what stands at the other pairs, `swap`, or `zeros` as published
    """

    percent: float = 5
    candidates: int = 300
    parents: int = 10
    fill: str = "swap"

    def __post_init__(self) -> None:
        positions(1, 1, self.percent)  # raises ValueError for a size that no map can have
        if not 1 <= self.parents <= self.candidates:
            raise ValueError(
                f"parents {self.parents} of {self.candidates} candidates: expected 1 to all of them"
            )
        named(self.fill)


def passes(settings: Settings, n_images: int, pairs: ConjugatePairs) -> int:
    """Every candidate of every stage is shown to every image."""
    return len(stages(pairs)) * settings.candidates * n_images


def stages(pairs: ConjugatePairs) -> Sequence[int]:
    """Cells per side in each stage, doubling from 4 until a cell is one position; as published for 224 x 224.

    The published ones for sides of 32, 64 and 128 double, too.
    """
    if pairs.height == pairs.width == 224:
        return PUBLISHED_224
    side = max(pairs.height, pairs.width)
    doubling = [min(4, side)]
    while doubling[-1] < side:
        doubling.append(min(2 * doubling[-1], side))
    return doubling


def scores(workspace: Workspace, settings: Settings) -> FloatArray:
    """Scores float64 [class, pairs]: the best map of each class first, then the pairs of good candidates.

    The score of a pair is minus the mean loss of the class over the candidates of the last stage that hold the pair.
    The pairs of the best candidate are raised above all others, so that the top `percent` % are this candidate.
    """
    pairs = workspace.pairs
    sides = stages(pairs)
    generator = np.random.default_rng([workspace.seed, 2])
    wanted = positions(pairs.height, pairs.width, settings.percent)
    share = (wanted / pairs.size.sum()) ** (1 / len(sides))
    parents = np.zeros((workspace.n_classes, 0, len(pairs)), bool)  # of the first stage: none
    for side in sides:
        height = max(1.0, pairs.height / side)
        width = max(1.0, pairs.width / side)
        masks = draw(pairs, (height, width), settings.candidates, share, generator)
        if parents.size:
            of_class = generator.integers(workspace.n_classes, size=len(masks))
            parent = generator.integers(parents.shape[1], size=len(masks))
            masks &= parents[of_class, parent]
        if side == sides[-1]:
            masks = resized(masks, pairs.size, wanted, parents, generator)
        loss = workspace.class_losses(masks, settings.fill)
        best = np.argsort(loss, axis=0, kind="stable")[: settings.parents]
        parents = masks[best.T]
    return _rank(masks, loss)


def draw(
    pairs: ConjugatePairs,
    cell: tuple[float, float],
    count: int,
    share: float,
    generator: np.random.Generator,
) -> BoolArray:
    """Random sets of cells, bool [count, pairs], each of about this share of the cells.

    A third of them on the plain grid, a third on a grid that is moved by half a cell, and a third the union of half as
    many cells of either. Cells of one position cannot be moved: all sets are then of the first kind.
    """
    grids = [cells(pairs, *cell)]
    kind = np.zeros(count, int)
    if max(cell) > 1:
        grids.append(cells(pairs, *cell, shift=0.5))
        kind = np.arange(count) % 3
    drawn = np.zeros((count, len(pairs)), bool)
    for number, grid in enumerate(grids):
        chosen = np.flatnonzero((kind == number) | (kind == BOTH))
        chance = np.where(kind[chosen] == BOTH, share / 2, share)
        number_of_cells = grid.max() + 1
        uniform = generator.random((len(chosen), number_of_cells))
        has_cell = uniform < chance[:, None]
        drawn[chosen] |= has_cell[:, grid]
    return drawn


def resized(
    masks: BoolArray,
    size: IntArray,
    wanted: int,
    parents: BoolArray,
    generator: np.random.Generator,
) -> BoolArray:
    """The masks [k, pairs] with pairs added or dropped at random until each holds the wanted number of positions.

    Dropped first are pairs in no parent, and added first are pairs in some parent. A mask holds one position more only
    if it has no pair of one position: the top pairs of a ranking in which it is first are then this mask.
    """
    place = generator.random(masks.shape)
    place[masks] -= 2
    place[:, parents.any(axis=(0, 1))] -= 1
    order = np.argsort(place, axis=1)
    size_in_order = size[order]
    filled_before = np.cumsum(size_in_order, axis=1) - size_in_order
    kept = np.zeros(masks.shape, bool)
    np.put_along_axis(kept, order, filled_before < wanted, axis=1)
    # Of a mask that holds one position too many, the last pair of one position goes.
    single = kept & (size == 1)
    is_too_large = kept @ size > wanted
    surplus = np.flatnonzero(is_too_large & single.any(axis=1))
    last_single = np.where(single, place, -np.inf).argmax(axis=1)
    kept[surplus, last_single[surplus]] = False
    return kept


def _rank(masks: BoolArray, loss: FloatArray) -> FloatArray:
    """The scores [class, pairs] from the candidates of the last stage [k, pairs] and their losses [k, class]."""
    count = masks.sum(axis=0)
    mean_loss = (loss.T @ masks) / np.maximum(count, 1)
    worst = loss.max(axis=0)
    mean_loss = np.where(count > 0, mean_loss, worst[:, None])
    best = masks[np.argmin(loss, axis=0)]
    above_all = np.ptp(mean_loss, axis=1) + 1
    return np.where(best, above_all[:, None], 0) - mean_loss
