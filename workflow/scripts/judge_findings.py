"""Test the findings on the tables of this study."""

import numpy as np
import pandas as pd

from frequency_shortcuts.findings.definitions import MODULES
from frequency_shortcuts.findings.evidence import Tables
from frequency_shortcuts.findings.judge import judge
from frequency_shortcuts.storage.hdf5 import read_hdf5
from frequency_shortcuts.storage.tables import read_table, write_table
from study.job import commit_of, script


def classes_of(dataset, store, spectra):
    """One row a class: whether it is neutral, and how far it stands out in its spectrum."""
    with read_hdf5(store) as file:
        neutral = int(file["planted"].attrs["neutral"]) if "planted" in file else -1
    with read_hdf5(spectra) as file:
        return pd.DataFrame(
            {
                "dataset": dataset,
                "class": list(file.attrs["classes"]),
                "neutral": np.arange(len(file["distinctiveness"])) == neutral,
                "distinctiveness": file["distinctiveness"][:],
            }
        )


@script
def main(snakemake, created_by):
    """One row a finding, quantity and kind of networks; and the number of each network."""
    given, params = snakemake.input, snakemake.params
    names = ("networks", "advantages", "ood", "transfer", "dynamics", "band_stop", "graded", "flips")
    sets = zip(params.kinds, given.stores, given.spectra, strict=True)
    tables = Tables(
        kinds=params.kinds,
        classes=pd.concat([classes_of(*files) for files in sets], ignore_index=True),
        control_bands=params.control_bands,
        **{name: read_table(path) for name in names if (path := given.get(name))},
    )
    definitions = commit_of(f"src/frequency_shortcuts/{name}" for name in MODULES)
    findings, numbers = judge(tables, definitions)
    write_table(findings, snakemake.output.findings)
    write_table(numbers, snakemake.output.numbers)
