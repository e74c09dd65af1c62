"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import pandas as pd


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
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        if disk_is_full(error):
            free = shutil.disk_usage(path.parent).free / 2**20
            raise OSError(
                errno.ENOSPC,
                f"the disk is full ({free:.0f} MiB free): free some space and start again, what is finished stays",
                str(path),
            ) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_hdf5(path: str | os.PathLike[str]) -> Iterator[h5py.File]:
    """An HDF5 file to write to, which takes its place as `path` only if the block succeeds; see `replacing`.

    It is built in memory: HDF5 brings the whole process down when it cannot flush to a full disk.
    """
    with h5py.File(Path(path).name, "w", driver="core", backing_store=False) as file:
        yield file
        file.flush()
        content = file.id.get_file_image()
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_table(table: pd.DataFrame, path: str | os.PathLike[str], **constant: Any) -> None:
    """Write a tidy CSV, whole or not at all; `constant` columns come first."""
    table = pd.concat([pd.DataFrame(constant, table.index), table], axis=1)
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g")


def read_table(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read what `write_table` wrote: names of classes stay text, and `none` or `NA` are names, too."""
    names = dict.fromkeys(("class", "true_class", "called_class"), str)
    return pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=names)


def disk_is_full(error: BaseException) -> bool:
    """Whether an error says that no space is left."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def sha256(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
