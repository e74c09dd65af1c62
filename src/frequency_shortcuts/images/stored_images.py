"""Images in an HDF5 file that are read when they are indexed."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from frequency_shortcuts.spectrum.arrays import IntArray
from frequency_shortcuts.storage.files import AnyPath

from .splits import LazyImages

# Images per read by HDF5: it is slower with thousands in one call, and much slower with lists of indices.
NEIGHBOURS = 64


class Stored(LazyImages):
    """The images of one split of a store, uint8 [n, channels, H, W], read when they are indexed.

    chosen: positions in the split, int64 [n]. name: `images` or `stylised`. Images that lie in the file one after the
    other are mapped into memory; HDF5 reads all others. Reading raises ValueError if HDF5 cannot read an image.
    """

    def __init__(self, path: AnyPath, split: str, chosen: IntArray, name: str = "images") -> None:
        # It stays open: its name may later belong to another file.
        self._stored = h5py.File(path, "r")[split][name]
        self._mapped = _map_into_memory(self._stored)
        about = Path(self._stored.file.filename).stat()  # of a linked store, that of the images
        self._about = f"{path} {about.st_size} {about.st_mtime_ns}"
        self.chosen, self.image_shape = chosen, self._stored.shape[1:]
        self.dtype = np.dtype(np.uint8)

    def origin(self) -> tuple[object, ...]:
        """Path, size and time of the store when it was opened, and the positions in it."""
        return self._about, self._stored.name, self.chosen.tobytes()

    def _read(self, positions: IntArray) -> npt.NDArray[np.uint8]:
        if self._mapped is not None:
            return self._mapped[positions]
        try:
            return take_rows(self._stored, positions).astype(np.uint8, copy=False)
        except OSError as error:
            path, name = self._stored.file.filename, self._stored.name[1:]
            raise ValueError(f"{path} is damaged: {name} cannot be read ({error})") from error


def _map_into_memory(stored: h5py.Dataset) -> npt.NDArray[np.uint8] | None:
    """The pixels of a dataset in the file, if they are bytes that lie one after the other."""
    offset = stored.id.get_offset()
    if offset is None or stored.id.get_type() != h5py.h5t.STD_U8LE:
        return None
    return np.memmap(stored.file.filename, np.uint8, "r", offset, stored.shape)


def take_rows(stored: h5py.Dataset, chosen: IntArray) -> npt.NDArray[Any]:
    """The chosen rows [k] of an HDF5 dataset, in any order, read in runs of neighbours: [k, ...]."""
    ordered, place = np.unique(chosen, return_inverse=True)
    rows = np.empty((len(ordered), *stored.shape[1:]), stored.dtype)
    first = 0
    while first < len(ordered):
        run = ordered[first : first + NEIGHBOURS]
        end = first + int(np.count_nonzero(run - run[0] == np.arange(len(run))))
        rows[first:end] = stored[run[0] : ordered[end - 1] + 1]
        first = end
    return rows if np.array_equal(place, np.arange(len(rows))) else rows[place]
