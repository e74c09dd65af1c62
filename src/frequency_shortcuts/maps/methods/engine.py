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
from frequency_shortcuts.networks.inference import InferenceCopy, Precision, memory_budget
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """Precision and memory of the passes.

    precision, compiled : see `inference.InferenceCopy`
    memory_mib : memory limit on the device of the network, besides its weights; by default half of a GPU's memory,
        2 GiB on a CPU
    batch : filtered images in one forward pass; by default chosen by the network and the memory

    Raises ValueError for a batch or memory that is not above 0.
    """

    precision: Precision = "float32"
    compiled: bool = False
    memory_mib: float | None = None
    batch: int | None = None

    def __post_init__(self) -> None:
        memory, batch = self.memory_mib, self.batch
        if (memory is not None and not 0 < memory < math.inf) or (batch is not None and batch < 1):
            raise ValueError(f"memory_mib {memory}, batch {batch}: expected above 0 and at least 1, or None")


@dataclass
class Engine:
    """The frozen network, the images and the sizes of batches.

    batch : filtered images in one forward pass; it shrinks when the device runs out of memory
    nominal_batch : the first `batch`, which does not shrink. It decides which pairs share a forward pass, so that a
        resumed culling shares the same passes
    backward_batch : images in one backward pass
    class_image_bytes : memory on the device for the images of one class
    """

    source: Source
    frozen: InferenceCopy
    pairs: ConjugatePairs
    batch: int
    backward_batch: int
    class_image_bytes: int
    nominal_batch: int = field(init=False)

    def __post_init__(self) -> None:
        self.nominal_batch = self.batch

    @classmethod
    def build(cls, network: nn.Module, split: Split, limits: Limits | None = None) -> Engine:
        """Freeze the network and choose batch sizes for it and the memory.

        Raises ValueError for a network that does not return logits.
        """
        limits = limits or Limits()
        frozen = InferenceCopy(network, limits.precision, compiled=limits.compiled)
        source = Source(split, device=frozen.device, dtype=frozen.dtype)
        first = source.take(np.arange(1))
        frozen.check(first)
        budget = memory_budget(limits.memory_mib, frozen.device)
        if batch := limits.batch:
            backward = math.ceil(batch / 8)  # a backward pass keeps the activations of every layer
        else:
            batch, backward = frozen.batch_sizes(first, budget // 2)
        return cls(source, frozen, ConjugatePairs(*split.images.shape[-2:]), batch, backward, budget // 4)

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
