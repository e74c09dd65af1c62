"""Measure what the claims are about, of each network, from one table of this study."""

from pathlib import Path

import numpy as np
import pandas as pd

from frequency_shortcuts.storage.hdf5 import read_hdf5
from frequency_shortcuts.storage.tables import read_tables, write_table
from study.findings.matrices import MATRICES, matrices
from study.findings.numbers import ADCS, DISTINCTIVENESS, Study, numbers
from study.job import script


def spectra_of_classes(paths):
    """How far each class of some data sets stands out in its spectrum, one row each."""
    tables = []
    for path in paths:
        with read_hdf5(path) as file:
            measures = {
                "class": list(file.attrs["classes"]),
                ADCS: np.abs(file["adcs"][:]).mean(axis=(1, 2)),
                DISTINCTIVENESS: file["distinctiveness"][:],
            }
        tables.append(pd.DataFrame({"dataset": Path(path).stem, **measures}))
    return pd.concat(tables)


@script
def main(snakemake, created_by):
    given, name = snakemake.input, snakemake.wildcards.table
    table = read_tables(given.tables)
    if given.spectra:
        table = table.merge(spectra_of_classes(given.spectra), on=["dataset", "class"])
    measure = matrices if name in MATRICES else numbers
    write_table(measure(name, table, Study(**snakemake.params.study)), snakemake.output[0])
