"""What the culling of every class works with: the network, the images, and batches that fit into memory."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from frequency_shortcuts.data.source import Source
from frequency_shortcuts.data.splits import Images
from frequency_shortcuts.networks.inference import InferenceCopy, Precision, memory_budget
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

log = logging.getLogger(__name__)


@dataclass
class Engine:
    """The frozen network, the images and the sizes of batches.

    batch : filtered images in one forward pass; it shrinks when the device's memory does not suffice
    nominal_batch : the first `batch`. Which pairs share a forward pass follows from it, whatever memory then did, so
        that a resumed culling shares the same passes
    backward_batch : images in one backward pass
    class_image_bytes : room on the device for the images of one class
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
    def build(
        cls,
        network: nn.Module,
        images: Images,
        mean: npt.ArrayLike | None = None,
        std: npt.ArrayLike | None = None,
        *,
        precision: Precision = "float32",
        compiled: bool = False,
        memory_mib: float | None = None,
        batch: int | None = None,
    ) -> Engine:
        """Freeze the network and choose batches that suit it and the memory; the parameters are those of `cull`.

        Raises ValueError for a batch or memory that is not above 0, and for a network that gives no logits.
        """
        if (memory_mib is not None and not 0 < memory_mib < math.inf) or (batch is not None and batch < 1):
            raise ValueError(f"memory_mib {memory_mib}, batch {batch}: expected above 0 and at least 1, or None")
        frozen = InferenceCopy(network, precision, compiled=compiled)
        source = Source(images, mean, std, device=frozen.device, dtype=frozen.dtype)
        first = source.take(np.arange(1))
        frozen.check(first)
        budget = memory_budget(memory_mib, frozen.device)
        if batch:
            backward = math.ceil(batch / 8)  # which keeps the activations of every layer
        else:
            batch, backward = frozen.batch_sizes(first, budget // 2)
        return cls(source, frozen, ConjugatePairs(*images.shape[-2:]), batch, backward, budget // 4)

    def within_memory(self, compute: Callable[[], npt.NDArray]) -> npt.NDArray:
        """The result of `compute`, which runs again with half the batch as long as it is out of memory."""
        while True:
            try:
                return compute()
            except torch.OutOfMemoryError:
                if self.batch == 1:
                    raise
                self.batch //= 2
            # Outside the handler, whose traceback would keep the batch that did not fit.
            torch.cuda.empty_cache()
            log.warning("out of memory: going on with batches of %d", self.batch)
