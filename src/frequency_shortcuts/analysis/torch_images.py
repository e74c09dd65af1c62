"""The images of torch Datasets and DataLoaders, read when they are indexed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, default_collate
from tqdm import tqdm

from frequency_shortcuts.data.splits import check_images
from frequency_shortcuts.data.torch_dataset import PAIR, DatasetImages, image_and_label
from frequency_shortcuts.spectrum.arrays import IntArray, as_array

PROBES = 8  # images that are read twice, to see whether they change, and that are shown to the network first


def check_shape(images: Any, what: str = "images") -> None:
    """Raise ValueError unless these are images [n, channels, H, W]; images with the channels last are named."""
    shape = tuple(images.shape)
    if len(shape) == 4 and shape[3] in (1, 3, 4) and shape[1] not in (1, 3, 4):
        raise ValueError(
            f"{what} are {' x '.join(map(str, shape))}, with the channels last: expected [n, channels, H, W], as "
            "images.transpose(0, 3, 1, 2)"
        )
    check_images(images, what)


def checked_labels(labels: Any, n_images: int | None = None) -> IntArray:
    """Labels int64 [n]. Raises ValueError, in one sentence, for text, one-hot vectors and a wrong number."""
    numbers = as_array(labels)
    if numbers.ndim != 1:
        raise ValueError(
            f"labels are {' x '.join(map(str, numbers.shape))}: expected one number for each image, which "
            "labels.argmax(1) gives of one-hot vectors"
        )
    if n_images is not None and len(numbers) != n_images:
        raise ValueError(f"there are {len(numbers)} labels for {n_images} images")
    if numbers.dtype.kind not in "biu":
        raise ValueError(f"labels are {numbers.dtype}: expected integers, the numbers of the classes, from 0")
    if len(numbers) and numbers.min() < 0:
        raise ValueError(f"labels begin at {numbers.min()}: expected the numbers of the classes, from 0")
    return numbers.astype(np.int64)


class ItemImages:
    """The images of a Dataset of (tensor or array [channels, H, W], label), as they are, read when they are indexed."""

    def __init__(self, items: DatasetImages, what: str) -> None:
        self._items, self._what = items, what
        first = self._image(0)
        self.shape, self.dtype = (len(items), *first.shape), first.dtype
        check_shape(self, what)

    def __len__(self) -> int:
        return len(self._items)

    def _image(self, i: int) -> npt.NDArray[Any]:
        image = self._items.image(i)
        return image.detach().cpu().numpy() if isinstance(image, Tensor) else np.asarray(image)

    def __getitem__(self, index: slice | IntArray) -> npt.NDArray[Any]:
        chosen = np.arange(len(self))[index]
        out = np.empty((len(chosen), *self.shape[1:]), self.dtype)
        for place, i in enumerate(chosen.tolist()):
            image = self._image(i)
            if image.shape != self.shape[1:]:
                raise ValueError(f"{self._what}: item {i} has another size than item 0; all need one size")
            out[place] = image
        return out


class LoaderImages:
    """The images of a DataLoader [n, channels, H, W], read when they are indexed.

    The loader is read once for the `labels`, int64 [n], if its Dataset does not list them, and again for the chosen
    images, of which alone an array is made. If its batches are no more than the items of a map-style Dataset, each item
    comes once, in the order of the Dataset, and only chosen ones are read again. Other loaders are read from the
    beginning each time, in the order that their sampler draws first.

    what : name of the images in errors; progress : whether a bar shows what is done

    Raises ValueError, in one sentence, for other batches, and for labels that differ at the second reading.
    """

    def __init__(self, loader: DataLoader[Any], what: str, *, progress: bool = False) -> None:
        self._what, self._progress = what, progress
        self._loader, self._items = _in_fixed_order(loader)
        listed = self._listed_labels()
        labels: list[IntArray] = []
        first: npt.NDArray[Any] | None = None
        for images, batch_labels in self._read(self._loader, "labels"):
            first = images[:1] if first is None else first
            if images.shape[1:] != first.shape[1:]:
                raise ValueError(f"{what}: batch {len(labels)} has another size; all images need one size")
            if listed is not None and np.array_equal(batch_labels, listed[: len(batch_labels)]):
                labels = [listed]
                break
            listed = None  # a transform of the Dataset changes its labels
            labels.append(batch_labels)
        if first is None:
            raise ValueError(f"{what}: the DataLoader is empty")
        self.labels = np.concatenate(labels)
        self.shape, self.dtype = (len(self.labels), *first.shape[1:]), first.dtype

    def __len__(self) -> int:
        return len(self.labels)

    def _listed_labels(self) -> IntArray | None:
        """The labels that the Dataset lists, where each item can be read alone; else None."""
        if self._items is None:
            return None
        listed = DatasetImages(self._loader.dataset, (1, 1), name=self._what).listed()
        return None if listed is None else listed[self._items]

    def __getitem__(self, index: slice | IntArray) -> npt.NDArray[Any]:
        chosen = np.arange(len(self))[index]
        order = np.argsort(chosen, kind="stable")
        wanted = chosen[order]
        loader, places = self._loader, np.arange(len(self))  # of the images that the loader gives
        if self._items is not None:
            loader, places = _of_items(loader, self._items[wanted]), wanted
        out = np.empty((len(chosen), *self.shape[1:]), self.dtype)
        n_read, n_seen = 0, 0
        for images, labels in self._read(loader, "chosen images") if len(chosen) else ():
            here = places[n_seen : n_seen + len(labels)]
            if images.shape[1:] != self.shape[1:] or not np.array_equal(labels, self.labels[here]):
                break
            rows = slice(n_read, int(np.searchsorted(wanted, here[-1], side="right")))
            out[order[rows]] = images[np.searchsorted(here, wanted[rows])]
            n_read, n_seen = rows.stop, n_seen + len(labels)
            if n_read == len(chosen):
                break
        if n_read < len(chosen):
            raise ValueError(
                f"{self._what}: the DataLoader gives other labels when it is read again: leave out its shuffling"
            )
        return out

    def _read(self, loader: DataLoader[Any], title: str) -> Iterator[tuple[npt.NDArray[Any], IntArray]]:
        """Images and labels, batch by batch."""
        title = f"reading {title} of {self._what}"
        for batch in tqdm(loader, desc=title, unit="batch", leave=False, disable=None if self._progress else True):
            pair = image_and_label(batch)
            if pair is None or not isinstance(pair[0], Tensor):
                raise ValueError(f"{self._what}: a batch is a {type(batch).__name__}: expected tensors, as {PAIR}")
            check_shape(pair[0], self._what)
            yield pair[0].detach().cpu().numpy(), checked_labels(pair[1], len(pair[0]))


def _in_fixed_order(loader: DataLoader[Any]) -> tuple[DataLoader[Any], IntArray | None]:
    """A loader that gives the same batches at each reading, and its items if its batches are no more than these.

    Streams, and loaders of other classes, stay as they are.
    """
    if type(loader) is not DataLoader or isinstance(loader.dataset, IterableDataset) or loader.batch_sampler is None:
        return loader, None
    batches = [list(batch) for batch in loader.batch_sampler]
    items = np.unique([item for batch in batches for item in batch])  # some samplers draw an item twice
    if loader.collate_fn is default_collate and items.dtype.kind == "i":
        return _of_items(loader, items), items
    return _with_batches(loader, batches), None


def _of_items(loader: DataLoader[Any], items: IntArray) -> DataLoader[Any]:
    size = loader.batch_size or PROBES
    return _with_batches(loader, [items[i : i + size].tolist() for i in range(0, len(items), size)])


def _with_batches(loader: DataLoader[Any], batches: list[list[Any]]) -> DataLoader[Any]:
    return DataLoader(
        loader.dataset, batch_sampler=batches, collate_fn=loader.collate_fn, num_workers=loader.num_workers,
        worker_init_fn=loader.worker_init_fn, multiprocessing_context=loader.multiprocessing_context,
    )  # fmt: skip
