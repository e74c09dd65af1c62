"""What is measured from hits that several tests keep in groups of one file."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pandas as pd

from frequency_shortcuts.shortcuts.cross import cross_matrix, own_map_advantage
from frequency_shortcuts.shortcuts.hits import read_hits_of_methods
from frequency_shortcuts.storage.hdf5 import read_hdf5
from study.findings.study_tables import of_run


def measured_by_group(
    paths: Iterable[str],
    about: Callable[[str, Any], Mapping[str, Any]],
    order: Callable[[str], Any] = str,
) -> dict[str, pd.DataFrame]:
    """The cross matrix and the own-map advantage with the maps of each `method`, of the groups of hits in some files.

    about : the columns that say of what a group of a file is; order : of their names
    """
    tables: dict[str, list[pd.DataFrame]] = {"cross_matrix": [], "advantage": []}
    for path in paths:
        with read_hdf5(path) as file:
            for name in sorted(file, key=order):
                group = file[name]
                classes = list(group.attrs["classes"])
                for method, hits in read_hits_of_methods(group).items():
                    columns = {**about(path, group), "method": method}
                    tables["cross_matrix"].append(of_run(cross_matrix(hits), columns, classes))
                    tables["advantage"].append(of_run(own_map_advantage(hits), columns, classes))
    return {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items()}
