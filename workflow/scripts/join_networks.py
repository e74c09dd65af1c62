"""One row a network, and the learning dynamics of all that were trained."""

import pandas as pd

from frequency_shortcuts.storage.tables import read_table, write_table
from study.findings.study_tables import network_table
from study.job import script


@script
def main(snakemake, created_by):
    given, output = snakemake.input, snakemake.output
    history = (
        pd.concat(map(read_table, given.history), ignore_index=True) if given.history else None
    )
    write_table(network_table(history, given.weights), output.networks)
    if given.dynamics:
        write_table(pd.concat(map(read_table, given.dynamics), ignore_index=True), output.dynamics)
