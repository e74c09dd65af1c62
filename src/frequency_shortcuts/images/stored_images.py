"""Images in an HDF5 file that are read when they are indexed."""

from concurrent.futures import ThreadPoolExecutor
from copy import copy
from pathlib import Path
from typing import Any, Self

import h5py
import numpy as np
import numpy.typing as npt

from frequency_shortcuts.spectrum.arrays import IntArray
from frequency_shortcuts.storage.files import AnyPath

RUN = 64  # images per read by HDF5: it is slower with thousands in one call, and much slower with lists of indices
PER_THREAD = 2**20  # bytes per thread: for fewer, starting a thread takes longer than it saves


class Stored:
    """The images of one split of a store, uint8 [n, channels, H, W], read when they are indexed, by several threads.

    chosen: positions in the split, int64 [n]. name: `images` or `stylised`. Indices are slices and arrays of integers.
    Images that lie in the file one after the other are mapped into memory; HDF5 reads all others. Reading raises
    ValueError if HDF5 cannot read an image.
    """

    def __init__(
        self, path: AnyPath, split: str, chosen: IntArray, name: str = "images", workers: int = 1
    ) -> None:
        self._file = h5py.File(path, "r")
        group = self._file[split]
        self._stored = group[name]
        offset, whole_bytes = (
            self._stored.id.get_offset(),
            self._stored.id.get_type() == h5py.h5t.STD_U8LE,
        )
        self._mapped: npt.NDArray[np.uint8] | None = None
        if offset is not None and whole_bytes:
            self._mapped = np.memmap(
                self._stored.file.filename, np.uint8, "r", offset, self._stored.shape
            )
        about = Path(self._stored.file.filename).stat()  # of a linked store, that of the images
        self._about = f"{path} {about.st_size} {about.st_mtime_ns}"
        self.chosen, self.workers = chosen, max(1, workers)
        self.shape, self.dtype = (len(chosen), *self._stored.shape[1:]), np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self.chosen)

    def subset(self, chosen: IntArray) -> Self:
        part = copy(self)  # shares the open file: its name may now belong to another file
        part.chosen = self.chosen[chosen]
        part.shape = (len(part.chosen), *self.shape[1:])
        return part

    def origin(self) -> tuple[object, ...]:
        """Path, size and time of the store when it was opened, and the positions in it."""
        return self._about, self._stored.name, self.chosen.tobytes()

    def __getitem__(self, index: slice | IntArray) -> npt.NDArray[np.uint8]:
        positions, mapped = self.chosen[index], self._mapped
        if mapped is None:
            try:
                return take_rows(self._stored, positions).astype(np.uint8, copy=False)
            except OSError as error:
                path, name = self._stored.file.filename, self._stored.name[1:]
                raise ValueError(f"{path} is damaged: {name} cannot be read ({error})") from error
        images = np.empty((len(positions), *self.shape[1:]), np.uint8)
        workers = max(1, min(self.workers, images.nbytes // PER_THREAD))
        bounds = np.linspace(0, len(positions), workers + 1).astype(int).tolist()

        def fetch(first: int, end: int) -> None:
            np.take(mapped, positions[first:end], axis=0, out=images[first:end], mode="wrap")

        if workers == 1:
            fetch(0, len(positions))
        else:
            with ThreadPoolExecutor(workers) as pool:
                list(pool.map(fetch, bounds[:-1], bounds[1:]))
        return images


def take_rows(stored: h5py.Dataset, chosen: IntArray) -> npt.NDArray[Any]:
    """The chosen rows [k] of an HDF5 dataset, in any order, read in runs of neighbours: [k, ...]."""
    ordered, place = np.unique(chosen, return_inverse=True)
    rows = np.empty((len(ordered), *stored.shape[1:]), stored.dtype)
    first = 0
    while first < len(ordered):
        run = ordered[first : first + RUN]
        end = first + int(np.count_nonzero(run - run[0] == np.arange(len(run))))
        rows[first:end] = stored[run[0] : ordered[end - 1] + 1]
        first = end
    return rows if np.array_equal(place, np.arange(len(rows))) else rows[place]
