"""One row a network, and the learning dynamics of all that were trained."""

from frequency_shortcuts.storage.tables import read_tables, write_table
from study.findings.study_tables import network_table
from study.job import script


@script
def main(snakemake, created_by):
    given, output = snakemake.input, snakemake.output
    history = read_tables(given.history) if given.history else None
    write_table(network_table(history, given.weights), output.networks)
    if given.dynamics:
        write_table(read_tables(given.dynamics), output.dynamics)
