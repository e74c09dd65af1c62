"""Join the tables of all runs into one."""

from frequency_shortcuts.storage.tables import read_tables, write_table
from study.job import script


@script
def main(snakemake, created_by):
    write_table(read_tables(snakemake.input), snakemake.output[0])
