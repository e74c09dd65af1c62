"""Join the tests on filtered and corrupted images, and mark the classes with a strong shortcut."""

from frequency_shortcuts.findings import study_tables
from frequency_shortcuts.storage.tables import write_table
from study.expected_rows import ExpectedRows
from study.job import job
from study.plan import Plan


def main(snakemake):
    """Two CSVs, one row per run, view and class."""
    given = snakemake.input
    with job(snakemake):
        planned = ExpectedRows(Plan(snakemake.config), given.stores)
        write_table(planned.read_runs("curves", given.curves), snakemake.output.curves)
        corruptions = planned.read_runs("corruptions", given.corruptions)
        verdicts = planned.read_joined("shortcuts", given.shortcuts)
        write_table(study_tables.with_strong_shortcuts(corruptions, verdicts), snakemake.output.corruptions)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
