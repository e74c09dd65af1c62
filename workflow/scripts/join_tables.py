"""Write the tables of all runs, one below the other."""

from frequency_shortcuts.storage.tables import read_table, write_tables
from study.job import job


def main(snakemake):
    """One table; the inputs have the same columns."""
    with job(snakemake):
        tables = [path for path in snakemake.input if path.endswith(".csv")]
        write_tables(map(read_table, tables), snakemake.output[0])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
