"""What every dataset of the HDF5 files is: contents.csv, for the files themselves and for results/README.md."""

import csv
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import h5py


class Dataset(NamedTuple):
    """A dataset: the files that have it, the labels of its dimensions, its unit ("" for none), and what it holds."""

    files: str
    dims: tuple[str, ...]
    units: str
    description: str


_LABELS = {
    "u": "vertical frequency (cycles per image)",
    "v": "horizontal frequency (cycles per image)",
}


def _read_datasets() -> dict[str, Dataset]:
    """The rows of contents.csv by name: the end of the path in the file, where * stands for any name."""
    datasets = {}
    with Path(__file__).with_suffix(".csv").open(newline="") as file:
        for row in csv.DictReader(file):
            name = row.pop("name")
            dims = tuple(_LABELS.get(label, label) for label in row.pop("dims").split())
            datasets[name] = Dataset(dims=dims, **row)
    return datasets


DATASETS = _read_datasets()


def row_of(name: str, n_dims: int) -> Dataset:
    """The row of the dataset at a path, with so many dimensions. Raises ValueError if there is none."""
    longest_first = sorted(DATASETS.items(), key=lambda item: -item[0].count("/"))
    for end, row in longest_first:
        if PurePosixPath(name).match(end) and len(row.dims) == n_dims:
            return row
    raise ValueError(
        f"the dataset {name} [{n_dims} dimensions] has no description: add it to storage/contents.csv"
    )


def describe(file: h5py.File) -> None:
    """Give every dataset of a file labels of its dimensions, `units` and `description`; links are left as they are.

    Raises ValueError for a dataset that the table does not have.
    """

    def visit(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            row = row_of(name, item.ndim)
            text = row.description.replace("`", "")
            item.attrs["description"] = f"{text[0].upper()}{text[1:]}."
            if row.units:
                item.attrs["units"] = row.units
            for dimension, label in zip(item.dims, row.dims, strict=True):
                dimension.label = label

    file.visititems(visit)
