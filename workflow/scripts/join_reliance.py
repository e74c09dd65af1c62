"""What networks lose without the frequencies of their maps: the means over seeds."""

from frequency_shortcuts.storage.tables import read_tables, write_table
from study.job import script
from study.measures.reliance import over_seeds


@script
def main(snakemake, created_by):
    write_table(over_seeds(read_tables(snakemake.input)), snakemake.output[0])
