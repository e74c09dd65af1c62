"""Files that are written whole or not at all, and what lies at a path: only regular files are read."""

import contextlib
import errno
import glob
import io
import logging
import os
import re
import shutil
import socket
import stat
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py

from . import contents

log = logging.getLogger(__name__)

AnyPath = str | os.PathLike[str]
MACHINE = f"{zlib.crc32(socket.gethostname().encode()):08x}"  # in the names of partial files
ABANDONED_S = 3600  # a partial file of another machine that nothing wrote to for so long: its process was killed


def write_text(path: AnyPath, text: str) -> None:
    """Write a text file, whole or not at all; see `replacing`."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def replacing(path: AnyPath) -> Iterator[Path]:
    """Write to the yielded temporary name. The file is renamed to `path` only if the block succeeds.

    A killed process leaves this partial file, hidden beside `path`; the next call for the same path removes it (see
    `remove_partial_files`). Raises OSError (ENOSPC) with one sentence if the disk is full; an existing file at `path`
    then stays.
    """
    path = Path(path)
    check_folder(path.parent).mkdir(parents=True, exist_ok=True)
    remove_partial_files(path)
    # The suffix stays last, since some writers choose a format by it.
    temporary = path.with_name(f".{path.stem}.{MACHINE}-{os.getpid()}{path.suffix}")
    try:
        with explain_full_disk(path):
            yield temporary
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def check_folder(path: AnyPath) -> Path:
    """The path of a folder that is there or can be made. Raises NotADirectoryError if a file is in its place."""
    path = Path(path)
    for file in (path, *path.parents):
        if file.exists() and not file.is_dir():
            raise NotADirectoryError(
                f"{path} cannot be a folder, since {file} is a file: choose another name"
            )
    return path


def kind_of(path: AnyPath) -> str | None:
    """What a path is, in words, if it is no regular file, such as a FIFO, which may never end. None for a missing file.

    Raises OSError if that cannot be found out.
    """
    try:
        mode = Path(path).stat().st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return "a symbolic link that leads in a circle"
        raise
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a FIFO" if stat.S_ISFIFO(mode) else "a device or socket"


def remove_partial_files(path: Path) -> None:
    """Remove what killed processes left of `path` while they wrote it; a warning names what may still be written."""
    name = re.compile(rf"\.{re.escape(path.stem)}\.([0-9a-f]{{8}})-(\d+){re.escape(path.suffix)}")
    for partial in path.parent.glob(f".{glob.escape(path.stem)}.*"):
        match = name.fullmatch(partial.name)
        if match is None:
            continue
        machine, process = match[1], int(match[2])
        if (machine, process) == (MACHINE, os.getpid()):
            continue
        # Not found: it was finished, or another process removed it.
        with contextlib.suppress(FileNotFoundError):
            untouched = time.time() - partial.stat().st_mtime
            is_ours = machine == MACHINE
            was_killed = not _is_running(process) if is_ours else untouched > ABANDONED_S
            if was_killed:
                partial.unlink()
                # No warning: it would be printed into the notebook that writes the file.
                log.info("removed %s, the partial file of a killed process", partial)
            else:
                log.warning(
                    "%s is a partial file, perhaps of a process at work: delete it if there is none",
                    partial,
                )


def _is_running(process: int) -> bool:
    """Whether a process of this machine runs; on Windows always true, since signal 0 would end it."""
    try:
        if os.name == "posix":
            os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # the process of another user
        pass
    return True


@contextlib.contextmanager
def explain_full_disk(path: Path) -> Iterator[None]:
    """Inside the block, the error of a full disk is one sentence that names `path`."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        free = shutil.disk_usage(path.parent).free / 2**20
        words = f"the disk is full ({free:.0f} MiB free): free some space and start again, what is finished stays"
        raise OSError(errno.ENOSPC, words, str(path)) from error


@contextlib.contextmanager
def replacing_hdf5(path: AnyPath) -> Iterator["WholeFile"]:
    """An HDF5 file to write to, which is renamed to `path` only if the block succeeds; see `replacing`.

    At the end, every dataset gets its description (see `contents.describe`). A full disk raises an error at the end
    of the block; call `check` from time to time to get the error earlier.
    """
    with replacing(path) as temporary, open(temporary, "w+b", buffering=0) as raw:
        guarded = _Guarded(raw)
        try:
            with WholeFile(guarded, "w") as file:
                file.guarded = guarded
                yield file
                contents.describe(file)
        finally:
            if guarded.refused:
                raise guarded.refused


class WholeFile(h5py.File):  # type: ignore[misc]  # h5py has no types
    """An HDF5 file that `replacing_hdf5` is writing."""

    guarded: "_Guarded"

    def check(self) -> None:
        """Raise OSError if an earlier write failed."""
        if self.guarded.refused:
            raise self.guarded.refused


class _Guarded:
    """A file that keeps the first error of a write, and then writes nothing: HDF5 ends a process that cannot flush."""

    def __init__(self, raw: io.FileIO) -> None:
        self._raw = raw
        self.refused: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

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
