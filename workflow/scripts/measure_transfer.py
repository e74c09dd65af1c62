"""The shortcut test of the maps of one network on another, of all planned pairs."""

from itertools import islice

import pandas as pd

from frequency_shortcuts.storage.files import replacing_hdf5
from frequency_shortcuts.storage.tables import write_table
from study.findings.study_tables import with_columns
from study.job import FOLDER, run_of_path, script
from study.tested_maps import measure_maps
from study.tested_networks import load_network, read_images


@script
def main(snakemake, created_by):
    """The class named for every planned pair of networks, mask and image, and a table of rates."""
    params, given, output = snakemake.params, snakemake.input, snakemake.output
    tables = []
    with replacing_hdf5(output.hits) as file:
        files, maps = zip(given.made_with, given.weights, given.images, params.methods, strict=True), iter(given.maps)
        for i, (made_with, weights, store, methods) in enumerate(files):
            source, target = (FOLDER.format(**run_of_path(end)) for end in (made_with, weights))
            network = load_network(weights, params.device)
            data = read_images(store, params.split, params.images_per_class, weights=weights, workers=snakemake.threads)
            dataset, maps_of = source.split("/", 1)
            pair = {"dataset": dataset, "maps_of": maps_of, "tested_on": target.split("/", 1)[1]}
            group, tested = file.create_group(f"pair{i}"), list(islice(maps, 1 + len(methods)))
            table = measure_maps(group, network, data, tested, f"{source} on {target}", params, methods)
            group.attrs.update(pair)
            tables.append(with_columns(table, pair))
        file.attrs.update(percent=params.percent, split=params.split, created_by=created_by)
        write_table(pd.concat(tables), output.transfer)
