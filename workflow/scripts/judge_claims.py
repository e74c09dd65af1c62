"""Give every claim its word, from the numbers and the matrices of each network."""

import pandas as pd

from frequency_shortcuts.storage.tables import read_table, write_table
from study.findings import matrices, numbers
from study.findings.claims import judge
from study.job import script


def joined(paths, columns):
    """The tables at some paths as one, also without a path."""
    return pd.concat([pd.DataFrame(columns=columns), *map(read_table, paths)], ignore_index=True)


@script
def main(snakemake, created_by):
    given, output = snakemake.input, snakemake.output
    of_networks = joined(given.numbers, numbers.COLUMNS)
    of_maps = joined(given.matrices, matrices.COLUMNS)
    parameters = read_table(given.networks).groupby("network")["parameters"].mean()
    claims, variants, classes = judge(of_networks, of_maps, parameters, snakemake.params.figures)
    write_table(claims, output.claims)
    write_table(variants, output.variants)
    write_table(classes, output.classes)
    write_table(of_networks, output.numbers)
    write_table(of_maps[of_maps["variant"].isna()], output.matrices)
