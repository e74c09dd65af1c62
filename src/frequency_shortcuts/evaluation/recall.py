"""Recall of every class in several views of the same images; predictions are counted on the device."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn
from tqdm import tqdm

from frequency_shortcuts.data.source import Source, index_batches
from frequency_shortcuts.data.splits import check_classes
from frequency_shortcuts.intervals import shares
from frequency_shortcuts.networks.predictions import Predictor, evaluating
from frequency_shortcuts.spectrum.arrays import IntArray, as_array


class Tally:
    """Counts of all and of correct predictions of each class in each of several views: [view, class], on a device."""

    def __init__(self, views: int, n_classes: int, device: torch.device) -> None:
        self._right = torch.zeros(views, n_classes, dtype=torch.int64, device=device)
        # One more class counts predictions of a network with too many outputs: checking them here would stall a GPU.
        self._called = torch.zeros(views, n_classes + 1, dtype=torch.int64, device=device)

    def add(self, view: int, labels: Tensor, called: Tensor) -> None:
        """Count images with labels [n] and predicted classes `called` [n], both int64 on the device."""
        self._right[view].index_add_(0, labels, (called == labels).long())
        self._called[view].index_add_(0, called.clamp(max=self._called.shape[1] - 1), torch.ones_like(called))

    def counts(self) -> tuple[IntArray, IntArray]:
        """Correct predictions, and all predictions, of each class: int64 [view, class] each."""
        called = self._called.cpu().numpy()
        if called[:, -1].any():
            n_classes = called.shape[1] - 1
            raise ValueError(f"the network calls images by more than the {n_classes} classes that there are")
        return self._right.cpu().numpy(), called[:, :-1]


def recall_by_view(
    network: nn.Module,
    source: Source,
    labels: npt.ArrayLike | Tensor,
    n_classes: int,
    about: pd.DataFrame,
    views: Callable[[IntArray], Iterable[Tensor]],
    *,
    batch_size: int | None = None,
    progress: str | None = None,
) -> pd.DataFrame:
    """Recall of every class in every view of the images of a source (`predictions.source_for`).

    Parameters
    ----------
    labels : [n], 0 to n_classes - 1
    about : one row per view: the columns that name it
    views : positions of images [k] -> their views [k, channels, H, W], one after the other, in the order of `about`
    progress : label of a bar on a terminal; None for no bar

    Returns a tidy table, one row per view and class: the columns of `about`, `class`, `images` (of the class), `tpr`
    (the recall) with Wilson's interval `tpr_low`, `tpr_high` (`intervals.shares`), `fpr` (share of the other
    images that are assigned to the class) and `accuracy` (share of all images that are assigned to their label, the
    same for every class of a view). Raises ValueError if a class has no image or the network predicts another class.
    """
    labels = as_array(labels)
    check_classes(labels, range(n_classes), n_images=len(source))
    tally = Tally(len(about), n_classes, source.device)
    truth = torch.as_tensor(labels, dtype=torch.int64, device=source.device)
    with (
        evaluating(network),
        torch.inference_mode(),
        Predictor(network, n_classes) as predict,
        tqdm(
            total=len(about) * len(labels),
            desc=progress,
            unit="image",
            unit_scale=True,
            leave=False,
            disable=None if progress else True,
        ) as bar,
    ):
        for some in index_batches(np.arange(len(labels)), batch_size or source.batch_size()):
            mine = truth[some[0] : some[-1] + 1]
            for view, inputs in enumerate(views(some)):
                tally.add(view, mine, predict(inputs))
                bar.update(len(some))
    right, called = tally.counts()
    count = np.bincount(labels, minlength=n_classes)
    n = len(labels)
    tpr, low, high = shares(right, count)
    # With a single class there are no other images.
    fpr = np.divide(called - right, n - count, out=np.full(right.shape, np.nan), where=n > count)
    table = about.loc[about.index.repeat(n_classes)].reset_index(drop=True)
    return table.assign(
        **{"class": np.tile(np.arange(n_classes), len(about)), "images": np.tile(count, len(about))},
        tpr=tpr.ravel(),
        tpr_low=low.ravel(),
        tpr_high=high.ravel(),
        fpr=fpr.ravel(),
        accuracy=np.repeat(right.sum(axis=1) / n, n_classes),
    )
