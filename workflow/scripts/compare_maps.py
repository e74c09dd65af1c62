"""Compare the maps of every two runs of a data set, and those that two halves of the images gave."""

import h5py
import pandas as pd

from frequency_shortcuts.evaluation import stability
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.storage.tables import write_table
from study.job import job, log


def main(snakemake):
    """One row a comparison, percentage and class."""
    params, settings = snakemake.params, snakemake.params.settings
    with job(snakemake):
        tables = []
        files = list(zip(params.runs, snakemake.input.dfm, strict=True))
        for dataset in dict.fromkeys(run["dataset"] for run in params.runs):
            runs, paths = zip(*((run, path) for run, path in files if run["dataset"] == dataset), strict=True)

            def maps(i, percent, paths=paths):
                return stability.summarised(dfm.read_mask(paths[i], percent))

            found = list(stability.compared(runs, maps, **settings))
            for run, path in zip(params.halved, snakemake.input.halves, strict=True):
                if run["dataset"] == dataset:
                    found += stability.compared_halves(run, *(half_of(path, half) for half in (0, 1)), **settings)
            with h5py.File(paths[0]) as file:
                classes = dict(enumerate(file.attrs["classes"]))
            tables += [table.assign(**{"class": table["class"].map(classes)}) for table in found]
            for table in tables[len(tables) - len(found) :]:
                table.insert(0, "dataset", dataset)
            log.info("%s: %d comparisons", dataset, len(found))
        write_table(pd.concat(tables), snakemake.output[0])


def half_of(path, half):
    """The maps of one half, by percentage."""
    return lambda percent: stability.summarised(stability.read_half(path, half, percent))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
