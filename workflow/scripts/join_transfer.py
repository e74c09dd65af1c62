"""The rates of all pairs of networks, draws averaged, the cross matrices and the own-map advantages."""

from frequency_shortcuts.storage.tables import read_table, write_table
from study.findings.study_tables import mean_over_draws
from study.job import script
from study.measures.hits import measured_by_group

PAIR = ["dataset", "maps_of", "tested_on"]


def about(path, group):
    """The columns that say of what a group of hits is."""
    return {key: str(group.attrs[key]) for key in PAIR}


@script
def main(snakemake, created_by):
    given, output = snakemake.input, snakemake.output
    of_hits = measured_by_group([given.hits], about, order=len)
    write_table(mean_over_draws(read_table(given.transfer), PAIR), output.transfer)
    write_table(of_hits["advantage"], output.transfer_advantage)
    write_table(of_hits["cross_matrix"], output.transfer_cross_matrix)
