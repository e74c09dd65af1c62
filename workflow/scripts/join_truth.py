"""Maps and ADCS of all sets with a known truth, scored against the planted truth."""

import pandas as pd

from frequency_shortcuts.maps import dfm
from frequency_shortcuts.storage.hdf5 import read_hdf5
from frequency_shortcuts.storage.tables import read_table, write_table
from study.findings.study_tables import of_run
from study.job import run_of_path, script
from study.measures import truth


def scores(maps, store, spectra, percents, settings):
    """One row per class, truth, ranking and size of the maps of a run."""
    with read_hdf5(spectra) as file:
        adcs, significant = file["adcs"][:], file["adcs_significant"][:]
    found = dfm.read(maps)
    masks = {percent: dfm.read_mask(maps, percent) for percent in percents}
    of_maps = {"increments": found.score, "significant": significant}
    table = truth.score(found.rank, adcs, masks, truth.planted(store), **of_maps, **settings)
    return of_run(table, run_of_file(maps), found.attributes["classes"])


def run_of_file(maps):
    """The run of a file of maps."""
    return run_of_path(f"{maps.removesuffix('.h5')}/maps")


@script
def main(snakemake, created_by):
    """Without scores where the network does not use the planted mask."""
    given, params = snakemake.input, snakemake.params
    files = zip(given.dfm, given.stores, given.spectra, strict=True)
    table = pd.concat([scores(*of_run, params.percents, params.settings) for of_run in files])
    write_table(truth.only_where_used(table, read_table(given.use)), snakemake.output[0])
