"""Join the files of all runs into the tables of a test, as its module says."""

from pathlib import Path

import pandas as pd

from frequency_shortcuts.storage.tables import read_table, write_tables
from study.job import script
from study.plan import Plan
from study.tests import TESTS


def read_tables(files):
    """The tables of all runs as one, or a table of the whole study; files that are no tables as they are."""
    if isinstance(files, str):
        return read_table(files)
    tables = files and files[0].endswith(".csv")
    return pd.concat(map(read_table, files), ignore_index=True) if tables else files


@script
def main(snakemake, created_by):
    given, params, plan = snakemake.input, snakemake.params, Plan(snakemake.config)
    test = TESTS[params.test]
    read = {key: read_tables(given.get(key)) for key in test.joined_files(plan)}
    tables = test.join(read, params.settings, plan) if test.join else {key: read[key] for key in test.tables}
    for path in map(Path, snakemake.output):
        table = tables[path.stem]
        write_tables([table] if isinstance(table, pd.DataFrame) else table, path)
