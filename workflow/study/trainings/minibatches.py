"""The training images of each iteration."""

import math
from collections.abc import Callable, Iterator

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

    If all images are in memory and fit on the device, they stay there. Other images are read while the network works.

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
        self._resident: Tensor | None = None
        if read is None and isinstance(data.images, np.ndarray):
            # Half of what is free.
            room = torch.cuda.mem_get_info(device)[0] / 2 if device.type == "cuda" else np.inf
            self._resident = (
                torch.from_numpy(data.images).to(device) if data.images.nbytes < room else None
            )

    def between(self, first: int, last: int) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches of the iterations first to last - 1, in order."""
        iterations = range(first, last)
        if self._resident is not None:
            for _, chosen in self._positions(iterations):
                batch = torch.from_numpy(chosen).to(self._device)
                yield self._resident[batch], self._labels[batch]
            return
        pinned = self._device.type == "cuda"
        for chosen, pixels in prefetched(
            lambda batch: (batch[1], self._read(*batch)), self._positions(iterations)
        ):
            raw = torch.from_numpy(pixels).pin_memory() if pinned else torch.from_numpy(pixels)
            yield (
                raw.to(self._device, non_blocking=True),
                self._labels[torch.from_numpy(chosen).to(self._device)],
            )

    def _positions(self, iterations: range) -> Iterator[tuple[int, IntArray]]:
        """(iteration, positions of its images)."""
        order = np.empty(0, np.int64)
        for iteration in iterations:
            epoch, step = divmod(iteration, self.per_epoch)
            if not step or iteration == iterations.start:
                order = np.random.default_rng([self._seed, epoch, 1]).permutation(self._size)
            yield iteration, order[step * self._batch_size : (step + 1) * self._batch_size]
