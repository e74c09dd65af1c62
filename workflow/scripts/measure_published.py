"""Test maps of a published tool in the same way, and on the same images, as our maps."""

import numpy as np

from frequency_shortcuts.maps import exchange
from frequency_shortcuts.storage.files import replacing_hdf5
from frequency_shortcuts.storage.tables import write_table
from study import shortcut_tests
from study.job import identity, job
from study.origin import origin_of
from study.testing import load_network, read_images


def main(snakemake):
    """The class named for every mask and image, and TPR and FPR of every class, part, fill, filter and draw."""
    params, given, output = snakemake.params, snakemake.input, snakemake.output
    with job(snakemake) as created_by:
        network, run = load_network(given.weights, params.device), identity(output.hits)
        data = read_images(
            given.images, params.split, params.images_per_class, weights=given.weights, workers=snakemake.threads
        )
        maps = exchange.read(given.maps, (len(data.classes), *data.images.shape[-2:]))
        if params.order:  # published tools order classes by the names of their folders
            maps = maps[np.argsort(params.order)]
        # The seeds depend only on the run, so that our maps and these get the same controls.
        hits = shortcut_tests.collect(network, data, maps, shortcut_tests.run_name(run), params.settings)
        origin = origin_of(output.hits, weights=given.weights, images=given.images)
        with replacing_hdf5(output.hits) as file:
            shortcut_tests.write(file, hits, data.classes, split=params.split, created_by=created_by, **origin)
        write_table(shortcut_tests.rates_of(hits, data.classes), output.published, **run)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
