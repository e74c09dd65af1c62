"""The shortcut test of the maps of one network on another, of all planned pairs."""

import pandas as pd

from frequency_shortcuts.storage.files import replacing_hdf5
from frequency_shortcuts.storage.tables import write_table
from study.findings.study_tables import with_columns
from study.job import script
from study.tested_maps import measure_maps
from study.tested_networks import load_network, read_images


@script
def main(snakemake, created_by):
    """The class named for every planned pair of networks, mask and image, and a table of rates."""
    params, given, output = snakemake.params, snakemake.input, snakemake.output
    tables = []
    maps = list(given.maps)  # of each pair, those of the culling and of other methods
    with replacing_hdf5(output.hits) as file:
        for i, planned in enumerate(params.pairs):
            weights, store = given.weights[i], given.images[i]
            pair = {key: planned[key] for key in ("dataset", "maps_of", "tested_on")}
            methods = planned["tested_methods"]
            tested, maps = maps[: 1 + len(methods)], maps[1 + len(methods) :]
            network = load_network(weights, snakemake.config["device"])
            data = read_images(
                store,
                params.split,
                params.images_per_class,
                weights=weights,
                workers=snakemake.threads,
            )
            name = "{dataset}/{maps_of} on {dataset}/{tested_on}".format(**pair)
            group = file.create_group(f"pair{i}")
            table = measure_maps(group, network, data, tested, name, params, methods)
            group.attrs.update(pair)
            tables.append(with_columns(table, pair))
        file.attrs.update(percent=params.percent, split=params.split, created_by=created_by)
        write_table(pd.concat(tables), output.transfer)
