"""Culling as one of the methods: the loss increment when a pair, or a cell of pairs, is removed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from frequency_shortcuts.maps.methods.gradients import noisy_copies
from frequency_shortcuts.maps.methods.method import Size
from frequency_shortcuts.maps.methods.workspace import Workspace
from frequency_shortcuts.spectrum.arrays import FloatArray
from frequency_shortcuts.spectrum.cells import cells

from . import search
from .result import METHODS, PAIR_FILLS, Method, PairFill


@dataclass(frozen=True)
class Settings:
    """search, fill, percent, target_recall, patience : `method` and the others of `culling.Settings`

    patch : side of the cells that are removed together, in cycles per image; 1 for single pairs. With cells of 14 x 14
        an image of 224 x 224 takes 128 passes instead of 25,090, and its maps have the resolution of the cells. It
        needs the search `exact`.
    """

    search: Method = "exact"
    fill: PairFill = "zeros"
    patch: int = 1
    percent: float = 5
    target_recall: float = 0.98
    patience: int = 20

    def __post_init__(self) -> None:
        if self.search not in METHODS:
            raise ValueError(f"unknown search {self.search!r}: choose from {', '.join(METHODS)}")
        if self.fill not in PAIR_FILLS:
            raise ValueError(f"unknown fill {self.fill!r}: choose from {', '.join(PAIR_FILLS)}")
        if self.patch < 1 or (self.patch > 1 and self.search != "exact"):
            raise ValueError(f"patch {self.patch}, search {self.search}: expected 1, or more with the search exact")
        search.Settings(self.search, self.percent, self.target_recall, self.patience, self.fill)


def passes(settings: Settings, size: Size) -> int:
    """Every pair or cell is removed from every image; for `screened` this is the most that it can take."""
    if settings.patch > 1:
        return (1 + len(np.unique(cells(size.pairs, settings.patch, settings.patch)))) * size.n_images
    return len(size.pairs) * size.n_images + _gradient_passes(settings, size.n_images, len(size.pairs))


def _gradient_passes(settings: Settings, n_images: int, n_pairs: int) -> int:
    """A forward pass, and a backward pass that counts two, of each image and its noisy copies, for screening."""
    return 3 * n_images * (1 + noisy_copies(n_pairs)) if settings.search == "screened" else 0


def scores(workspace: Workspace, settings: Settings) -> FloatArray:
    """Loss increments, float64 [class, pairs]. All pairs of a cell have the same."""
    if settings.patch > 1:
        return _cells(workspace, settings)
    return _pairs(workspace, settings)


def _cells(workspace: Workspace, settings: Settings) -> FloatArray:
    cell = cells(workspace.pairs, settings.patch, settings.patch)
    kept = np.arange(cell.max() + 1)[:, None] != cell
    everything = np.ones((1, len(cell)), bool)
    loss = workspace.class_means(np.concatenate([everything, kept]), settings.fill, "cells").loss
    increments: FloatArray = (loss[1:] - loss[0]).T[:, cell]
    return increments


def _pairs(workspace: Workspace, settings: Settings) -> FloatArray:
    """The increments of single pairs. The culling stores its blocks in a file of its own until it is done."""
    state = None if workspace.state is None else Path(f"{workspace.state}.culling")
    chosen = {name: value for name, value in asdict(settings).items() if name not in ("search", "patch")}
    found = search.cull(
        workspace.network, workspace.images, workspace.labels, workspace.n_classes, settings.search,
        mean=workspace.mean, std=workspace.std, neutral=workspace.neutral, seed=workspace.seed, state=state,
        version=workspace.identity, checkpoint_minutes=workspace.checkpoint_minutes, stop=workspace.stop,
        progress=workspace.progress, **asdict(workspace.limits), **chosen,
    )  # fmt: skip
    gradients = _gradient_passes(settings, len(workspace), len(workspace.pairs))
    return workspace.step(f"{settings}", lambda: found.increment, int(found.passes.sum()) + gradients)
