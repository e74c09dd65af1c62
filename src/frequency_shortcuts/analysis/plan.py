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
from frequency_shortcuts.maps.methods.engine import Engine
from frequency_shortcuts.maps.methods.workspace import Limits
from frequency_shortcuts.networks.inference import InferenceCopy, memory_budget
from frequency_shortcuts.networks.predictions import Predictor, evaluating, source_for
from frequency_shortcuts.spectrum.filters import hide

log = logging.getLogger(__name__)

CPU_IMAGES = 16  # of the timed backward pass on a CPU, which a larger batch does not make faster


@dataclass(frozen=True)
class Unfiltered:
    """What a network does with the test images before any frequency is removed.

    accuracy : mean over the classes of the share of its images that are assigned to it
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
    source, labels = source_for(network, test.images, test.mean, test.std), np.asarray(test.labels)
    batch = source.batch_size()
    if memory_mib is not None:
        frozen = InferenceCopy(network)
        frozen.check(source.take(np.arange(1)))
        fits, _ = frozen.batch_sizes(source.take(np.arange(1)), memory_budget(memory_mib, source.device) // 2)
        batch = min(batch, fits)
    batches, named = list(index_batches(np.arange(len(source)), batch)), []
    with evaluating(network), torch.inference_mode(), Predictor(network, len(test.classes)) as predict:
        for some in tqdm(batches, "unfiltered images", unit="batch", leave=False, disable=None if progress else True):
            named.append(predict(source.take(some)).cpu().numpy())
        images = source.take(batches[0])
        begin = time.perf_counter()
        coefficients = torch.fft.rfft2(images)
        predict(hide(coefficients, torch.ones_like(coefficients[:, :1].real), size=images.shape[-2:])).cpu()
        seconds = (time.perf_counter() - begin) / len(images)
    right, n_classes = np.concatenate(named) == labels, len(test.classes)
    accuracy = float(np.mean([right[labels == c].mean() for c in range(n_classes)]))
    if accuracy * n_classes < 1 + 1e-9:
        raise ValueError(
            f"without a filter, the network recognises {accuracy:.1%} of the test images (mean over {n_classes} "
            f"classes), which is not above chance: check which output each class is (`outputs`), then mean, std and size"
        )
    return Unfiltered(accuracy, seconds, batch)


def seconds_of_gradient(network: nn.Module, images: Split, limits: Limits) -> float | None:
    """Seconds of a forward pass with its backward pass, of one image in a batch; None for a network without a gradient.

    The second of two batches is timed.
    """
    engine = Engine.build(
        network, images.images, images.mean, images.std, precision=limits.precision, memory_mib=limits.memory_mib
    )
    size = engine.backward_batch if engine.frozen.device.type == "cuda" else min(engine.backward_batch, CPU_IMAGES)
    shown = engine.source.take(np.arange(min(size, len(images))))
    seconds = 0.0
    for _ in range(2):
        begin = time.perf_counter()
        with torch.enable_grad():
            seen = shown.clone().requires_grad_()
            logits = engine.frozen(seen.clone())
            if not logits.requires_grad:
                return None
            (gradient,) = torch.autograd.grad(logits.logsumexp(dim=1).sum(), seen)
        gradient.cpu()  # waits for the device
        seconds = (time.perf_counter() - begin) / len(shown)
    return seconds


def duration(seconds: float) -> str:
    """A duration in words, such as `40 s`, `12 min` or `3.5 h`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:,.1f} h"


def chosen_outputs(classes: Sequence[str], outputs: Sequence[int] | None, n_outputs: int) -> str:
    """Which outputs the network chooses among, in words."""
    if outputs is None or len(outputs) == n_outputs:
        return f"all its {n_outputs:,} outputs"
    names = [f"{name} {output}" for name, output in zip(classes, outputs, strict=True)]
    return f"{len(outputs):,} of its {n_outputs:,} outputs ({few(names)})"


def announce(lines: Iterable[str], progress: bool) -> None:
    """Show lines: on standard error, beside the progress bars, or in the log where there are none."""
    for line in lines:
        if progress:
            tqdm.write(line, file=sys.stderr)
        else:
            log.info("%s", line)
