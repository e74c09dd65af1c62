"""Join the files of all runs into tables of the study, as the modules of tests say."""

from importlib import import_module
from pathlib import Path

import pandas as pd

from frequency_shortcuts.findings import study_tables
from frequency_shortcuts.storage.tables import read_table, write_tables
from study.job import script
from study.plan import Plan


def read_tables(files):
    """The tables of all runs as one, or a table of the whole study; files that are no tables as they are."""
    if isinstance(files, str):
        return read_table(files)
    return read_runs(files) if files and files[0].endswith(".csv") else files


def read_runs(paths):
    """The tables of all runs, one below the other."""
    return pd.concat(map(read_table, paths), ignore_index=True)


@script
def main(snakemake, created_by):
    """One CSV per table."""
    given, params = snakemake.input, snakemake.params
    plan, tables = Plan(snakemake.config), {}
    if weights := given.get("weights"):
        history = read_runs(given.history) if given.history else None
        tables["networks"] = study_tables.network_table(history, weights)
    if given.get("dynamics"):
        tables["dynamics"] = read_runs(given.dynamics)
    for name, settings in params.tests.items():
        test = import_module(f"study.tests.{name}").TEST
        read = {key: read_tables(given.get(f"{name}_{key}")) for key in test.joined_files(plan)}
        tables |= test.join(read, settings, plan) if test.join else {key: read[key] for key in test.tables}
    for path in map(Path, snakemake.output):
        table = tables[path.stem]
        write_tables([table] if isinstance(table, pd.DataFrame) else table, path)
