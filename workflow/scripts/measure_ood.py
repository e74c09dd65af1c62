"""Test the shortcuts of one network on every rendition of the test images."""

from pathlib import Path

import pandas as pd

from frequency_shortcuts.data import stores
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.weights import normalisation
from frequency_shortcuts.storage.tables import write_table
from measure_shortcuts import name_of, tested
from study.devices import take_device
from study.job import identity, job


def main(snakemake):
    """TPR of every rendition, class, fill, filter and draw."""
    params = snakemake.params
    with job(snakemake):
        network = architectures.load(snakemake.input.weights, take_device(params.device))
        maps = dfm.read_mask(snakemake.input.dfm, params.percent, weights=snakemake.input.weights)
        statistics = normalisation(snakemake.input.weights)
        tables, run = {}, identity(snakemake.output[0])
        for store in snakemake.input.images:
            twin = stores.read(store, "test", statistics=statistics, workers=snakemake.threads)
            tables[Path(store).stem] = tested(network, twin, maps, params.settings, name_of(run), false_positives=False)
        table = pd.concat(tables, names=["rendition"]).reset_index(level="rendition")
        table = table.drop(columns=["negatives", "fpr", "fpr_low", "fpr_high"])
        write_table(table, snakemake.output[0], **run)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
