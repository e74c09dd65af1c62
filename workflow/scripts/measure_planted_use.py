"""Test whether a network uses what was planted in its data set."""

import h5py

from frequency_shortcuts.data import stores
from frequency_shortcuts.evaluation import truth, usage
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.weights import normalisation
from frequency_shortcuts.storage.tables import write_table
from measure_shortcuts import name_of
from study.devices import take_device
from study.job import identity, job


def main(snakemake):
    """TPR from the planted mask, from all but it, and from random masks of its size, one row a class."""
    params, given, output = snakemake.params, snakemake.input, snakemake.output[0]
    with job(snakemake):
        network, run = architectures.load(given.weights, take_device(params.device)), identity(output)
        with h5py.File(given.images) as file:
            planted = truth.planted(file)["own"]
        statistics, threads = normalisation(given.weights), snakemake.threads
        settings = params.settings
        data = stores.read(
            given.images, settings["split"], settings["images_per_class"], statistics=statistics, workers=threads
        )
        table = usage.planted_use(network, data, planted, seed=settings["seed"], run=name_of(run), progress=True)
        write_table(table.replace({"class": dict(enumerate(data.classes))}), output, **run)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
