"""Remove every two bands from the test images of networks and compare the confusion matrices."""

from devices import take_device
from frequency_shortcuts import images, networks, shortcuts, spectrum
from frequency_shortcuts.storage import write_table
from frequency_shortcuts.weights import normalisation
from job import each, identity, job, started


def main(snakemake):
    """One row a pair of bands, true class and called class."""
    params, given = snakemake.params, snakemake.input
    with job(snakemake):
        for output, store, weights in each(snakemake.output, given.images, given.weights):
            network = networks.load(weights, take_device(params.device))
            data = images.read(store, "test", statistics=normalisation(weights), workers=snakemake.threads)
            started()
            bands = spectrum.bands(*data.images.shape[-2:], params.band_edges)
            table = shortcuts.band_stop(
                network, data.images, data.labels, bands, len(data.classes), mean=data.mean, std=data.std
            )
            names = dict(enumerate(data.classes))
            table = table.replace({"true_class": names, "called_class": names})
            write_table(table, output, **identity(output))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
