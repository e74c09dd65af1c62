"""The network, the images and the batch sizes that every method uses."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from frequency_shortcuts.data.source import Source
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.networks.predictions import Classifier, Precision
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

log = logging.getLogger(__name__)

CPU_IMAGES = 2**29  # bytes of images of a class that are kept in the memory of a CPU


@dataclass(frozen=True)
class Limits:
    """Precision and size of the passes.

    precision, compiled : see `predictions.Classifier`
    batch : filtered images in one forward pass; by default `Classifier.batch_sizes`
    """

    precision: Precision = "float32"
    compiled: bool = False
    batch: int | None = None


@dataclass
class Engine:
    """The frozen network, the images and the sizes of batches.

    batch : filtered images in one forward pass; it shrinks when the device runs out of memory
    nominal_batch : the first `batch`, which does not shrink. It decides which pairs share a forward pass, so that a
        resumed culling shares the same passes
    backward_batch : images in one backward pass
    """

    source: Source
    frozen: Classifier
    pairs: ConjugatePairs
    batch: int
    backward_batch: int
    nominal_batch: int = field(init=False)

    def __post_init__(self) -> None:
        self.nominal_batch = self.batch

    @property
    def class_image_bytes(self) -> int:
        """Memory on the device for the images of one class."""
        device = self.frozen.device
        return torch.cuda.get_device_properties(device).total_memory // 8 if device.type == "cuda" else CPU_IMAGES

    @classmethod
    def build(cls, network: nn.Module | Classifier, split: Split, limits: Limits | None = None) -> Engine:
        """Freeze the network, unless it is frozen, and choose batch sizes.

        Raises ValueError for a network that does not return logits.
        """
        limits = limits or Limits()
        frozen = Classifier.frozen(network, limits.precision, compiled=limits.compiled)
        source = Source(split, device=frozen.device, dtype=frozen.dtype)
        first = source.take(np.arange(1))
        frozen.check(first)
        if batch := limits.batch:
            backward = math.ceil(batch / 8)  # a backward pass keeps the activations of every layer
        else:
            batch, backward = frozen.batch_sizes(first)
        return cls(source, frozen, ConjugatePairs(*split.images.shape[-2:]), batch, backward)

    def within_memory(self, compute: Callable[[], npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """The result of `compute`. When it runs out of memory, it runs again with half the batch."""
        while True:
            try:
                return compute()
            except torch.OutOfMemoryError:
                if self.batch == 1:
                    raise
                self.batch //= 2
                self.backward_batch = max(1, self.backward_batch // 2)
            # Outside the handler: its traceback would keep the batch that did not fit.
            torch.cuda.empty_cache()
            log.warning("out of memory: going on with batches of %d", self.batch)
