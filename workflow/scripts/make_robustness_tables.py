"""Join the tests on filtered and corrupted images, and mark the classes with a strong shortcut."""

from frequency_shortcuts.findings import study_tables
from frequency_shortcuts.storage.tables import write_table
from study.job import job
from study.plan import Plan
from study.tables import read_joined, read_runs


def main(snakemake):
    """Two CSVs, one row per run, view and class."""
    given = snakemake.input
    with job(snakemake):
        write_table(read_runs(given.curves), snakemake.output.curves)
        corruptions = read_runs(given.corruptions)
        verdicts = read_joined(given.shortcuts, Plan(snakemake.config))
        write_table(study_tables.with_strong_shortcuts(corruptions, verdicts), snakemake.output.corruptions)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
