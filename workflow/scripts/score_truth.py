"""Score the maps of every network on a synthetic set, and ADCS, against what was planted."""

import h5py
import pandas as pd

from frequency_shortcuts import dfm, truth
from frequency_shortcuts.storage import write_table
from job import RUN, job


def main(snakemake):
    """One row a run, class, truth, ranking and percentage."""
    params, given = snakemake.params, snakemake.input
    with job(snakemake):
        tables = []
        for run, maps, store, spectra in zip(params.runs, given.dfm, given.stores, given.spectra, strict=True):
            with h5py.File(store) as file, h5py.File(spectra) as values:
                truths, adcs = truth.planted(file), values["adcs"][:]
            found = dfm.read(maps)
            table = truth.score(found.rank, adcs, found.masks, truths, draws=params.draws, seed=params.seed)
            table["class"] = table["class"].map(dict(enumerate(found.attributes["classes"])))
            tables.append(pd.concat([pd.DataFrame({name: run[name] for name in RUN}, table.index), table], axis=1))
        write_table(pd.concat(tables), snakemake.output[0])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
