"""What an analysis will do, before it searches: accuracy without a filter, passes, and time on this device."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from frequency_shortcuts.data.folders import few
from frequency_shortcuts.data.source import index_batches
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.networks.inference import InferenceCopy, memory_budget
from frequency_shortcuts.networks.predictions import Predictor, evaluating, source_for
from frequency_shortcuts.spectrum.arrays import IntArray
from frequency_shortcuts.spectrum.filters import hide

from .search import Search

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Unfiltered:
    """What a network does with the test images before any frequency is removed.

    accuracy : mean over the classes of the share of their images that the network assigns to them
    seconds : of a forward pass of one filtered image
    batch : images in a batch of the test
    """

    accuracy: float
    seconds: float
    batch: int


def look(network: nn.Module, test: Split, memory_mib: float | None = None, progress: bool = False) -> Unfiltered:
    """Show the unfiltered test images to a network, batch by batch, and time one batch of filtered ones.

    Raises ValueError if the network is not better than chance: its outputs then probably belong to other classes.
    """
    source, labels, n_classes = source_for(network, test.images, test.mean, test.std), test.labels, len(test.classes)
    batch, named = source.batch_size(), []
    if memory_mib is not None:
        frozen, first = InferenceCopy(network), source.take(np.arange(1))
        frozen.check(first)
        batch = min(batch, frozen.batch_sizes(first, memory_budget(memory_mib, source.device) // 2)[0])
    batches = list(index_batches(np.arange(len(source)), batch))
    with evaluating(network), torch.inference_mode(), Predictor(network, n_classes) as predict:
        for some in tqdm(batches, "unfiltered images", unit="batch", leave=False, disable=None if progress else True):
            named.append(predict(source.take(some)).cpu().numpy())
        images = source.take(batches[0])
        begin = time.perf_counter()
        coefficients = torch.fft.rfft2(images)
        everything = torch.ones_like(coefficients[:, :1], dtype=torch.bool)
        predict(hide(coefficients, everything, size=images.shape[-2:])).cpu()  # waits for the device
        seconds = (time.perf_counter() - begin) / len(images)
    right = np.concatenate(named) == labels
    accuracy = float(np.mean([right[labels == c].mean() for c in range(n_classes)]))
    if accuracy <= 1 / n_classes + 1e-9:
        raise ValueError(
            f"without a filter, the network recognises {accuracy:.1%} of the test images (mean over {n_classes} "
            "classes), which is not above chance: check which output each class is (`outputs`), the mean and the std"
        )
    return Unfiltered(accuracy, seconds, batch)


@dataclass(frozen=True)
class Plan:
    """The work of an analysis: its search, None where the maps are given, and the passes of its test."""

    unfiltered: Unfiltered
    search: Search | None
    test_passes: float

    def lines(
        self,
        network: str,
        images: tuple[int, int],
        classes: Sequence[str],
        outputs: IntArray | None,
        n_outputs: int,
    ) -> list[str]:
        """The plan in a few lines.

        images : number of those that find the maps, and of those that test them
        outputs : the output of each class, None for all `n_outputs` of the network
        """
        ranking, test = images
        finds = f"{ranking:,} images find the maps, " if self.search else ""
        chance = f"mean over classes; chance: {1 / len(classes):.1%}"
        lines = [
            f"{network}, {len(classes):,} classes: {finds}{test:,} test them; the network chooses among "
            f"{_outputs(classes, outputs, n_outputs)}",
            f"accuracy without a filter: {self.unfiltered.accuracy:.1%} ({chance})",
        ]
        if self.search:
            seconds = self.search.passes * (self.search.seconds or self.unfiltered.seconds)
            lines.append(f"search by {self.search.name}: {_work(self.search.passes, seconds)}")
        if self.test_passes:
            lines.append(f"test beside controls: {_work(self.test_passes, self.test_passes * self.unfiltered.seconds)}")
        return lines


def _work(passes: float, seconds: float) -> str:
    """Passes and time in words, such as `about 12,000 passes, 3 min`."""
    if seconds < 90:
        time_needed = f"{max(1, round(seconds))} s"
    else:
        time_needed = f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:,.1f} h"
    return f"about {passes:,.0f} passes, {time_needed}"


def _outputs(classes: Sequence[str], outputs: IntArray | None, n_outputs: int) -> str:
    """Which outputs the network chooses among, in words."""
    if outputs is None:
        return f"all its {n_outputs:,} outputs"
    names = [f"{name} {output}" for name, output in zip(classes, outputs, strict=True)]
    return f"{len(outputs):,} of its {n_outputs:,} outputs ({few(names)})"


def announce(lines: Iterable[str], progress: bool) -> None:
    """Show lines on standard error, beside the progress bars, or in the log if there are none."""
    for line in lines:
        if progress:
            tqdm.write(line, file=sys.stderr)
        else:
            log.info("%s", line)
