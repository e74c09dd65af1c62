"""Give every claim its word, from the number of each network."""

import pandas as pd

from frequency_shortcuts.storage.tables import read_table, write_table
from study.findings.claims import judge
from study.findings.definitions import CLAIMS
from study.job import script


@script
def main(snakemake, created_by):
    given, output = snakemake.input, snakemake.output
    numbers = pd.concat(map(read_table, given.numbers), ignore_index=True)
    numbers = numbers.sort_values("claim", key=lambda claims: claims.map(list(CLAIMS).index), kind="stable")
    claims, variants = judge(numbers, snakemake.params.figures)
    write_table(claims, output.claims)
    write_table(variants, output.variants)
    write_table(numbers, output.numbers)
