"""Culling: the rise of the loss of a class when one conjugate pair of frequencies, or a cell of pairs, is removed.

The increment of class c at a pair is a mean over the images of class c: the loss without the pair (in all channels)
minus the loss of the unfiltered image (Wang et al. 2023). The search `exact` evaluates every pair. `screened` evaluates
only as many pairs as it needs to find the best ones, and predicts the others (`screening`).

With the fill `swap` a pair is not removed: the coefficients of another image, its donor (`fills.donors`), replace those
of the image. This also finds pairs at which a class is recognised by a lack of energy.
"""

import logging
import sys
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from torch import nn

from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.maps.methods.gradients import noisy_copies
from frequency_shortcuts.maps.methods.method import Found, find
from frequency_shortcuts.maps.methods.workspace import Workspace
from frequency_shortcuts.spectrum.arrays import FloatArray
from frequency_shortcuts.spectrum.fills import named
from frequency_shortcuts.spectrum.masks import positions, top_pairs
from frequency_shortcuts.spectrum.pairs import ConjugatePairs, cells

from . import screening
from .evaluator import ClassEvaluator

log = logging.getLogger(__name__)

SearchName = Literal["exact", "screened"]
SEARCHES: tuple[SearchName, ...] = get_args(SearchName)


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

    search: SearchName = "exact"
    fill: str = "zeros"
    patch: int = 1
    percent: float = 5
    target_recall: float = 0.98
    patience: int = 20

    def __post_init__(self) -> None:
        if named(self.fill).needs_donors and self.search == "screened":
            raise ValueError(
                f"fill {self.fill} needs the search exact: screened predicts what the removal of a pair does, not an "
                "exchange"
            )
        if self.patch < 1 or (self.patch > 1 and self.search != "exact"):
            raise ValueError(
                f"patch {self.patch}, search {self.search}: expected 1, or more with the search exact"
            )
        positions(1, 1, self.percent)  # raises ValueError for a size that no map can have
        if not 0 < self.target_recall <= 1:
            raise ValueError(f"target_recall {self.target_recall}: expected above 0 and at most 1")

    @property
    def needs_deterministic(self) -> bool:
        """Whether CUDA gives the same bits each time only with deterministic algorithms: not for single pairs."""
        return self.search == "screened" or self.patch > 1


def passes(settings: Settings, n_images: int, pairs: ConjugatePairs) -> int:
    """Every pair or cell is removed from every image; for `screened` this is the most that it can take.

    Screening also takes a forward pass, and a backward pass that counts two, of each image and its noisy copies.
    """
    if settings.patch > 1:
        cell = cells(pairs, settings.patch, settings.patch)
        return (2 + int(cell.max())) * n_images
    of_each = len(pairs)
    if settings.search == "screened":
        of_each += 3 * (1 + noisy_copies(len(pairs)))
    return of_each * n_images


def scores(workspace: Workspace, settings: Settings) -> FloatArray:
    """Loss increments, float64 [class, pairs]. All pairs of a cell have the same.

    What else a culling finds of each class is in `Workspace.about`: `baseline_loss`, the mean loss of the unfiltered
    images; `passes`, filtered images shown to the network (not the gradients for screening). If it is screened,
    also `expected_recall`, the share of the true top `percent` % that was found, by the model; `left_out`, `audited`,
    `missed`, pairs that the last audit could draw from, drew, and found to belong to the top; `audits`, their number;
    `recall`, which follows, with its 95 % interval.
    """
    found: dict[str, Any] = {}
    about: dict[str, Any] = {"method": settings.search, "fill": settings.fill}
    if settings.patch > 1:
        about["patch"] = settings.patch
        found = _cull_cells(workspace, settings)
    else:
        of_class = [_cull_class(workspace, settings, c) for c in workspace.classes.tolist()]
        names = list(of_class[0]) if of_class else []
        for name in names:
            found[name] = np.array([values[name] for values in of_class])
    if settings.search == "screened" and found:
        about["percent"] = settings.percent
        about["target_recall"] = settings.target_recall
    nothing = np.empty((0, len(workspace.pairs)))
    increment: FloatArray = found.pop("increment", nothing)
    workspace.evaluated = found.pop("evaluated", nothing.astype(bool))
    workspace.about = about | found
    return increment


def _cull_cells(workspace: Workspace, settings: Settings) -> dict[str, Any]:
    """The same as `_cull_class` for all classes, if the pairs of a cell are removed together."""
    cell = cells(workspace.pairs, settings.patch, settings.patch)
    without_cell = np.arange(cell.max() + 1)[:, None] != cell
    whole = np.ones((1, len(cell)), bool)
    masks = np.concatenate([whole, without_cell])
    loss = workspace.class_losses(masks, settings.fill)
    increment = (loss[1:] - loss[0]).T[:, cell]
    return {
        "baseline_loss": loss[0],
        "passes": len(without_cell) * workspace.count[workspace.classes],
        "increment": increment,
        "evaluated": np.ones(increment.shape, bool),
    }


def _cull_class(workspace: Workspace, settings: Settings, c: int) -> dict[str, Any]:
    """The increments [pairs] of a class, which of them were evaluated, and what else is known of it."""
    evaluator = ClassEvaluator(workspace, c, settings.fill)
    n_pairs = len(workspace.pairs)
    n_images = len(evaluator)
    found: dict[str, Any] = {"baseline_loss": evaluator.losses.mean()}
    if settings.search == "exact":
        found["evaluated"] = np.ones(n_pairs, bool)
        found["increment"] = evaluator.sums(np.arange(n_pairs), 0, n_images) / n_images
        found["passes"] = n_pairs * n_images
    else:
        found |= _screen_class(workspace, settings, evaluator)
    share = found["passes"] / (n_pairs * n_images)
    log.info(
        "class %d of %d: %.1f %% of all forward passes", c + 1, workspace.n_classes, 100 * share
    )
    return found


def _screen_class(
    workspace: Workspace,
    settings: Settings,
    evaluator: ClassEvaluator,
) -> dict[str, Any]:
    """The same without evaluating every pair."""
    pairs = workspace.pairs
    wanted = positions(pairs.height, pairs.width, settings.percent)
    screened = screening.screen(
        evaluator.features(),
        evaluator.group_sums,
        pairs,
        wanted,
        target_recall=settings.target_recall,
        patience=settings.patience,
        seed=(workspace.seed, evaluator.label),
    )
    found: dict[str, Any] = dict(vars(screened))
    cost = found.pop("cost")
    found["passes"] = round(cost * len(pairs) * len(evaluator))
    top = top_pairs(screened.increment.astype(np.float32), pairs.size, wanted)
    recall, low, high = screening.audited_recall(
        len(top),
        screened.left_out,
        screened.audited,
        screened.missed,
        screened.audits,
    )
    found["recall"] = recall
    found["recall_low"] = low
    found["recall_high"] = high
    return found


def cull(
    network: nn.Module,
    split: Split,
    method: SearchName = "screened",
    **options: Any,
) -> Found:
    """Loss increment of every class at every conjugate pair: `method.find` with this method.

    method : the `search` of `Settings`
    options : other settings, and parameters of `find`, such as `seed` and `work`

    Raises ValueError for an unknown search or fill, an image without a donor or a loss that is not finite; for the rest
    see `find`.

    >>> cull(network, split, "exact", fill="swap").score.shape  # 4 classes, images of 32 x 32
    (4, 514)
    """
    return find(sys.modules[__name__], network, split, search=method, **options)
