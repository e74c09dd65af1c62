"""Join the tests on filtered and corrupted images, and mark the classes with a strong shortcut."""

from pathlib import Path

from frequency_shortcuts.findings import study_tables
from frequency_shortcuts.storage.tables import read_table, write_table
from study.job import job


def main(snakemake):
    """Two CSVs, one row per run, view and class."""
    given = snakemake.input
    with job(snakemake):
        classes = {Path(path).stem: study_tables.classes_of(path) for path in given.stores}
        write_table(study_tables.read_runs("curves", given.curves, classes), snakemake.output.curves)
        corruptions = study_tables.read_runs("corruptions", given.corruptions, classes)
        verdicts = read_table(given.shortcuts)
        write_table(study_tables.with_strong_shortcuts(corruptions, verdicts), snakemake.output.corruptions)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
