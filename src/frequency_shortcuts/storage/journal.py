"""The journal of a long computation, from which a later run resumes it."""

import contextlib
import errno
import io
import logging
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from .files import AnyPath, check_folder, explain_full_disk

try:
    import fcntl
except ImportError:  # not on Windows, which locks nothing here
    fcntl = None  # type: ignore[assignment]

log = logging.getLogger(__name__)

HEAD = b"\x93NUMPY\x01\x00v\x00{'descr': '<U"  # of the first array, which is a text


class Stopped(RuntimeError):
    """A long computation stopped on request. at: its progress; state: the file that it resumes from."""

    def __init__(self, at: str, state: AnyPath | None) -> None:
        kept = "nothing is stored"
        if state:
            kept = f"stored in {state}, from which the next run resumes"
        super().__init__(f"stopped at {at} on request: {kept}")


@dataclass(frozen=True)
class Work:
    """How a long computation is stored, stopped and shown.

    state : file of finished work, which is read at the start and goes on being written; that of another computation, or
        a broken end, is dropped. The caller deletes it after saving the result
    version : of the code, such as a digest of it; the state of another version is not resumed
    stop : called before each step; if it returns true, what is finished is stored, and `Stopped` is raised
    progress : show a bar on a terminal
    checkpoint_minutes : of a training, between two states
    """

    state: AnyPath | None = None
    version: str = ""
    stop: Callable[[], bool] | None = None
    progress: bool = False
    checkpoint_minutes: float = 2.0

    def stopped(self) -> bool:
        return self.stop is not None and self.stop()


class Journal:
    """The results of the steps of a long computation, from which it resumes after it was killed or stopped.

    Each finished step appends its key and an array to a file. A resumed computation does the same steps in the same
    order and gets the stored arrays. A torn or damaged end, or the file of another computation, is dropped. Without a
    path nothing is stored.

    Raises ValueError for a file that is no journal, and RuntimeError if another process uses the file, on file systems
    with locks.
    """

    def __init__(self, path: AnyPath | None, fingerprint: str = "") -> None:
        self._file: io.FileIO | None = None
        if path is None:
            return
        self._path = Path(path)
        check_state(self._path)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = locked(self._path)
        header = _read_record(self._file)
        if header is not None and header[0] == fingerprint:
            log.info("resumed from %s", path)
            return
        if header is not None:
            log.warning("%s belongs to another computation: starting anew", path)
        self._file.truncate(0)
        self._file.seek(0)
        self._append(fingerprint, np.empty(0))

    def __enter__(self) -> Self:
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
        """
        if self._file is not None:
            begin = self._file.tell()
            record = _read_record(self._file)
            if record is not None and record[0] == key and accept(record[1]):
                return record[1]
            self._file.truncate(begin)
            self._file.seek(begin)
        value = compute()
        if self._file is not None:
            self._append(key, value)
        return value

    def _append(self, key: str, value: npt.NDArray[Any]) -> None:
        assert self._file is not None
        record = io.BytesIO()  # numpy's own writer hides the error of a full disk
        for array in (np.array(key), value, np.array(_checksum(key, value))):
            np.save(record, array, allow_pickle=False)
        rest = record.getbuffer()
        with explain_full_disk(self._path):
            while rest:
                rest = rest[self._file.write(rest) :]


def check_state(path: AnyPath) -> None:
    """Raise an error if a journal cannot be at this path, or another file is there, which would be lost."""
    path = Path(path)
    check_folder(path.parent)
    if path.exists() and not _may_be_a_journal(path):
        raise ValueError(f"{path} is there and is no file of unfinished work: choose another name")


def _may_be_a_journal(path: Path) -> bool:
    """Whether a file begins as a journal does, or is empty or torn before that."""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return HEAD.startswith(file.read(len(HEAD)))
    return False


def locked(path: Path, result: AnyPath = "") -> io.FileIO:
    """Open and lock a file, until it is closed or its process ends; on file systems without locks, only open it.

    result : what the process that locks it makes, by default the file. Raises RuntimeError if another one has the lock
    """
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
            who = "another job, perhaps of an earlier run,"
            raise RuntimeError(
                f"{result or path}: {who} is still at work on it; wait for it, or end it"
            ) from None
    return file


def _read_record(file: io.FileIO) -> tuple[str, npt.NDArray[Any]] | None:
    """The record at the current position of a file, or None if it is not complete."""
    try:
        key = str(np.load(file, allow_pickle=False))
        value = np.load(file, allow_pickle=False)
        check = int(np.load(file, allow_pickle=False))
    except Exception:  # numpy raises various errors for a torn record or a foreign file
        return None
    if check != _checksum(key, value):
        return None
    return key, value


def _checksum(key: str, value: npt.NDArray[Any]) -> int:
    """Of all that a record says: its key, and dtype, shape and elements of its array."""
    about = repr((key, value.dtype.str, value.shape)).encode()
    return zlib.crc32(np.ascontiguousarray(value).data, zlib.crc32(about))
