"""The training images of each iteration."""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from frequency_shortcuts.images.pictures import prefetched
from frequency_shortcuts.images.splits import Split


class Minibatches:
    """Images uint8 and labels of every iteration, on a device. Seed and iteration determine the images of an iteration.

    If all images are in memory and fit on the device, they stay there. Other images are read while the network works.

    stylised_share : share of the images of each batch that are replaced by their stylised twins

    Raises ValueError if there are no twins.
    """

    def __init__(
        self, data: Split, batch_size: int, seed: int, device: torch.device, stylised_share: float = 0.0
    ) -> None:
        if stylised_share and data.stylised is None:
            raise ValueError("the augmentation sin needs training images with stylised twins")
        self._data, self._batch_size, self._seed, self._device = data, batch_size, seed, device
        self._stylised_share = stylised_share
        self.per_epoch = iterations_per_epoch(len(data), batch_size)
        self._labels = torch.from_numpy(data.labels).to(device)
        self._resident: Tensor | None = None
        if not stylised_share and isinstance(data.images, np.ndarray):
            room = torch.cuda.mem_get_info(device)[0] / 2 if device.type == "cuda" else np.inf  # half of what is free
            self._resident = torch.from_numpy(data.images).to(device) if data.images.nbytes < room else None

    def between(self, first: int, last: int) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches of the iterations first to last - 1, in order."""
        iterations = range(first, last)
        if self._resident is not None:
            for _, chosen in self._positions(iterations):
                batch = torch.from_numpy(chosen).to(self._device)
                yield self._resident[batch], self._labels[batch]
            return
        pinned = self._device.type == "cuda"
        for chosen, pixels in prefetched(self._read, self._positions(iterations)):
            raw = pixels.pin_memory() if pinned else pixels
            yield raw.to(self._device, non_blocking=True), self._labels[torch.from_numpy(chosen).to(self._device)]

    def _positions(self, iterations: range) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
        """(iteration, positions of its images)."""
        order, order_epoch = np.empty(0, np.int64), -1
        for iteration in iterations:
            epoch, step = divmod(iteration, self.per_epoch)
            if epoch != order_epoch:
                order = np.random.default_rng([self._seed, epoch, 1]).permutation(len(self._data))
                order_epoch = epoch
            yield iteration, order[step * self._batch_size : (step + 1) * self._batch_size]

    def _read(self, batch: tuple[int, npt.NDArray[np.int64]]) -> tuple[npt.NDArray[np.int64], Tensor]:
        """The positions of a batch, and its images, of which some are stylised."""
        iteration, chosen = batch
        stylised = np.zeros(len(chosen), bool)
        if self._stylised_share:
            stylised = np.random.default_rng([self._seed, iteration, 2]).random(len(chosen)) < self._stylised_share
        pixels = np.empty((len(chosen), *self._data.images.shape[1:]), np.uint8)
        for images, places in ((self._data.images, ~stylised), (self._data.stylised, stylised)):
            if images is not None and places.any():
                pixels[places] = images[chosen[places]]
        return chosen, torch.from_numpy(pixels)


def iterations_per_epoch(n_images: int, batch_size: int) -> int:
    """Batches of an epoch. A last batch of a single image is left out: batch normalisation needs more than one."""
    return max(1, math.ceil((n_images - 1) / batch_size))
