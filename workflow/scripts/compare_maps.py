"""Compare the maps of every two runs of a data set, and those from two halves of the images."""

from frequency_shortcuts.evaluation import stability
from frequency_shortcuts.storage.tables import write_tables
from study.job import job


def main(snakemake):
    """One row per comparison, percentage and class."""
    params, given = snakemake.params, snakemake.input
    with job(snakemake):
        tables = stability.compare_files(params.runs, given.dfm, params.halved, given.halves, **params.settings)
        write_tables(tables, snakemake.output[0])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
