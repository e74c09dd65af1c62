"""HDF5 files, opened for reading: errors are one sentence that names the file."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h5py

from .files import AnyPath, kind_of


@contextmanager
def read_hdf5(path: AnyPath, *, own_data: bool = False) -> Iterator[h5py.File]:
    """An HDF5 file to read from in the block, which does nothing else.

    own_data : whether to refuse a file whose data lies in other files: external links and storage, virtual data sets

    Raises FileNotFoundError for a missing file, and ValueError for one that is no whole HDF5 file, or that does not
    hold what the block reads.
    """
    if kind := kind_of(path):
        raise ValueError(f"{path} is {kind}: expected an HDF5 file")
    try:
        file = h5py.File(path, "r")
    except FileNotFoundError:
        raise FileNotFoundError(f"no HDF5 file at {path}") from None
    except PermissionError:
        raise
    except OSError as error:
        raise ValueError(f"{path} is not an HDF5 file, or not a whole one ({error})") from error
    with file:
        try:
            if own_data and (outside := _what_leads_outside(file)):
                raise ValueError(f"{path}: {outside}: expected a file that holds its data itself")
            yield file
        except (
            Exception
        ) as error:  # h5py raises KeyError, TypeError, OSError, RuntimeError and more
            is_of_machine = isinstance(error, MemoryError) or getattr(error, "errno", None)
            names_the_file = isinstance(error, ValueError) and str(path) in str(error)
            if is_of_machine or names_the_file:
                raise
            reason = " ".join(str(error).split()).strip("'\"")
            raise ValueError(
                f"{path} does not hold what is expected ({type(error).__name__}: {reason})"
            ) from error


def read_classes(path: AnyPath) -> list[str]:
    """The names of the classes in a file of images, spectra or maps that the study wrote."""
    with read_hdf5(path) as file:
        return list(file.attrs["classes"])


def _what_leads_outside(file: h5py.File) -> str | None:
    """The first part of a file whose data lies in another file, and how it does so; None if there is none."""

    def visit(name: str, link: Any) -> str | None:  # an exception would not leave h5py's loop
        if isinstance(link, h5py.ExternalLink):
            return f"{name} is a link to {link.path} in {link.filename}"
        if isinstance(link, h5py.SoftLink):  # it stays in the file, which has no external link
            return None
        item = file[name]
        if isinstance(item, h5py.Dataset) and item.is_virtual:
            return f"{name} is a virtual data set"
        if isinstance(item, h5py.Dataset) and item.external:
            return f"{name} is stored outside, in {item.external[0][0]}"
        return None

    return file.visititems_links(visit)
