"""What networks lose without the frequencies of their maps: the means over seeds."""

import pandas as pd

from frequency_shortcuts.storage.tables import read_table, write_table
from study.job import script
from study.measures.reliance import over_seeds


@script
def main(snakemake, created_by):
    of_runs = pd.concat(map(read_table, snakemake.input), ignore_index=True)
    write_table(over_seeds(of_runs), snakemake.output[0])
