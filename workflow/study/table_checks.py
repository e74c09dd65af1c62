"""The tables of a study, read for its plan. They have no checksum: their runs are compared and their rows counted.

A table must hold the planned runs and no others. The runs of a data set must have equally many rows of each class,
part, fill and filter, and the classes of a run equally many rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from frequency_shortcuts.storage.checksums import DamagedFile
from frequency_shortcuts.storage.tables import read_table

from .catalogue import TABLES
from .description import NetworkTest
from .job import RUN, run_of_path
from .network_tests import TESTS
from .plan import Plan, Run

# Rows that differ in these have equally many peers.
UNITS = [*RUN, "method", "maps_of", "tested_on", "left", "right"]
COUNTED = ("class", "part", "fill", "filter")  # the keys of a table that is not of one test


def _tables_of_runs() -> Iterator[tuple[str, NetworkTest, tuple[str, ...]]]:
    """The stem of each table of a run, its test, and its keys."""
    for test in TESTS.values():
        for output in test.outputs.values():
            if output.keys:
                yield Path(output.path).stem, test, output.keys


# Table -> its runs, or none where they depend on more than the plan of runs. All other tables are only read.
PLANNED: Mapping[str, Callable[[Plan], list[Run]]] = {
    **{stem: test.runs for stem, test, _ in _tables_of_runs()},
    **{name: table.runs for name, table in TABLES.items() if table.runs},
}
KEYS = {stem: keys for stem, _, keys in _tables_of_runs()}


def read_joined(path: str, plan: Plan) -> pd.DataFrame:
    """A table of the whole study. Raises DamagedFile if it holds other runs than planned, or lacks rows of one."""
    table, planned = read_table(path), PLANNED.get(Path(path).stem)
    if planned:
        columns = [name for name in RUN if name in table]
        expected = {tuple(str(run[name]) for name in columns) for run in planned(plan)}
        if odd := sorted(expected ^ set(_texts(table, columns))) if expected else []:
            problem = "lacks" if odd[0] in expected else "holds, beside what is planned,"
            raise DamagedFile(path, f"it {problem} {' '.join(odd[0])}")
        if unit := _uneven(table, path):
            raise DamagedFile(path, f"it lacks rows of {' '.join(unit)}, or holds some twice")
    return table


def read_runs(paths: Iterable[str]) -> pd.DataFrame:
    """The tables of one test, each in the folder of its run, one below the other.

    Raises DamagedFile for the table of another run, and for one that lacks rows which the other tables have.
    """
    tables, path_of = [], {}
    for path in paths:
        table, run = read_table(path), tuple(map(str, run_of_path(path).values()))
        if _texts(table.reindex(columns=RUN), RUN) != [run]:
            raise DamagedFile(path, f"it must hold rows of {' '.join(run)}, and no others")
        tables.append(table)
        path_of[run] = path
    joined = pd.concat(tables, ignore_index=True)
    if unit := _uneven(joined, path):
        raise DamagedFile(path_of[unit[: len(RUN)]], f"it lacks rows of {' '.join(unit)}, or holds some twice")
    return joined


def _texts(table: pd.DataFrame, columns: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(map(str, values)) for values in table[list(columns)].drop_duplicates().itertuples(index=False)]


def _uneven(table: pd.DataFrame, path: str) -> tuple[str, ...]:
    """The first run, method or pair that has other numbers of rows than its peers; () if none has."""
    columns = [name for name in UNITS if name in table]
    keys = [name for name in KEYS.get(Path(path).stem, COUNTED) if name in table and name not in columns]
    of_classes = {"class", "true_class"}.intersection(keys) if "truth" not in table else set()
    counts: dict[tuple[str, ...], set[tuple[tuple[str, ...], int]]] = {}
    for row, count in table[[*columns, *keys]].value_counts(sort=False, dropna=False).items():
        values = tuple(map(str, row))
        counts.setdefault(values[: len(columns)], set()).add((values[len(columns) :], count))
    # Not all runs have the same methods, and networks with other batches have other iterations.
    shared = {"dataset", "method", "network" if "iteration" in table else ""}
    peers: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for unit in counts:
        peers.setdefault(tuple(v for v, name in zip(unit, columns, strict=True) if name in shared), []).append(unit)
    for units in peers.values():
        forms = Counter(frozenset(counts[unit]) for unit in units)
        usual = max(forms, key=lambda form: (forms[form], sum(count for _, count in form)))
        for unit in units:
            of_class: Counter[tuple[str, ...]] = Counter()  # a neutral class has no rows of the fill swap
            for key, count in counts[unit] if of_classes else ():
                of_key = dict(zip(keys, key, strict=True))
                of_class[of_key.get("fill", ""), *(of_key[name] for name in of_classes)] += count
            sizes = {(key[0], count) for key, count in of_class.items()}
            if counts[unit] != usual or len(sizes) > len(dict(sizes)):
                return unit
    return ()
