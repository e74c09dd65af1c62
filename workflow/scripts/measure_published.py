"""Test maps that a published tool wrote as ours are tested, on the same images."""

import numpy as np

from frequency_shortcuts.data import stores
from frequency_shortcuts.maps import exchange
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.weights import normalisation
from frequency_shortcuts.storage.tables import write_table
from measure_shortcuts import name_of, tested
from study.devices import take_device
from study.job import identity, job


def main(snakemake):
    """TPR and FPR of every class, part, fill, filter and draw."""
    params, given = snakemake.params, snakemake.input
    with job(snakemake):
        network = architectures.load(given.weights, take_device(params.device))
        statistics, threads = normalisation(given.weights), snakemake.threads
        data = stores.read(given.images, params.split, params.images_per_class, statistics=statistics, workers=threads)
        maps = exchange.read(given.maps, (len(data.classes), *data.images.shape[-2:]))
        if params.order:  # theirs are in the order of the folders' names, ours in that of the classes
            maps = maps[np.argsort(params.order)]
        run = identity(snakemake.output[0])
        # The run's name alone: the controls of our maps and of these are drawn alike.
        table = tested(network, data, maps, params.settings, name_of(run))
        write_table(table, snakemake.output[0], **run)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
