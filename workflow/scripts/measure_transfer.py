"""Try the maps of one network on another."""

import pandas as pd

from frequency_shortcuts.data import stores
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.weights import normalisation
from frequency_shortcuts.storage.tables import write_table
from measure_shortcuts import tested
from study.devices import take_device
from study.job import job


def main(snakemake):
    """TPR and FPR of every planned pair of networks, class, fill, filter and draw."""
    params, given = snakemake.params, snakemake.input
    with job(snakemake):
        device, rows = take_device(params.device), []
        for (source, target), maps, store, weights in zip(
            params.pairs, given.dfm, given.images, given.weights, strict=True
        ):
            masks = dfm.read_mask(maps, params.percent)
            dataset, maps_of = source.split("/", 1)
            run = {"dataset": dataset, "maps_of": maps_of, "tested_on": target.split("/", 1)[1]}
            statistics, threads = normalisation(weights), snakemake.threads
            data = stores.read(store, params.split, params.images_per_class, statistics=statistics, workers=threads)
            table = tested(architectures.load(weights, device), data, masks, params.settings, f"{source} on {target}")
            rows.append(pd.concat([pd.DataFrame(run, table.index), table], axis=1))
        write_table(pd.concat(rows), snakemake.output[0])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
