"""Score maps and ADCS on all sets with a known truth against the planted truth."""

import pandas as pd

from frequency_shortcuts.evaluation import truth
from frequency_shortcuts.evaluation.usage import only_where_used
from frequency_shortcuts.findings.study_tables import of_run
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.storage.checksums import read_hdf5
from frequency_shortcuts.storage.tables import write_table
from study.job import RUN, job
from study.plan import Plan
from study.tables import read_joined


def main(snakemake):
    """One row per run, class, truth, ranking and size; without scores if the network does not use the planted mask."""
    params, given = snakemake.params, snakemake.input
    with job(snakemake):
        tables = []
        for run, maps, store, spectra in zip(params.runs, given.dfm, given.stores, given.spectra, strict=True):
            with read_hdf5(store) as file:
                truths = truth.planted(file)
            with read_hdf5(spectra) as file:
                adcs, significant = file["adcs"][:], file["adcs_significant"][:]
            frequency_maps = dfm.read(maps)
            table = truth.score(
                frequency_maps.rank, adcs, frequency_maps.masks, truths,
                increments=frequency_maps.loss_increment, significant=significant, **params.settings,
            )  # fmt: skip
            tables.append(of_run(table, run, frequency_maps.attributes["classes"]))
        use = read_joined(given.use, Plan(snakemake.config))
        use = use[[*RUN, "class", "uses"]]
        table = pd.concat(tables).merge(use, on=[*RUN, "class"], how="left", validate="many_to_one")
        write_table(only_where_used(table), snakemake.output[0])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
