"""Test the maps of one network on another."""

import pandas as pd

from frequency_shortcuts.maps import dfm
from frequency_shortcuts.storage.tables import write_table
from study.job import job
from study.shortcut_tests import measure_shortcuts
from study.testing import load_network, read_images


def main(snakemake):
    """TPR and FPR of every planned pair of networks, class, fill, filter and draw."""
    params, given = snakemake.params, snakemake.input
    with job(snakemake):
        rows = []
        for (source, target), path, store, weights in zip(
            params.pairs, given.dfm, given.images, given.weights, strict=True
        ):
            maps = dfm.read_mask(path, params.percent)
            data = read_images(store, params.split, params.images_per_class, weights=weights, workers=snakemake.threads)
            network = load_network(weights, params.device)
            table = measure_shortcuts(network, data, maps, f"{source} on {target}", params.settings)
            dataset, maps_of = source.split("/", 1)
            pair = {"dataset": dataset, "maps_of": maps_of, "tested_on": target.split("/", 1)[1]}
            rows.append(pd.concat([pd.DataFrame(pair, table.index), table], axis=1))
        write_table(pd.concat(rows), snakemake.output[0])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
