"""The benchmark of the exchange test: the networks with what artefacts cost them, and the aims."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from benchmarks.draws import CLEAN
from benchmarks.leaks import judge
from frequency_shortcuts.storage.tables import RUN, read_table, write_table
from study.job import script

KEY = ["suite", "set", "architecture", "seed"]  # of a network
OF_ARTEFACT = ["artefact", "kind", "level", "share", "others", "called", "called_variance"]


def joined(files: Iterable[str], drawn: list[dict[str, Any]]) -> pd.DataFrame:
    """The tables of all networks as one, with the suite, the set and the architecture of each."""
    table = pd.concat(map(read_table, files), ignore_index=True)
    return table.merge(pd.DataFrame(drawn), on=RUN).drop(columns=RUN[:-1])


@script
def main(snakemake: Any, created_by: str) -> None:
    given = snakemake.input
    drawn = snakemake.params.networks
    exchanges, harm, data = (
        joined(files, drawn) for files in (given.exchanges, given.harm, given.data)
    )
    clean = harm["set"] == CLEAN
    own = harm.drop(columns="called_with")
    own.loc[clean, OF_ARTEFACT] = None
    networks = exchanges.fillna({"follows": ""}).merge(
        own.drop_duplicates([*KEY, "class"]), on=[*KEY, "class"]
    )
    judged = judge.with_harm(networks, harm[clean])
    planted = data.groupby(KEY)["kind"].transform("count") > 0
    data = data[(planted | (data["set"] == CLEAN)) & (data["suite"] == judge.CLOTHING)]
    tables = {
        "leaks_data": data,
        "leaks_data_aims": judge.judge_data(data),
        "leaks": judged,
        "leaks_aims": judge.judge(judged),
    }
    for name, path in snakemake.output.items():
        write_table(tables[name], path)
