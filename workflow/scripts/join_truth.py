"""Maps and ADCS of all sets with a known truth, scored against the planted truth."""

import numpy as np
import pandas as pd

from frequency_shortcuts.maps import dfm
from frequency_shortcuts.storage.hdf5 import read_hdf5
from frequency_shortcuts.storage.tables import read_table, write_table
from study.findings.study_tables import of_run
from study.job import run_of_path, script
from study.measures import truth


def scores(maps, store, spectra, settings):
    """One row per class and ranking of a run."""
    found = dfm.read(maps)
    with read_hdf5(spectra) as file:
        rankings = {
            "dfm": -found.rank,
            "adcs": np.abs(file["adcs"][:]),
            "dfm_size": np.abs(found.score),
            "adcs_significant": np.abs(file["adcs_significant"][:]),
        }
    table = truth.score(rankings, truth.planted(store)["own"], **settings)
    run = run_of_path(f"{maps.removesuffix('.h5')}/maps")
    return of_run(table, run, found.attributes["classes"])


@script
def main(snakemake, created_by):
    """Without scores where the network does not use the planted mask."""
    given = snakemake.input
    files = zip(given.dfm, given.stores, given.spectra, strict=True)
    table = pd.concat([scores(*of_run, snakemake.params.settings) for of_run in files])
    write_table(truth.only_where_used(table, read_table(given.use)), snakemake.output[0])
