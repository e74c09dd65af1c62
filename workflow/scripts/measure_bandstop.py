"""The band-stop test of Syn_1 to Syn_4: the confusion matrix without two bands of frequencies."""

from frequency_shortcuts.shortcuts.test import band_stop
from frequency_shortcuts.spectrum import masks
from frequency_shortcuts.storage.tables import write_table
from study.job import run_name, script
from study.tested_networks import read_inputs, with_names


@script
def main(snakemake, created_by):
    """One row per fill, pair of bands, true class and called class."""
    params = snakemake.params
    network, data, run = read_inputs(snakemake, "test")
    height, width = data.images.shape[-2:]
    bands = masks.bands(height, width, params.band_edges)
    table = band_stop(network, data, bands, seed=params.seed, run=run_name(run))
    write_table(
        with_names(table, data.classes, "true_class", "called_class"), snakemake.output[0], **run
    )
