"""Test maps of a published tool in the same way, and on the same images, as our maps."""

import numpy as np

from frequency_shortcuts.maps import exchange
from frequency_shortcuts.storage.tables import write_table
from study.job import identity, job
from study.shortcut_tests import measure_shortcuts, run_name
from study.testing import load_network, read_images


def main(snakemake):
    """TPR and FPR of every class, part, fill, filter and draw."""
    params, given, output = snakemake.params, snakemake.input, snakemake.output[0]
    with job(snakemake):
        network = load_network(given.weights, params.device)
        data = read_images(
            given.images, params.split, params.images_per_class, weights=given.weights, workers=snakemake.threads
        )
        maps = exchange.read(given.maps, (len(data.classes), *data.images.shape[-2:]))
        if params.order:  # published tools order classes by the names of their folders
            maps = maps[np.argsort(params.order)]
        # The seeds depend only on the run, so that our maps and these get the same controls.
        run = identity(output)
        write_table(measure_shortcuts(network, data, maps, run_name(run), params.settings), output, **run)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
