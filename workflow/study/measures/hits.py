"""What is measured from the hits of one network, or pair of networks, with the maps of several methods."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from frequency_shortcuts.shortcuts.cross import cross_matrix, own_map_advantage
from frequency_shortcuts.shortcuts.hits import Hits
from study.findings.study_tables import of_run


def cross_tables(
    hits_of: Mapping[str, Hits], about: Mapping[str, Any], classes: Sequence[str]
) -> Iterator[tuple[str, pd.DataFrame]]:
    """The cross matrix and the own-map advantage with the maps of each method, each with its name.

    about : the columns that say of what the hits are
    """
    for method, hits in hits_of.items():
        columns = {**about, "method": method}
        yield "cross_matrix", of_run(cross_matrix(hits), columns, classes)
        yield "own_map_advantage", of_run(own_map_advantage(hits), columns, classes)


def join_by_name(tables: Iterable[tuple[str, pd.DataFrame]]) -> dict[str, pd.DataFrame]:
    """One table of each name, from tables with names."""
    parts: dict[str, list[pd.DataFrame]] = {}
    for name, table in tables:
        parts.setdefault(name, []).append(table)
    return {name: pd.concat(found, ignore_index=True) for name, found in parts.items()}
