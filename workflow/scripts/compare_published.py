"""Compare published numbers with ours."""

from frequency_shortcuts.findings import published_numbers
from frequency_shortcuts.storage.tables import read_table, write_table
from study.job import job


def main(snakemake):
    """One row per published number."""
    given = snakemake.input
    with job(snakemake):
        rates = published_numbers.rates_of_study(
            read_table(given.over_seeds),
            read_table(given.shortcuts),
            published_numbers.architectures(given.weights),
            snakemake.params.percent,
            external=read_table(given.published) if given.published else None,
            transfer=read_table(given.transfer) if given.transfer else None,
        )
        write_table(published_numbers.compare(read_table(given.numbers), rates), snakemake.output[0])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
