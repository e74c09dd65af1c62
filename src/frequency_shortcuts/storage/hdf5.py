"""HDF5 files of unknown origin, opened for reading: they must hold their data themselves, and errors name the file."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from .checksums import check_foreign, verify_checksum
from .kinds import kind_of

COMPRESSION = 1032  # the greatest ratio of deflate, HDF5's usual compression
_ITSELF = "expected a file that holds its data itself"


@contextmanager
def open_hdf5(path: str | os.PathLike[str], *, links: bool = False) -> Iterator[h5py.File]:
    """An HDF5 file, open for reading, whose data lies in the file itself.

    links : allow links into other files, as `stores.link` writes them; those files must then hold their data themselves

    Raises FileNotFoundError, and ValueError for a file that is not HDF5, for external links, external storage and
    virtual data sets, and for a data set that is too large for the file. Raises DamagedFile for a file of this library
    that does not match its checksum.

    >>> with open_hdf5("maps.h5") as file:
    ...     file["mask/top_5"].shape
    """
    if kind := kind_of(path):
        raise ValueError(f"{path} is {kind}: expected an HDF5 file")
    try:
        verified = verify_checksum(path)  # HDF5 may loop for ever in a damaged file
        file = h5py.File(path, "r")
    except FileNotFoundError:
        raise FileNotFoundError(f"no HDF5 file at {path}") from None
    except OSError as error:
        raise ValueError(f"{path} is not an HDF5 file, or not a whole one ({error})") from error
    with file:
        if not verified:
            check_foreign(file)
        with naming(path):
            others = _linked(file, path, links)
        for other in sorted(others):
            try:
                with open_hdf5(Path(path).parent / other):
                    pass
            except FileNotFoundError as error:
                raise FileNotFoundError(f"{path} links to {other}: {error}") from None
        yield file


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Inside the block, all that h5py raises for an odd or damaged file becomes a ValueError that names the file."""
    try:
        yield
    except Exception as error:  # h5py raises KeyError, TypeError, OSError, RuntimeError and more
        if isinstance(error, ValueError) and str(path) in str(error):
            raise
        reason = " ".join(str(error).split()).strip("'\"")
        raise ValueError(f"{path} does not hold what is expected ({type(error).__name__}: {reason})") from error


def _linked(file: h5py.File, path: str | os.PathLike[str], links: bool) -> set[str]:
    """The other files that a file links to. Raises ValueError for what is not allowed; see `open_hdf5`."""
    others: set[str] = set()
    size = Path(path).stat().st_size

    def refuse(name: str, link: Any) -> str | None:
        """Why a link of the file is refused; None if it is not. An exception would not leave h5py's loop."""
        if isinstance(link, h5py.ExternalLink):
            others.add(link.filename)
            return None if links else f"is a link to {link.path} in {link.filename}: {_ITSELF}"
        # Soft links stay in the file, since no external link is in it.
        if not isinstance(link, h5py.HardLink) or not isinstance(held := file[name], h5py.Dataset):
            return None
        if held.is_virtual:
            return f"is a virtual data set: {_ITSELF}"
        if held.external:
            return f"is stored outside, in {held.external[0][0]}: {_ITSELF}"
        if math.prod(held.shape or ()) * held.dtype.itemsize > COMPRESSION * size:
            return f"claims to be {held.dtype} {list(held.shape)}: expected no more than fits in {size:,} bytes"
        return None

    def visit(name: str, link: Any) -> str | None:
        why = refuse(name, link)
        return why and f"{path}: {name} {why}"

    if refused := file.visititems_links(visit):
        raise ValueError(refused)
    return others
