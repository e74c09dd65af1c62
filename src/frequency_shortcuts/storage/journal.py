"""The journal of a long computation, from which a later run resumes it."""

from __future__ import annotations

import errno
import io
import logging
import math
import os
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from .files import explain_full_disk, remove_partial_files, replacing, set_aside

try:
    import fcntl
except ImportError:  # not on Windows, which locks nothing here
    fcntl = None  # type: ignore[assignment]

log = logging.getLogger(__name__)


class Stopped(RuntimeError):
    """A long computation stopped on request. at: its progress; state: the file that it resumes from."""

    def __init__(self, at: str, state: str | os.PathLike[str] | None) -> None:
        kept = f"stored in {os.fspath(state)}, from which the next run resumes" if state else "nothing is stored"
        super().__init__(f"stopped at {at} on request: {kept}")


class Journal:
    """The results of the steps of a long computation, from which it resumes after it was killed or stopped.

    Each finished step appends its key and an array to a file. A resumed computation does the same steps in the same
    order and gets the stored arrays. A torn or damaged end, or the file of another computation, is dropped. A long step
    may store a `checkpoint` from time to time, in a second file (its name ends in `.unfinished`). This file is replaced
    as a whole, and deleted when the step is finished; a resumed step reads it as its `partial_result`. Without a path
    nothing is stored.

    minutes : a checkpoint is stored if this much time has passed since the last write
    stop : called before a step is computed, and at each checkpoint. If it returns true, the checkpoint is stored and
        `Stopped` is raised

    Raises RuntimeError if another process uses the file, on file systems with locks.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None,
        fingerprint: str = "",
        *,
        minutes: float = math.inf,
        stop: Callable[[], bool] | None = None,
    ) -> None:
        self._path: Path | None = None
        self._file: io.FileIO | None = None
        self._minutes, self._stop, self._key = minutes, stop, ""
        self._partial: tuple[str, npt.NDArray[Any]] | None = None
        self._stored = time.monotonic()
        if path is None:
            return
        self._path, self._fingerprint = Path(path), fingerprint
        self._unfinished = self._path.with_name(f"{self._path.name}.unfinished")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        for place in (self._path, self._unfinished):
            if place.exists() and not place.is_file():
                log.warning("%s is not a file: it is kept as %s", place, set_aside(place))
        self._file = _locked(self._path)
        theirs = _read(self._file)
        if theirs is not None and theirs[0] == fingerprint:
            log.info("resumed from %s", path)
        else:
            if theirs is not None:
                log.warning("%s belongs to another computation: starting anew", path)
            self._truncate(0)
            self._append(fingerprint, np.empty(0))
        remove_partial_files(self._unfinished)
        if self._unfinished.exists():
            with open(self._unfinished, "rb") as file:
                self._partial = _read(file)
            if self._partial is None or not self._partial[0].startswith(f"{fingerprint}\n"):
                self._discard_partial()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()

    def step(
        self,
        key: str,
        compute: Callable[[], npt.NDArray[Any]],
        accept: Callable[[npt.NDArray[Any]], bool] = lambda _: True,
    ) -> npt.NDArray[Any]:
        """The array of the step `key`: the stored one, or else the result of `compute`, which is then stored.

        accept : whether a stored array belongs to this computation; if not, it is dropped with all that follows it

        Raises Stopped if `stop` returns true.
        """
        self._key = key
        if self._file is None:
            self.raise_if_stopped()
            return compute()
        begin = self._file.tell()
        found = _read(self._file)
        if found is not None and found[0] == key and accept(found[1]):
            if self._partial is not None and self._partial[0].startswith(self._name("")):
                self._discard_partial()  # the process was killed between the two writes
            return found[1]
        if found is not None and self._partial is not None:
            self._discard_partial()  # it belongs to the dropped step
        self._truncate(begin)
        self.raise_if_stopped()
        value = compute()
        self._append(key, value)
        if self._partial is not None:
            self._discard_partial()
        return value

    def partial_result(self, variant: str = "") -> npt.NDArray[Any] | None:
        """The last checkpoint of the current step in this `variant` of the computation, or None."""
        if self._partial is not None and self._partial[0] == self._name(variant):
            return self._partial[1]
        return None

    def checkpoint(self, snapshot: Callable[[], npt.NDArray[Any]], variant: str = "") -> None:
        """A step calls this from time to time: `snapshot()` is stored when a checkpoint is due.

        Raises Stopped if `stop` returns true.
        """
        stopped = self._stop is not None and self._stop()
        if self._path and (stopped or time.monotonic() - self._stored > 60 * self._minutes):
            self._partial = self._name(variant), snapshot()
            with replacing(self._unfinished) as temporary, open(temporary, "wb", buffering=0) as file:
                _write(file, *self._partial)
            self._stored = time.monotonic()
        if stopped:
            raise Stopped(self._key, self._path)

    def raise_if_stopped(self) -> None:
        """Raise Stopped if `stop` returns true."""
        if self._stop is not None and self._stop():
            raise Stopped(self._key, self._path)

    def _name(self, variant: str) -> str:
        return f"{self._fingerprint}\n{self._key}\n{variant}" if self._path else ""

    def _discard_partial(self) -> None:
        self._unfinished.unlink(missing_ok=True)
        self._partial = None

    def _append(self, key: str, value: npt.NDArray[Any]) -> None:
        assert self._file is not None and self._path is not None
        with explain_full_disk(self._path):
            _write(self._file, key, value)
        self._stored = time.monotonic()

    def _truncate(self, at: int) -> None:
        assert self._file is not None
        self._file.seek(at)
        self._file.truncate()


def _locked(path: Path) -> io.FileIO:
    """Open and lock a file, until it is closed or its process ends; on file systems without locks, only open it."""
    while True:
        path.touch()
        # Unbuffered: after a full disk, closing the file must not write again.
        file = open(path, "r+b", buffering=0)  # noqa: SIM115 (closed by the caller)
        try:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOLCK):
                file.close()
                if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                    raise
                raise RuntimeError(
                    f"{path}: another job, perhaps of an earlier run, is still at work on it; wait for it, or end it"
                ) from None
        if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
            return file
        file.close()  # its last owner has deleted it


def _read(file: BinaryIO | io.FileIO) -> tuple[str, npt.NDArray[Any]] | None:
    """The record at the current position of a file, or None if it is not complete."""
    try:
        key, value, check = (np.load(file, allow_pickle=False) for _ in range(3))
        return (str(key), value) if int(check) == _checksum(str(key), value) else None
    except Exception:  # numpy raises various errors for a torn record or a foreign file
        return None


def _write(file: io.FileIO, key: str, value: npt.NDArray[Any]) -> None:
    record = io.BytesIO()  # numpy's own writer hides the error of a full disk
    for array in (np.array(key), value, np.array(_checksum(key, value))):
        np.save(record, array, allow_pickle=False)
    rest = record.getbuffer()
    while rest:
        rest = rest[file.write(rest) :]


def _checksum(key: str, value: npt.NDArray[Any]) -> int:
    """Of all that a record says: its key, and dtype, shape and elements of its array."""
    about = repr((key, value.dtype.str, value.shape)).encode()
    return zlib.crc32(np.ascontiguousarray(value).data, zlib.crc32(about))
