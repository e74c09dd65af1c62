"""Tests whose hits lie in groups of files: rates with draws averaged, cross matrices and own-map advantages."""

import re
from itertools import chain

from frequency_shortcuts.shortcuts.hits import read_hits_of_methods
from frequency_shortcuts.storage.hdf5 import read_hdf5
from frequency_shortcuts.storage.tables import read_tables, write_table
from study.findings.study_tables import mean_over_draws
from study.job import script
from study.measures.hits import cross_tables, join_by_name


def number_in(name):
    """The number of a pair of networks; 0 of a rendition, so that these stay in the order of their names."""
    return int(re.sub(r"\D", "", name) or 0)


def tables_of_file(path, columns):
    """The tables that follow from the hits of a file, with their names."""
    with read_hdf5(path) as file:
        for name in sorted(file, key=number_in):
            group = file[name]
            known = {"rendition": name, **file.attrs, **group.attrs}
            about = {key: known[key] for key in columns}
            yield from cross_tables(read_hits_of_methods(group), about, list(known["classes"]))


@script
def main(snakemake, created_by):
    given, columns = snakemake.input, snakemake.params.columns
    tables = join_by_name(chain.from_iterable(tables_of_file(path, columns) for path in given.hits))
    tables["rates"] = mean_over_draws(read_tables(given.rates), columns)
    for name, path in snakemake.output.items():
        write_table(tables[name], path)
