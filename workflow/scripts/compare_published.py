"""Compare published numbers with ours."""

from frequency_shortcuts.findings import published_numbers
from frequency_shortcuts.storage.tables import read_table, write_table
from study.expected_rows import ExpectedRows
from study.job import job
from study.plan import Plan


def main(snakemake):
    """One row per published number."""
    given = snakemake.input
    with job(snakemake):
        planned = ExpectedRows(Plan(snakemake.config), given.stores)
        rates = published_numbers.rates_of_study(
            read_table(given.over_seeds),
            planned.read_joined("shortcuts", given.shortcuts),
            published_numbers.architectures(given.weights),
            snakemake.params.percent,
            external=read_table(given.published) if given.published else None,
            transfer=planned.read_transfer(given.transfer) if given.transfer else None,
        )
        write_table(published_numbers.compare(read_table(given.numbers), rates), snakemake.output[0])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
