"""The rates of all runs on renditions, draws averaged, the cross matrices and the own-map advantages."""

from pathlib import Path

import pandas as pd

from frequency_shortcuts.storage.tables import RUN, read_table, write_table
from study.findings.study_tables import mean_over_draws
from study.job import run_of_path, script
from study.measures.hits import measured_by_group


def about(path, group):
    """The columns that say of what a group of hits is."""
    return {**run_of_path(path), "rendition": Path(group.name).name}


@script
def main(snakemake, created_by):
    given, output = snakemake.input, snakemake.output
    rates = pd.concat(map(read_table, given.ood), ignore_index=True)
    of_hits = measured_by_group(given.hits, about)
    write_table(mean_over_draws(rates, [*RUN, "rendition"]), output.ood)
    write_table(of_hits["advantage"], output.ood_advantage)
    write_table(of_hits["cross_matrix"], output.ood_cross_matrix)
