"""Compare networks that were trained to avoid shortcuts with those that were trained without augmentation."""

import pandas as pd

from frequency_shortcuts.evaluation.cure import cure_table
from frequency_shortcuts.storage.tables import write_table
from study.job import job
from study.plan import Plan
from study.table_checks import read_joined


def main(snakemake):
    """One row per data set, network, augmentation and measure."""
    given = snakemake.input
    chosen = pd.DataFrame(snakemake.params.networks, columns=["dataset", "network"])

    with job(snakemake):
        plan = Plan(snakemake.config)

        def read(name):
            path = getattr(given, name)
            return read_joined(path, plan).merge(chosen, on=["dataset", "network"]) if path else None

        tables = map(read, ("networks", "shortcuts", "ood", "corruptions"))
        write_table(cure_table(*tables), snakemake.output[0])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
