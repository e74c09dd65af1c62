"""The training images of each iteration."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from frequency_shortcuts.images.pictures import prefetched
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.spectrum.arrays import IntArray

# The images of an iteration at some positions [k]: uint8 [k, channels, H, W].
Read = Callable[[int, IntArray], npt.NDArray[np.uint8]]


class Minibatches:
    """Images uint8 and labels of every iteration, on a device. Seed and iteration determine the images of an iteration.

    Images that are not in memory are read while the network works.

    read : by default, the images as they are
    """

    def __init__(
        self,
        data: Split,
        batch_size: int,
        seed: int,
        device: torch.device,
        read: Read | None = None,
    ) -> None:
        self._size, self._batch_size, self._seed, self._device = len(data), batch_size, seed, device
        self._read = read or (lambda iteration, chosen: np.asarray(data.images[chosen]))
        # A last batch of a single image is left out: batch normalisation needs more than one.
        self.per_epoch = max(1, math.ceil((len(data) - 1) / batch_size))
        self._labels = torch.from_numpy(data.labels).to(device)
        self._in_memory = isinstance(data.images, np.ndarray)

    def between(self, first: int, last: int) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches of the iterations first to last - 1, in order."""
        positions = self._positions(range(first, last))
        batches: Iterator[Any] = map(self._read_batch, positions)
        if not self._in_memory:
            batches = prefetched(self._read_batch, positions)
        for chosen, pixels in batches:
            images = torch.from_numpy(pixels)
            if self._device.type == "cuda":
                images = images.pin_memory()
            labels = self._labels[torch.from_numpy(chosen).to(self._device)]
            yield images.to(self._device, non_blocking=True), labels

    def _read_batch(self, batch: tuple[int, IntArray]) -> tuple[IntArray, npt.NDArray[np.uint8]]:
        return batch[1], self._read(*batch)

    def _positions(self, iterations: range) -> Iterator[tuple[int, IntArray]]:
        """(iteration, positions of its images)."""
        order = np.empty(0, np.int64)
        for iteration in iterations:
            epoch, step = divmod(iteration, self.per_epoch)
            if not step or iteration == iterations.start:
                order = np.random.default_rng([self._seed, epoch, 1]).permutation(self._size)
            yield iteration, order[step * self._batch_size : (step + 1) * self._batch_size]
