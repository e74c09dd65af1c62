"""Join the tables of one test of all runs."""

from frequency_shortcuts.storage.tables import write_table
from study.expected_rows import ExpectedRows
from study.job import job
from study.plan import Plan


def main(snakemake):
    """One table, run below run."""
    given = snakemake.input
    with job(snakemake):
        planned = ExpectedRows(Plan(snakemake.config), given.stores)
        write_table(planned.read_runs(snakemake.params.test, given.tables), snakemake.output[0])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
