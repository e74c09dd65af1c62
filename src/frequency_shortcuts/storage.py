"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import logging
import os
import shutil
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pandas as pd

log = logging.getLogger(__name__)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write to the yielded temporary name; it takes its place as `path` only if the block succeeds.

    Raises OSError (ENOSPC) with one sentence when the disk is full; what stood at `path` before stays.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays last, since some writers choose a format by it.
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        with _telling_of_a_full_disk(path):
            yield temporary
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def _telling_of_a_full_disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if disk_is_full(error):
            free = shutil.disk_usage(path.parent).free / 2**20
            raise OSError(
                errno.ENOSPC,
                f"the disk is full ({free:.0f} MiB free): free some space and start again, what is finished stays",
                str(path),
            ) from error
        raise


@contextlib.contextmanager
def replacing_hdf5(path: str | os.PathLike[str]) -> Iterator[WholeFile]:
    """An HDF5 file to write to, which takes its place as `path` only if the block succeeds; see `replacing`.

    A full disk is told of at the end of the block; who writes for long asks `check` now and then.
    """
    with replacing(path) as temporary, open(temporary, "w+b", buffering=0) as raw:
        guarded = _Guarded(raw)
        try:
            with WholeFile(guarded, "w") as file:
                file.guarded = guarded
                yield file
        finally:
            if guarded.refused:
                raise guarded.refused


class WholeFile(h5py.File):
    """An HDF5 file that `replacing_hdf5` is writing."""

    guarded: _Guarded

    def check(self) -> None:
        """Raise OSError if the system refused to write what was given so far."""
        if self.guarded.refused:
            raise self.guarded.refused


class _Guarded(io.RawIOBase):
    """A file that keeps the error when it cannot be written to, and takes in everything after it.

    HDF5 brings the whole process down when it cannot flush, on a full disk say.
    """

    def __init__(self, raw: io.FileIO) -> None:
        self._raw = raw
        self.refused: OSError | None = None

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._raw.seek(offset, whence)

    def tell(self) -> int:
        return self._raw.tell()

    def readinto(self, buffer: Any) -> int | None:
        return self._raw.readinto(buffer)

    def write(self, data: Any) -> int:
        rest = memoryview(data)
        try:
            while rest and self.refused is None:
                rest = rest[self._raw.write(rest) :]
        except OSError as error:
            self.refused = error
        return len(data)

    def truncate(self, size: int | None = None) -> int:
        return self._raw.truncate(size) if self.refused is None else size or 0


NAMES = ("dataset", "network", "augmentation", "rendition", "maps", "class", "true_class", "called_class")


def write_table(table: pd.DataFrame, path: str | os.PathLike[str], **constant: Any) -> None:
    """Write a tidy CSV, whole or not at all; `constant` columns come first."""
    table = pd.concat([pd.DataFrame(constant, table.index), table], axis=1)
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g")


def read_table(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read what `write_table` wrote: names stay text whatever they look like, and `none` or `NA` are names, too."""
    names = dict.fromkeys(NAMES, str)
    return pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=names)


def disk_is_full(error: BaseException) -> bool:
    """Whether an error says that no space is left."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def sha256(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Journal:
    """What the finished steps of a long computation gave, so that it can be taken up where it was killed.

    A file to which each step appends its key and an array. Taken up, the computation asks for the same steps in
    the same order and gets what was stored; a torn end, or the file of another computation, is dropped.
    Without a path nothing is stored.
    """

    def __init__(self, path: str | os.PathLike[str] | None, fingerprint: str = "") -> None:
        self._file: io.FileIO | None = None
        if path is None:
            return
        self._path = Path(path)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch()
        # Unbuffered: what a full disk refuses must not be tried again when the file is closed.
        self._file = open(path, "r+b", buffering=0)  # noqa: SIM115 (closed by __exit__)
        mine, theirs = fingerprint, self._read()
        if theirs is None or theirs[0] != mine:
            if theirs is not None:
                log.warning("%s belongs to another computation: starting anew", path)
            self._cut(0)
            self._append(mine, np.empty(0))

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()

    def step(self, key: str, compute: Callable[[], npt.NDArray]) -> npt.NDArray:
        """The array of the step `key`: what is stored, else what `compute` gives, which is stored."""
        if self._file is None:
            return compute()
        begin = self._file.tell()
        found = self._read()
        if found is not None and found[0] == key:
            return found[1]
        self._cut(begin)
        value = compute()
        self._append(key, value)
        return value

    def _read(self) -> tuple[str, npt.NDArray] | None:
        assert self._file is not None
        try:
            key, value, check = (np.load(self._file, allow_pickle=False) for _ in range(3))
            return (str(key), value) if int(check) == _checksum(value) else None
        except Exception:  # whatever numpy says of a torn record, or of a file that is none of ours
            return None

    def _append(self, key: str, value: npt.NDArray) -> None:
        assert self._file is not None
        record = io.BytesIO()  # numpy's own writer hides what the system says of a full disk
        for array in (np.array(key), value, np.array(_checksum(value))):
            np.save(record, array, allow_pickle=False)
        rest = record.getbuffer()
        with _telling_of_a_full_disk(self._path):
            while rest:
                rest = rest[self._file.write(rest) :]

    def _cut(self, at: int) -> None:
        assert self._file is not None
        self._file.seek(at)
        self._file.truncate()


def _checksum(value: npt.NDArray) -> int:
    return zlib.crc32(np.ascontiguousarray(value).data)
