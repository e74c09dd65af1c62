"""Compare networks that were trained to avoid shortcuts with those that were trained without augmentation."""

import pandas as pd

from frequency_shortcuts.evaluation.cure import cure_table
from frequency_shortcuts.storage.tables import write_table
from study.expected_rows import ExpectedRows
from study.job import job
from study.plan import Plan


def main(snakemake):
    """One row per data set, network, augmentation and measure."""
    given = snakemake.input
    chosen = pd.DataFrame(snakemake.params.networks, columns=["dataset", "network"])

    with job(snakemake):
        planned = ExpectedRows(Plan(snakemake.config), given.stores)

        def read(name):
            path = getattr(given, name)
            return planned.read_joined(name, path).merge(chosen, on=["dataset", "network"]) if path else None

        tables = map(read, ("networks", "shortcuts", "ood", "corruptions"))
        write_table(cure_table(*tables), snakemake.output[0])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
