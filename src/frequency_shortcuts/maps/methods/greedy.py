"""Greedy removal: the smallest set of pairs that keeps a class recognised (after DFM-X, Wang et al. 2023).

Pairs are removed in blocks, in ascending order of another ranking. A removal stays if the recall of the class on the
ranking images is still at the floor. Blocks double after a success and halve after a failure; a single pair that
cannot be removed is kept. The floor is fixed. The published code bounds the loss of each step, so that the losses of
many steps add up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, IntArray
from frequency_shortcuts.spectrum.fills import named

from .method import Size, make_settings
from .registry import RANKED_BY, load
from .workspace import Workspace

ROUNDING = 1e-9  # 18 of 25 images reach 0.9 of a recall of 20 of 25, although 0.9 * 0.8 is above 0.72


@dataclass(frozen=True)
class Settings:
    """ranking : the method whose scores give the order, with its default settings
    floor : least recall, as a share of that of the unfiltered ranking images
    fill : what stands at removed pairs, `zeros` or `swap`
    """

    ranking: str = RANKED_BY["greedy"]
    floor: float = 0.9
    fill: str = "swap"

    def __post_init__(self) -> None:
        if self.ranking == "greedy":
            raise ValueError("ranking greedy: greedy needs the ranking of another method")
        if not 0 < self.floor <= 1:
            raise ValueError(f"floor {self.floor}: expected above 0 and at most 1")
        named(self.fill)


def passes(settings: Settings, size: Size) -> int:
    """The passes of the ranking, and at most two for every pair of an image."""
    ranking = load(settings.ranking)
    return ranking.passes(_ranking_settings(settings), size) + 2 * len(size.pairs) * size.n_images


def scores(workspace: Workspace, settings: Settings) -> FloatArray:
    """The place of each pair, float64 [class, pairs]: from 0 in the order of removal.

    Pairs that are kept to the end, the smallest set that was found, have places from the number of pairs on, in the
    order of the ranking.
    """
    order = np.argsort(load(settings.ranking).scores(workspace, _ranking_settings(settings)), axis=1, kind="stable")
    pairs, everything = len(workspace.pairs), np.ones((1, len(workspace.pairs)), bool)
    least = settings.floor * workspace.class_means(everything, settings.fill, "unfiltered").correct[0]
    searches = [_Removal(of_class) for of_class in order]
    while active := [c for c, search in enumerate(searches) if not search.finished]:
        masks = np.stack([search.proposal() for search in searches])[None]
        correct = workspace.class_means(masks, settings.fill, "removal", active).correct[0]
        for c in active:
            searches[c].decide(bool(correct[c] >= least[c] - ROUNDING))
    places = np.empty(order.shape)
    for c, search in enumerate(searches):
        places[c, search.sequence()] = np.arange(pairs)
        places[c, search.kept] += pairs
    return places


def _ranking_settings(settings: Settings) -> object:
    return make_settings(load(settings.ranking), {})


class _Removal:
    """The removal of the pairs of one class, in the order `order` [pairs], the least important first.

    kept : bool [pairs], those that are not removed
    """

    def __init__(self, order: IntArray) -> None:
        self._order, self._at, self._block = order, 0, 1
        self.kept = np.ones(len(order), bool)
        self._removed: list[IntArray] = []

    @property
    def finished(self) -> bool:
        return self._at == len(self._order)

    def _next(self) -> IntArray:
        return self._order[self._at : self._at + self._block]

    def proposal(self) -> BoolArray:
        """The pairs that are kept if the next block is removed, bool [pairs]."""
        mask = self.kept.copy()
        mask[self._next()] = False
        return mask

    def decide(self, accepted: bool) -> None:
        """Remove the next block, or try a smaller one; a single pair that cannot be removed is kept."""
        block = self._next()
        if accepted:
            self.kept[block] = False
            self._removed.append(block)
        if accepted or len(block) == 1:
            self._at += len(block)
        self._block = 2 * self._block if accepted else max(1, len(block) // 2)

    def sequence(self) -> IntArray:
        """All pairs: the removed ones in the order of their removal, then the kept ones in the given order."""
        return np.concatenate([*self._removed, self._order[self.kept[self._order]]])
