"""Join the tables of one test of all runs."""

from frequency_shortcuts.storage.tables import write_table
from study.job import job
from study.tables import read_runs


def main(snakemake):
    """One table, run below run."""
    with job(snakemake):
        write_table(read_runs(snakemake.input.tables), snakemake.output[0])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
