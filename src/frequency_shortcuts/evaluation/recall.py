"""Recall of every class in several views of the same images: under radial filters, and under common corruptions."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from tqdm import tqdm

from frequency_shortcuts.data.corruptions import KINDS, STRENGTHS, corrupt
from frequency_shortcuts.data.normalisation import normalise
from frequency_shortcuts.data.source import Source, index_batches
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.intervals import shares
from frequency_shortcuts.networks.predictions import Classifier, source_for
from frequency_shortcuts.spectrum.arrays import IntArray
from frequency_shortcuts.spectrum.filters import half_plane, hide
from frequency_shortcuts.spectrum.radial import filters

log = logging.getLogger(__name__)

NONE = "none"  # the name of the images without corruption, of strength 0


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
    about: pd.DataFrame,
    views: Callable[[IntArray], Iterable[Tensor]],
    *,
    batch_size: int | None = None,
    progress: str | None = None,
) -> pd.DataFrame:
    """Recall of every class in every view of the images of a source (`predictions.source_for`).

    Parameters
    ----------
    about : one row per view: the columns that name it
    views : positions of images [k] -> their views [k, channels, H, W], one after the other, in the order of `about`
    progress : label of a bar on a terminal; None for no bar

    Returns a tidy table, one row per view and class: the columns of `about`, `class`, `images` (of the class), `tpr`
    (the recall) with Wilson's interval `tpr_low`, `tpr_high` (`intervals.shares`), `fpr` (share of the other
    images that are assigned to the class) and `accuracy` (share of all images that are assigned to their label, the
    same for every class of a view). Raises ValueError if the network predicts another class.
    """
    labels, n_classes = source.split.labels, len(source.split.classes)
    tally = Tally(len(about), n_classes, source.device)
    truth = torch.as_tensor(labels, dtype=torch.int64, device=source.device)
    with (
        Classifier(network).naming(n_classes) as predict,
        tqdm(
            total=len(about) * len(labels),
            desc=progress,
            unit="image",
            unit_scale=True,
            leave=False,
            disable=None if progress else True,
        ) as bar,
    ):
        for chosen in index_batches(np.arange(len(labels)), batch_size or source.batch_size()):
            own = truth[chosen[0] : chosen[-1] + 1]
            for view, inputs in enumerate(views(chosen)):
                tally.add(view, own, predict(inputs))
                bar.update(len(chosen))
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


def filtered_recall(
    network: nn.Module,
    split: Split,
    *,
    cutoffs: Sequence[float],
    band_width: float,
    batch_size: int | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Recall of every class on unfiltered images and under each of the `filters`.

    Returns a tidy table, one row per filter and class: `filter` (unfiltered, low-pass, high-pass, band-stop), `low`,
    `high` (in cycles per image, see `Filter`; missing where there is no limit), and the columns of `recall_by_view`.
    For the errors see there and `filters`.
    """
    source = source_for(network, split)
    height, width = split.images.shape[-2:]
    radial = filters(height, width, cutoffs, band_width)
    halves = [half_plane(each.mask, height, width).to(source.device) for each in radial]
    rows = [("unfiltered", np.nan, np.nan), *((each.name, each.low, each.high) for each in radial)]
    about = pd.DataFrame(rows, columns=["filter", "low", "high"]).replace(math.inf, np.nan)

    def views(chosen: IntArray) -> Iterator[Tensor]:
        inputs = source.take(chosen)
        yield inputs
        own = torch.fft.rfft2(inputs)
        for half in halves:
            yield hide(own, half, size=(height, width))

    table = recall_by_view(
        network, source, about, views,
        batch_size=batch_size, progress="filtering" if progress else None,
    )  # fmt: skip
    log.info("%d filters on %d images", len(radial), len(source))
    return table


def corrupted_recall(
    network: nn.Module,
    split: Split,
    *,
    names: Sequence[str] = tuple(KINDS),
    seed: int = 0,
    batch_size: int | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Recall of every class on images without corruption and under every corruption and strength.

    split : of uint8 images, which are corrupted, and then normalised
    names : of KINDS; the images without corruption are always tested

    Returns a tidy table, one row per corruption, strength and class: `corruption` (`none` for images without one),
    `strength` (0 for these, else 1 to 5), and the columns of `recall_by_view`. For the errors see there and `corrupt`.
    """
    source = source_for(network, split)
    about = pd.DataFrame(
        [(NONE, 0), *((name, strength) for name in names for strength in STRENGTHS)], columns=["corruption", "strength"]
    )

    def views(chosen: IntArray) -> Iterator[Tensor]:
        pixels = source.read(chosen).to(source.device)
        yield normalise(pixels, split.mean, split.std, source.dtype)
        for name in names:
            for strength in STRENGTHS:
                yield normalise(corrupt(name, pixels, strength, seed, chosen), split.mean, split.std, source.dtype)

    table = recall_by_view(
        network, source, about, views,
        batch_size=batch_size, progress="corrupting" if progress else None,
    )  # fmt: skip
    log.info("%d corruptions on %d images", len(about) - 1, len(source))
    return table
