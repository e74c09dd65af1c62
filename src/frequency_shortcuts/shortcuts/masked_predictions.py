"""The classes that a network names for images under many masks, with a fill at all other frequencies."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from frequency_shortcuts.images.source import Source, index_batches
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.networks.predictions import Classifier, confusion
from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray
from frequency_shortcuts.spectrum.fills import Background
from frequency_shortcuts.spectrum.filters import half_plane, hide

from .hits import NOT_SHOWN, Named

_BAR = "{l_bar}{bar}| {n:.0f}/{total} [{elapsed}<{remaining}]"


@contextlib.contextmanager
def masked_predictions(
    network: nn.Module, split: Split, batch: int, *, total: int, bar: str, progress: bool
) -> Iterator["MaskedPredictor"]:
    """A `MaskedPredictor` for a network, which is in evaluation mode inside the block.

    split : the images, or those that others are made of; batch : images in one forward pass
    total : of the bar, in images; bar : its label; progress : whether to show it on a terminal
    """
    with (
        Classifier(network).naming(len(split.classes)) as predict,
        tqdm(total=total, desc=bar, unit="image", leave=False, bar_format=_BAR, disable=None if progress else True)
        as shown,
    ):  # fmt: skip
        yield MaskedPredictor(predict, split.labels, len(split.classes), batch, shown.update)


@dataclass(frozen=True)
class MaskedPredictor:
    """Names the classes of images; see `masked_predictions`, which makes one.

    predict : images [k, channels, H, W] -> int64 [k]; update : called with the number of images that are done
    """

    predict: Callable[[Tensor], Tensor]
    labels: IntArray
    n_classes: int
    batch: int
    update: Callable[[float], object]

    def unfiltered(self, source: Source) -> IntArray:
        """The class of each image of a source without a filter, int64 [n].

        Raises ValueError if the network names a class that there is not.
        """
        batches = index_batches(np.arange(len(source)), self.batch)
        named = np.concatenate([self.predict(source.take(chosen)).cpu().numpy() for chosen in batches])
        confusion(self.labels, named, self.n_classes)
        return named

    def under_masks(
        self, source: Source, background: Background, masks: BoolArray, shown_to: BoolArray, judged: BoolArray
    ) -> Named:
        """The class of each image of a source under each mask, int16 [mask, n].

        background : see `fills`; masks, shown_to : see `plan_trials`
        judged : bool [class, n], the images on which FPR of each class is measured

        An image is shown under the masks of its own class, and under those for FPR of a class that it is judged for;
        else it has the class `NOT_SHOWN`.
        """
        size, labels = source.shape[-2:], self.labels
        halves = torch.stack([half_plane(mask, *size) for mask in masks])
        to_own, to_judged = shown_to.astype(np.float32)
        named = np.full((len(halves), len(labels)), NOT_SHOWN, np.int16)
        for chosen in index_batches(np.argsort(labels, kind="stable"), self.batch):
            of_class = (labels[chosen] == np.arange(len(judged))[:, None]).astype(np.float32)
            mask, image = np.nonzero(to_own @ of_class + to_judged @ judged[:, chosen])
            own, other = torch.fft.rfft2(source.take(chosen)), background(chosen)
            called = []
            for pairs in index_batches(np.arange(len(mask)), self.batch):
                half = halves[torch.from_numpy(mask[pairs])].to(source.device)[:, None]
                place = torch.from_numpy(image[pairs]).to(source.device)
                called.append(self.predict(hide(own[place], half, None if other is None else other[place], size=size)))
                self.update(len(pairs) * len(chosen) / len(mask))
            if called:
                named[mask, chosen[image]] = torch.cat(called).cpu().numpy()
        return named
