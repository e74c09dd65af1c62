"""The shortcut test on renditions of the test images."""

from pathlib import Path

import pandas as pd

from frequency_shortcuts.storage.files import replacing_hdf5
from frequency_shortcuts.storage.tables import write_table
from study.job import run_name, run_of_path, script
from study.tested_maps import measure_maps
from study.tested_networks import load_network, read_images


@script
def main(snakemake, created_by):
    """The class named for every rendition, mask and image, and the rates of every class, fill, filter and draw."""
    params, given, output = snakemake.params, snakemake.input, snakemake.output
    network = load_network(given.weights, snakemake.config["device"])
    run = run_of_path(output.hits)
    tables = {}
    with replacing_hdf5(output.hits) as file:
        for path in given.images:
            data = read_images(path, "test", weights=given.weights, workers=snakemake.threads)
            rendition = Path(path).stem
            group = file.create_group(rendition)
            tables[rendition] = measure_maps(
                group, network, data, given.maps, run_name(run), params, params.methods
            )
        about = {
            "percent": params.percent,
            "seed_of_draws": params.settings["seed"],
            "created_by": created_by,
        }
        file.attrs.update(about, **run)
    write_table(
        pd.concat(tables, names=["rendition"]).reset_index(level="rendition"), output.ood, **run
    )
