"""Checksums of HDF5 files: what was written is what is read, or an error names the file.

HDF5 ignores what follows its own end in a file. There stands a line of JSON with the CRC-32 of the bytes before it,
then the length of this line and a mark. It is verified before HDF5 opens the file, since HDF5 may loop for ever in a
damaged one. Datasets that are too large to be read as a whole are left out; they have checksums of their own.
"""

from __future__ import annotations

import contextlib
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import h5py

from .kinds import kind_of

MARK = b"frequency-shortcuts checksum\n"
LENGTH = 12  # digits
AT_ONCE = 2**24  # bytes to read in one call

Ranges = Sequence[tuple[int, int]]


class DamagedFile(ValueError):
    """A file does not hold what it must hold. Its message names the file, which `path` holds."""

    def __init__(self, path: str | os.PathLike[str], problem: str) -> None:
        super().__init__(path, problem)
        self.path, self.problem = os.fspath(path), problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}; make it again"


def append_checksum(path: str | os.PathLike[str], left_out: Ranges = ()) -> None:
    """Append the checksum to a complete file. left_out : first byte and end of each part that it leaves out."""
    size = Path(path).stat().st_size
    ranges = [(int(first), int(end)) for first, end in left_out]
    line = json.dumps({"crc32": _checksum(Path(path), size, ranges), "size": size, "left_out": ranges}).encode() + b"\n"
    with open(path, "ab") as file:
        file.write(line + f"{len(line):0{LENGTH}d}".encode() + MARK)


def verify_checksum(path: str | os.PathLike[str]) -> bool:
    """Whether a file has a checksum; one of another program has none. Raises DamagedFile if it does not match."""
    path = Path(path)
    end = path.stat().st_size
    with open(path, "rb") as file:
        file.seek(max(0, end - LENGTH - len(MARK)))
        tail = file.read()
        if tail[LENGTH:] != MARK:
            return False
        try:
            line_end = end - len(tail)
            start = max(0, line_end - int(tail[:LENGTH]))
            file.seek(start)
            written = json.loads(file.read(line_end - start))
            good = written["size"] == start and written["crc32"] == _checksum(path, start, written["left_out"])
        except (ValueError, KeyError, TypeError):  # the checksum itself is damaged
            good = False
    if not good:
        raise DamagedFile(path, "its contents do not match its checksum, the file is damaged")
    return True


def _checksum(path: Path, size: int, left_out: Ranges) -> int:
    """CRC-32 of the first `size` bytes of a file without some of its parts, and of where these are."""
    checksum = zlib.crc32(json.dumps([list(part) for part in left_out]).encode())
    with open(path, "rb") as file:
        first = 0
        for start, end in (*left_out, (size, size)):
            file.seek(first)
            while first < start and (piece := file.read(min(AT_ONCE, start - first))):
                checksum = zlib.crc32(piece, checksum)
                first += len(piece)
            first = end
    return checksum


@contextlib.contextmanager
def read_hdf5(path: str | os.PathLike[str]) -> Iterator[h5py.File]:
    """A verified HDF5 file to read from in the block, which does nothing else.

    Raises DamagedFile for a file that is empty, cut short or damaged, or that lacks what is read. A file of another
    program has no checksum, and is accepted.

    >>> with read_hdf5("adcs.h5") as file:
    ...     values = file["adcs"][:]
    """
    if kind := kind_of(path):
        raise ValueError(f"{path} is {kind}: expected an HDF5 file")
    try:
        verified = verify_checksum(path)
        file = h5py.File(path, "r")
    except FileNotFoundError:
        raise FileNotFoundError(f"no HDF5 file at {path}") from None
    except OSError as error:
        if error.errno is not None:  # of the system: a folder, or no permission
            raise
        problem = "it is empty" if not Path(path).stat().st_size else f"it is no whole HDF5 file ({error})"
        raise DamagedFile(path, problem) from error
    with file:
        try:
            if not verified:
                check_foreign(file)
            yield file
        except KeyError as error:
            raise DamagedFile(path, f"it lacks a part ({error.args[0]})") from error
        except (OSError, RuntimeError) as error:
            raise DamagedFile(path, f"it cannot be read, the file is damaged ({error})") from error


def check_foreign(file: h5py.File) -> None:
    """Raise DamagedFile for a file of this library, which must have a checksum."""
    if str(file.attrs.get("created_by", "")).startswith("frequency-shortcuts"):
        raise DamagedFile(file.filename, "it has no checksum: it was changed, or an earlier version wrote it")
