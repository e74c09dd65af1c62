"""Compare published numbers with ours."""

from frequency_shortcuts.findings import published_numbers
from frequency_shortcuts.storage.tables import read_table, write_table
from study.job import job
from study.plan import Plan
from study.tables import read_joined


def main(snakemake):
    """One row per published number."""
    given = snakemake.input
    with job(snakemake):
        plan = Plan(snakemake.config)
        rates = published_numbers.rates_of_study(
            read_joined(given.over_seeds, plan),
            read_joined(given.shortcuts, plan),
            published_numbers.architectures(given.weights),
            snakemake.params.percent,
            external=read_joined(given.published, plan) if given.published else None,
            transfer=read_joined(given.transfer, plan) if given.transfer else None,
        )
        write_table(published_numbers.compare(read_table(given.numbers), rates), snakemake.output[0])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
