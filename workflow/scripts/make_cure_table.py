"""Compare networks that were trained to avoid shortcuts with those that were trained without augmentation."""

import pandas as pd

from frequency_shortcuts.evaluation.cure import cure_table
from frequency_shortcuts.storage.tables import read_table, write_table
from study.job import job


def main(snakemake):
    """One row per data set, network, augmentation and measure."""
    given = snakemake.input
    chosen = pd.DataFrame(snakemake.params.networks, columns=["dataset", "network"])

    def read(path):
        return read_table(path).merge(chosen, on=["dataset", "network"]) if path else None

    with job(snakemake):
        tables = (read(path) for path in (given.networks, given.shortcuts, given.ood, given.corruptions))
        write_table(cure_table(*tables), snakemake.output[0])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
