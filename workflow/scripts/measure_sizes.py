"""The rates of maps of every size, and of as many of the lowest frequencies."""

from frequency_shortcuts.maps import dfm
from frequency_shortcuts.shortcuts.test import measure_sizes
from frequency_shortcuts.storage.tables import write_table
from study.job import run_name, script
from study.tested_networks import read_inputs, with_names


@script
def main(snakemake, created_by):
    """One row per class, percent and filter."""
    params = snakemake.params
    network, data, run = read_inputs(snakemake, params.split, params.images_per_class)
    maps = {percent: dfm.read_mask(snakemake.input.dfm, percent) for percent in params.percents}
    table = measure_sizes(network, data, maps, run=run_name(run), progress=True, **params.settings)
    write_table(with_names(table, data.classes), snakemake.output[0], **run)
