"""Measure the number of each network that the claims are about, from one table of this study."""

from pathlib import Path

import pandas as pd

from frequency_shortcuts.storage.hdf5 import read_hdf5
from frequency_shortcuts.storage.tables import read_table, write_table
from study.findings.numbers import Study, numbers
from study.job import script


def distinctiveness(paths):
    """How far each class of some data sets stands out in its spectrum, one row each."""
    tables = []
    for path in paths:
        with read_hdf5(path) as file:
            found = {"class": list(file.attrs["classes"]), "distinctiveness": file["distinctiveness"][:]}
            tables.append(pd.DataFrame({"dataset": Path(path).stem, **found}))
    return pd.concat(tables)


@script
def main(snakemake, created_by):
    given, params = snakemake.input, snakemake.params
    table = pd.concat(map(read_table, given.tables), ignore_index=True)
    if given.spectra:
        table = table.merge(distinctiveness(given.spectra), on=["dataset", "class"])
    write_table(numbers(snakemake.wildcards.table, table, Study(**params.study)), snakemake.output[0])
