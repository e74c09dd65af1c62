"""Methods that find maps, scored against what was planted."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

import pandas as pd

from frequency_shortcuts.maps import dfm
from frequency_shortcuts.storage.tables import read_table, write_table
from study.findings.study_tables import of_run
from study.job import script
from study.measures import truth

COST = ("passes", "seconds", "resumed")


def scores(
    maps: Mapping[str, str], store: str, run: Mapping[str, Any], settings: Mapping[str, Any]
) -> pd.DataFrame:
    """One row per class, truth and method of a run. maps : files of maps by method"""
    found = {name: dfm.read(path) for name, path in maps.items()}
    ranked = {name: of_method.score.astype(float) for name, of_method in found.items()}
    cost = [
        {"method": name, **{key: one.attributes[key] for key in COST}}
        for name, one in found.items()
    ]
    table = truth.score_methods(ranked, truth.planted(store), **settings)
    table = table.merge(pd.DataFrame(cost), on="method", validate="many_to_one")
    return of_run(table, run, next(iter(found.values())).attributes["classes"])


@script
def main(snakemake: Any, created_by: str) -> None:
    """Without scores where the network is known not to use the planted mask."""
    given, params = snakemake.input, snakemake.params
    files = iter(given.maps)
    tables = []
    for run, methods, store in zip(params.runs, params.methods, given.stores, strict=True):
        maps = dict(zip(methods, islice(files, len(methods)), strict=True))
        tables.append(scores(maps, store, run, params.settings))
    table = pd.concat(tables)
    if given.use:
        use = pd.concat(map(read_table, given.use), ignore_index=True)
        tested = table["dataset"].isin(use["dataset"])
        table = pd.concat([truth.only_where_used(table[tested], use), table[~tested]])
    write_table(table, snakemake.output[0])
