"""Images as chunks of an HDF5 dataset: a chunk is one image, deflated if that pays, or many images of a page or less.

HDF5 needs several microseconds per chunk, more than the Fourier transform of a small image takes, and it inflates one
chunk after the other. So small images share chunks, and images are read directly from their place in the file:
neighbours in one read, deflated images by several threads.
"""

from __future__ import annotations

import math
import os
import zlib
from array import array
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from frequency_shortcuts.storage.checksums import DamagedFile

RUN = 64  # images per read by HDF5: it is slower with thousands in one call, and much slower with lists of indices
SMALLEST_GAIN = 4096  # bytes, a page of most file systems: an image is deflated only if it saves this much
LEAST_SHARE = 0.25  # and only if it saves this share of its bytes: inflating takes longer than reading from a disk
NOT_DEFLATED = 1  # in a filter mask: the first filter was not applied
SHARED = 2**18  # greatest bytes of a chunk of small images: HDF5's own cache holds several
PER_THREAD = 2**20  # bytes per thread: for fewer, starting a thread takes longer than it saves
AT_ONCE = 2**30  # bytes to read in one call; systems allow less than 2 GiB


def images_per_chunk(shape: Sequence[int]) -> int:
    """Images per chunk of a dataset [n, channels, H, W]: one, or many that are never deflated."""
    nbytes = math.prod(shape[1:])
    return max(1, min(shape[0], SHARED // nbytes)) if 0 < nbytes <= SMALLEST_GAIN else 1


def pack(pixels: npt.NDArray[np.uint8]) -> tuple[bytes, int]:
    """An image [channels, H, W] as (a part of) a chunk with HDF5's gzip filter: its bytes and its filter mask."""
    gain = max(SMALLEST_GAIN, LEAST_SHARE * pixels.nbytes)
    if gain < pixels.nbytes:
        deflated = zlib.compress(pixels.data, 1)
        if pixels.nbytes - len(deflated) >= gain:
            return deflated, 0
    return pixels.tobytes(), NOT_DEFLATED


class Stored:
    """The images of one split of a store, uint8 [n, channels, H, W], read when they are indexed, by several threads.

    chosen: positions in the split, int64 [n]. name: `images` or `stylised`. Indices are slices and arrays of integers.
    If the split holds the CRC-32 of the images, they are verified. Reading raises DamagedFile if an image is damaged.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        split: str,
        chosen: npt.NDArray[np.int64],
        name: str = "images",
        workers: int = 1,
    ) -> None:
        self.path, self.split, self.name = path, split, name
        self._file = h5py.File(path, "r")
        try:
            group = self._file[split]
            self._stored = group[name]
            self._crc32 = group[f"{name}_crc32"][:] if f"{name}_crc32" in group else None
        except KeyError as error:  # a link without a target
            raise ValueError(f"{path}, split {split}: its {name} cannot be opened ({error.args[0]})") from error
        self.chosen, self.workers = chosen, max(1, workers)
        self.shape, self.dtype = (len(chosen), *self._stored.shape[1:]), np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self.chosen)

    def subset(self, chosen: npt.NDArray[np.int64]) -> Stored:
        """Some of the images, in that order."""
        some = copy(self)  # shares the open file: its name may now belong to another file
        some.chosen = self.chosen[chosen]
        some.shape = (len(some.chosen), *self.shape[1:])
        return some

    def origin(self) -> tuple[object, ...]:
        """The checksum of the store (else its path, size and time) and the positions in it."""
        about = Path(self._file.filename).stat()
        fallback = f"{self._file.filename} {about.st_size} {about.st_mtime_ns}"
        return str(self._file.attrs.get("checksum", fallback)), self._stored.name, self.chosen.tobytes()

    def __getitem__(self, index: slice | npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        positions = self.chosen[index]
        if self._chunks is not None:
            return self._chunks.read(positions, self.workers)
        try:
            images = take_rows(self._stored, positions).astype(np.uint8, copy=False)
        except OSError as error:
            problem = f"{self.split}/{self.name} cannot be read, the file is damaged ({error})"
            raise DamagedFile(self._stored.file.filename, problem) from error
        verify_images(images, positions, self._stored, self._crc32)
        return images

    @cached_property
    def _chunks(self) -> _Chunks | None:
        return _Chunks.of(self._stored, self._crc32)


def verify_images(
    images: npt.NDArray[np.uint8],
    positions: npt.NDArray[np.int64],
    stored: h5py.Dataset,
    crc32: npt.NDArray[np.uint32] | None,
) -> None:
    """Raise DamagedFile unless images [k, channels, H, W] at these positions [k] of a dataset have their CRC-32."""
    if crc32 is None:
        return
    for pixels, position, expected in zip(images, positions.tolist(), crc32[positions].tolist(), strict=True):
        if zlib.crc32(pixels.data) != expected:
            raise DamagedFile(
                stored.file.filename, f"image {position} of {stored.name[1:]}: it does not match its checksum"
            )


class _Chunks:
    """The place of each image of a dataset in its file: offset and size of its chunk, int64 [n], in bytes; and whether
    it is deflated.
    """

    @classmethod
    def of(cls, stored: h5py.Dataset, crc32: npt.NDArray[np.uint32] | None = None) -> _Chunks | None:
        """None for a dataset that HDF5 must read: its chunks are not whole images, or they have other filters."""
        made = stored.id.get_create_plist()
        readable = (
            stored.chunks is not None
            and stored.chunks[1:] == stored.shape[1:]
            and stored.id.get_type() == h5py.h5t.STD_U8LE
            and made.get_nfilters() == 1
            and made.get_filter(0)[0] == h5py.h5z.FILTER_DEFLATE
            and stored.file.driver == "sec2"  # whose handle is a file descriptor
            and stored.file.userblock_size == 0
            and hasattr(stored.id, "chunk_iter")  # not with an old HDF5
            and hasattr(os, "preadv")  # not on Windows
        )
        if not readable:
            return None
        found = array("q")  # not a list: a million objects slow the garbage collector down

        def note(chunk: h5py.h5d.StoreInfo) -> None:
            found.extend((chunk.chunk_offset[0], chunk.byte_offset, chunk.size, chunk.filter_mask))

        stored.id.chunk_iter(note)
        table = np.array(found, np.int64).reshape(-1, 4)
        _, offset, size, mask = table[table[:, 0].argsort()].T
        deflated = mask & NOT_DEFLATED == 0
        each = stored.chunks[0]
        if len(table) != math.ceil(len(stored) / each):  # HDF5 must fill in chunks that were never written
            return None
        if each > 1:
            if deflated.any():
                return None
            each = min(each, len(stored))  # a chunk may be longer than the dataset
            offset = np.add.outer(offset, math.prod(stored.shape[1:]) * np.arange(each)).ravel()[: len(stored)]
            size, deflated = (per_chunk.repeat(each)[: len(stored)] for per_chunk in (size, deflated))
        return cls(stored, offset, size, deflated, crc32)

    def __init__(
        self,
        stored: h5py.Dataset,
        offset: npt.NDArray[np.int64],
        size: npt.NDArray[np.int64],
        deflated: npt.NDArray[np.bool_],
        crc32: npt.NDArray[np.uint32] | None = None,
    ) -> None:
        self.offset, self.size = np.ascontiguousarray(offset), np.ascontiguousarray(size)
        self.deflated = deflated
        self.shape = stored.shape[1:]
        self.nbytes, self.chunk_bytes = math.prod(self.shape), math.prod(stored.chunks)
        self.name = f"{stored.file.filename}: {stored.name}"
        self._stored, self._crc32 = stored, crc32  # the dataset keeps the file open
        # HDF5's own file descriptor: the name of the file may now belong to another file.
        self._descriptor = stored.file.id.get_vfd_handle()

    def read(self, positions: npt.NDArray[np.int64], workers: int) -> npt.NDArray[np.uint8]:
        """The images at these positions [k], in any order: uint8 [k, channels, H, W].

        Raises DamagedFile if an image is damaged, and ValueError if the file was closed.
        """
        if not self._stored:
            raise ValueError(f"{self.name}: the file was closed")
        out = np.empty((len(positions), *self.shape), np.uint8)
        offset, size, deflated = self.offset[positions], self.size[positions], self.deflated[positions]
        damaged = np.flatnonzero(~deflated & (size != self.chunk_bytes))
        if len(damaged):  # HDF5 does not notice this
            at = damaged[0]
            raise self._damaged(positions[at], f"its chunk has {size[at]} bytes instead of {self.chunk_bytes}")
        follows = (np.diff(offset) == self.nbytes) & ~deflated[1:] & ~deflated[:-1]
        bounds = [0, *(np.flatnonzero(~follows) + 1).tolist(), len(positions)] if len(positions) else []

        def fetch(runs: Iterable[tuple[int, int]]) -> None:
            for first, last in runs:
                if deflated[first]:
                    out[first] = self._inflated(int(positions[first]))
                else:
                    self._fill(out[first:last], int(offset[first]))
                verify_images(out[first:last], positions[first:last], self._stored, self._crc32)

        runs = list(pairwise(bounds))
        workers = min(workers, len(runs), out.nbytes // PER_THREAD)
        if workers <= 1:
            fetch(runs)
        else:
            with ThreadPoolExecutor(workers) as pool:
                list(pool.map(fetch, (runs[start::workers] for start in range(workers))))
        return out

    def _damaged(self, position: int, problem: str) -> DamagedFile:
        return DamagedFile(self._stored.file.filename, f"image {position} of {self._stored.name[1:]}: {problem}")

    def _inflated(self, position: int) -> npt.NDArray[np.uint8]:
        raw = os.pread(self._descriptor, int(self.size[position]), int(self.offset[position]))
        try:
            pixels = zlib.decompress(raw, bufsize=self.nbytes)
        except zlib.error as error:
            raise self._damaged(position, f"it cannot be inflated ({error})") from error
        if len(pixels) != self.nbytes:
            raise self._damaged(position, f"{len(pixels)} bytes instead of {self.nbytes}")
        return np.frombuffer(pixels, np.uint8).reshape(self.shape)

    def _fill(self, out: npt.NDArray[np.uint8], offset: int) -> None:
        left = out.data.cast("B")
        while len(left):
            got = os.preadv(self._descriptor, [left[:AT_ONCE]], offset)
            if not got:
                raise DamagedFile(self._stored.file.filename, "it ends within an image")
            left, offset = left[got:], offset + got


def take_rows(stored: h5py.Dataset, chosen: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """The chosen rows [k] of an HDF5 dataset, in any order, read in runs of neighbours: [k, ...]."""
    ordered, place = np.unique(chosen, return_inverse=True)
    out = np.empty((len(ordered), *stored.shape[1:]), stored.dtype)
    first = 0
    while first < len(ordered):
        run = ordered[first : first + RUN]
        last = first + int(np.count_nonzero(run - run[0] == np.arange(len(run))))
        out[first:last] = stored[run[0] : ordered[last - 1] + 1]
        first = last
    return out if np.array_equal(place, np.arange(len(out))) else out[place]
