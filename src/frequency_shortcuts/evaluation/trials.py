"""The masks and images of the test of each class: maps, controls, maps of other classes, and negatives."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray
from frequency_shortcuts.spectrum.controls import control_mask, low_pass_mask
from frequency_shortcuts.spectrum.filters import half_plane
from frequency_shortcuts.spectrum.masks import overlap

Part = Literal["keep", "remove"]
PARTS: tuple[Part, ...] = ("keep", "remove")


@dataclass(frozen=True)
class Trial:
    """A mask for the test of a class: its kind, the number of its draw, and its index among all masks."""

    name: str
    draw: int
    positions: int
    overlap: float
    place: int


class MaskSet:
    """Masks for images of one size. A mask for several classes is stored once.

    halves : bool [mask, H, W // 2 + 1], the kept part of a real FFT
    is_for : bool [mask, class], whether a class is tested with a mask
    """

    def __init__(self, size: tuple[int, ...], n_classes: int) -> None:
        self._size, self._n_classes = size, n_classes
        self._places: dict[bytes, int] = {}
        self._halves: list[Tensor] = []
        self._for: list[tuple[int, int]] = []

    def add(self, kept: BoolArray, c: int) -> int:
        """The index of a mask of kept frequencies, bool [H, W], with which class c is tested."""
        half = half_plane(kept, *self._size)
        place = self._places.setdefault(half.numpy().tobytes(), len(self._halves))
        if place == len(self._halves):
            self._halves.append(half)
        self._for.append((place, c))
        return place

    @property
    def halves(self) -> Tensor:
        return torch.stack(self._halves)

    @property
    def is_for(self) -> BoolArray:
        found = np.zeros((len(self._halves), self._n_classes), bool)
        found[tuple(np.transpose(self._for))] = True
        return found


class MaskPlan:
    """All masks of a shortcut test, in the set `masks`.

    trials : part -> class -> the masks of the class, in the order of the table
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
        self.trials: dict[str, list[list[Trial]]] = {}
        self.masks = MaskSet(size, len(masks))
        for part in parts:
            self.trials[part] = [[] for _ in masks]
            for c, mask in enumerate(masks):
                for name, draw, chosen in self._filters(c, part):
                    place = self.masks.add(chosen if part == "keep" else ~chosen, c)
                    iou = float(overlap(chosen, mask))
                    self.trials[part][c].append(Trial(name, draw, int(chosen.sum()), iou, place))

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
    """The seed of one kind of draw in one run; seeds of different kinds or runs differ."""
    return [seed, zlib.crc32(f"{run}:{kind}".encode())]


def others_of(n_classes: int, c: int, limit: int | None, seed: int) -> IntArray:
    """The classes whose maps are controls of class c, in order: all others, or `limit` of them, drawn at random."""
    others = np.delete(np.arange(n_classes), c)
    if limit is None or len(others) <= limit:
        return others
    # Zeros at the end do not count in a seed.
    return np.sort(np.random.default_rng([seed, c, 0, 1]).choice(others, limit, replace=False))


def negatives_of(labels: IntArray, c: int, limit: int | None, seed: int) -> IntArray:
    """Positions, in order, of the images for FPR of class c: all of other classes, or `limit` of them.

    They are drawn in rounds. In each round, every other class contributes one image at random; the classes that
    contribute in the last round are drawn as well.
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
