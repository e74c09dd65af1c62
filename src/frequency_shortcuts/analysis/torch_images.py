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
    found = as_array(labels)
    if found.dtype.kind in "USO":
        raise ValueError(
            f"labels are text or objects, such as {found.flat[:1].tolist()[0]!r}: expected the numbers of the classes"
        )
    if found.ndim == 2:
        raise ValueError(
            f"labels are {found.shape[0]} x {found.shape[1]}, as one-hot vectors are: expected the number of each "
            "image's class, as labels.argmax(1)"
        )
    if found.ndim != 1:
        raise ValueError(f"labels have {found.ndim} dimensions: expected one number for each image")
    if n_images is not None and len(found) != n_images:
        raise ValueError(f"there are {len(found)} labels for {n_images} images")
    if found.dtype.kind not in "biu":
        raise ValueError(f"labels are {found.dtype}: expected integers, the numbers of the classes, from 0")
    if len(found) and found.min() < 0:
        raise ValueError(f"labels begin at {found.min()}: expected the numbers of the classes, from 0")
    return found.astype(np.int64)


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
    images, of which alone an array is made. Of a DataLoader with a map-style Dataset, the order is drawn once from its
    sampler, and only batches with chosen images are read again; its own collate function makes them. Other loaders are
    read from the beginning each time.

    what : name of the images in errors; progress : whether a bar shows what is done

    Raises ValueError, in one sentence, for other batches, and for images or labels that differ at the second reading.
    """

    def __init__(self, loader: DataLoader[Any], what: str, *, progress: bool = False) -> None:
        self._loader, self._what, self._progress = loader, what, progress
        self._batches = _fixed_batches(loader)
        listed = self._listed_labels()
        labels, first = ([], []) if listed is None else self._scan(np.arange(PROBES)[: len(listed)])
        if listed is not None and labels and np.array_equal(np.concatenate(labels), listed[:PROBES]):
            labels = list(listed[:, None])
        else:  # also if a transform of the Dataset changes its labels
            labels, first = self._scan(None)
        if not labels:
            raise ValueError(f"{what}: the DataLoader is empty")
        self._bounds = np.cumsum([0, *map(len, labels)])  # of the batches
        self._first, self.labels = np.concatenate(first), np.concatenate(labels)
        self.shape, self.dtype = (len(self.labels), *self._first.shape[1:]), self._first.dtype

    def __len__(self) -> int:
        return len(self.labels)

    def _listed_labels(self) -> IntArray | None:
        """The labels that the Dataset lists, where each batch is an item; else None."""
        if self._batches is None or self._loader.collate_fn is not default_collate:
            return None
        listed = DatasetImages(self._loader.dataset, (1, 1), name=self._what).listed()
        return None if listed is None else listed[np.array(self._batches, np.int64).ravel()]

    def _scan(self, numbers: IntArray | None) -> tuple[list[IntArray], list[npt.NDArray[Any]]]:
        """The labels of some batches or of all, and the first images, at most `PROBES`."""
        labels: list[IntArray] = []
        first: list[npt.NDArray[Any]] = []
        for images, found in self._read(numbers):
            labels.append(found)
            if (missing := PROBES - sum(map(len, first))) > 0:
                first.append(images[:missing].copy())
            if images.shape[1:] != first[0].shape[1:]:
                raise ValueError(f"{self._what}: batch {len(labels) - 1} has another size; all images need one size")
        return labels, first

    def __getitem__(self, index: slice | IntArray) -> npt.NDArray[Any]:
        chosen = np.arange(len(self))[index]
        if not len(chosen) or chosen.max() < len(self._first):
            return self._first[chosen]
        order = np.argsort(chosen, kind="stable")
        ordered = chosen[order]
        wanted = np.union1d(chosen, np.arange(len(self._first)))
        batches = np.unique(np.searchsorted(self._bounds, wanted, side="right") - 1)
        numbers = np.arange(len(self._bounds) - 1) if self._batches is None else batches
        out = np.empty((len(chosen), *self.shape[1:]), self.dtype)
        n_read = 0
        for number, (images, labels) in zip(numbers, self._read(batches), strict=False):
            begin, end = self._bounds[number : number + 2].tolist()
            first = self._first[begin:end]
            same = images.shape[1:] == self.shape[1:] and np.array_equal(labels, self.labels[begin:end])
            if not (same and np.array_equal(images[: len(first)], first, equal_nan=True)):
                raise ValueError(self._changes())
            here = slice(*np.searchsorted(ordered, [begin, end]).tolist())
            out[order[here]] = images[ordered[here] - begin]
            n_read += 1
        if n_read < len(numbers):
            raise ValueError(self._changes())
        return out

    def _changes(self) -> str:
        return (
            f"{self._what}: the DataLoader gives other images or labels when it is read again: leave out its random "
            "augmentation, and shuffling"
        )

    def _read(self, numbers: IntArray | None) -> Iterator[tuple[npt.NDArray[Any], IntArray]]:
        """Images and labels, batch by batch: of some batches, or of all for None or if the order is not fixed."""
        loader = self._loader
        if self._batches is not None:
            some = self._batches if numbers is None else [self._batches[number] for number in numbers]
            loader = DataLoader(
                loader.dataset, batch_sampler=some, collate_fn=loader.collate_fn, num_workers=loader.num_workers,
                worker_init_fn=loader.worker_init_fn, multiprocessing_context=loader.multiprocessing_context,
            )  # fmt: skip
        title = f"reading {'labels' if numbers is None else 'chosen images'} of {self._what}"
        for batch in tqdm(loader, desc=title, unit="batch", leave=False, disable=None if self._progress else True):
            found = image_and_label(batch)
            if found is None or not isinstance(found[0], Tensor):
                raise ValueError(f"{self._what}: a batch is a {type(batch).__name__}: expected tensors, as {PAIR}")
            check_shape(found[0], self._what)
            yield found[0].detach().cpu().numpy(), checked_labels(found[1], len(found[0]))


def _fixed_batches(loader: DataLoader[Any]) -> list[list[Any]] | None:
    """The batches of a loader as lists of positions in its Dataset; None unless they describe what it reads.

    With the usual collate function a batch is no more than its items, so each item can be read alone.
    """
    if type(loader) is not DataLoader or isinstance(loader.dataset, IterableDataset) or loader.batch_sampler is None:
        return None
    batches = [list(batch) for batch in loader.batch_sampler]
    if loader.collate_fn is not default_collate:
        return batches
    items = dict.fromkeys(item for batch in batches for item in batch)  # a sampler may draw some more than once
    try:
        return [[item] for item in sorted(items)]  # the same order each time, however they were shuffled
    except TypeError:  # keys of some Datasets have no order
        return [[item] for item in items]
