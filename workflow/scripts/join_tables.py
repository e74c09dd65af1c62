"""Join the tables of all runs into one."""

import pandas as pd

from frequency_shortcuts.storage.tables import read_table, write_table
from study.job import script


@script
def main(snakemake, created_by):
    write_table(pd.concat(map(read_table, snakemake.input), ignore_index=True), snakemake.output[0])
