"""Test the maps of one network on another."""

import pandas as pd

from frequency_shortcuts.findings.study_tables import with_first
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.storage.files import replacing_hdf5
from frequency_shortcuts.storage.tables import write_table
from study import shortcut_tests
from study.job import FOLDER, identity, job
from study.testing import load_network, read_images


def main(snakemake):
    """The class named for every planned pair of networks, mask and image, and a table of rates."""
    params, given, output = snakemake.params, snakemake.input, snakemake.output
    with job(snakemake) as created_by, replacing_hdf5(output.hits) as file:
        tables = []
        files = zip(given.made_with, given.dfm, given.weights, given.images, strict=True)
        for i, (made_with, maps, weights, store) in enumerate(files):
            source, target = (FOLDER.format(**identity(end)) for end in (made_with, weights))
            masks, network = dfm.read_mask(maps, params.percent), load_network(weights, params.device)
            data = read_images(store, params.split, params.images_per_class, weights=weights, workers=snakemake.threads)
            name, n = f"{source} on {target}", len(params.methods)
            hits = shortcut_tests.collect(network, data, masks, name, params.settings)
            dataset, maps_of = source.split("/", 1)
            pair = {"dataset": dataset, "maps_of": maps_of, "tested_on": target.split("/", 1)[1]}
            group, others = file.create_group(f"pair{i}"), given.methods[i * n : (i + 1) * n]
            shortcut_tests.write(group, hits, data.classes, **pair)
            shortcut_tests.measure_methods(
                group, network, data, dict(zip(params.methods, others, strict=True)), params.percent, run=name,
                settings=params.method_settings,
            )  # fmt: skip
            table = shortcut_tests.rates_of(hits, data.classes)
            tables.append(with_first(table, pair))
        file.attrs.update(percent=params.percent, split=params.split, created_by=created_by)
        write_table(pd.concat(tables), output.transfer)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
