"""The fields of a result in an HDF5 file: tables, arrays and pictures, so that a loaded result is the same."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np
import pandas as pd

from .exchanges import ExchangedImage

ARRAYS = ("before", "after", "difference", "logits_before", "logits_after")  # of a picture


def write_array(group: h5py.Group, name: str, values: Any) -> None:
    """Write an array, compressed."""
    group.create_dataset(name, data=np.asarray(values), compression="gzip", shuffle=True)


def write_json(group: h5py.Group, name: str, value: Any) -> None:
    """Write numbers, words and lists of these as JSON."""
    group[name] = json.dumps(value, default=np.ndarray.tolist)


def read_json(group: h5py.Group, name: str) -> Any:
    """What `write_json` wrote."""
    return json.loads(group[name].asstr()[()])


def write_frame(group: h5py.Group, name: str, table: pd.DataFrame) -> None:
    """Write a table with the types of its columns, to the last digit."""
    types = {column: str(kind) for column, kind in table.dtypes.items()}
    write_json(group, name, {"columns": table.to_dict("list"), "types": types})


def read_frame(group: h5py.Group, name: str) -> pd.DataFrame:
    """The table that `write_frame` wrote."""
    stored = read_json(group, name)
    return pd.DataFrame(stored["columns"], dtype=object).astype(stored["types"])


def write_object(group: h5py.Group, fields: Mapping[str, Any]) -> None:
    """Write the fields of an object: arrays as datasets, all others together as JSON."""
    others = dict(fields)
    for name, value in fields.items():
        if isinstance(value, np.ndarray):
            write_array(group, name, others.pop(name))
    write_json(group, "others", others)


def read_object(group: h5py.Group) -> dict[str, Any]:
    """The fields that `write_object` wrote."""
    arrays = {name: group[name][:] for name in group if name != "others"}
    return arrays | read_json(group, "others")


def write_pictures(group: h5py.Group, pictures: Sequence[ExchangedImage]) -> None:
    """Write pictures field by field: all of a result have one size."""
    rows = [picture._asdict() for picture in pictures]
    fields = {name: [row[name] for row in rows] for name in ExchangedImage._fields}
    arrays = {name: np.array(fields[name]) for name in ARRAYS}
    write_object(group, fields | arrays)


def read_pictures(group: h5py.Group) -> tuple[ExchangedImage, ...]:
    """The pictures that `write_pictures` wrote."""
    fields = read_object(group)
    columns = [fields[name] for name in ExchangedImage._fields]
    return tuple(map(ExchangedImage, *columns))
