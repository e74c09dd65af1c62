"""Test whether a network uses what was planted."""

from frequency_shortcuts.storage.tables import write_table
from study.job import run_name, script
from study.measures import planted_use, truth
from study.tested_networks import read_inputs, with_names


@script
def main(snakemake, created_by):
    """TPR from the planted mask, from its complement, and from random masks of its size, one row per class."""
    params = snakemake.params
    masks = truth.planted(snakemake.input.images)["own"]
    network, data, run = read_inputs(snakemake, params.split, params.images_per_class)
    table = planted_use.use(network, data, masks, params.seed, run=run_name(run), progress=True)
    write_table(with_names(table, data.classes), snakemake.output[0], **run)
