"""Remove every two bands from the test images and compare the confusion matrices."""

from devices import take_device
from frequency_shortcuts import images, networks, shortcuts, spectrum
from frequency_shortcuts.storage import write_table
from job import identity, job, started


def main(snakemake):
    """One row a pair of bands, true class and called class."""
    with job(snakemake):
        network = networks.load(snakemake.input.weights, take_device(snakemake.params.device))
        statistics = networks.normalisation(snakemake.input.weights)
        data = images.read(snakemake.input.images, "test", statistics=statistics, workers=snakemake.threads)
        started()
        bands = spectrum.bands(*data.images.shape[-2:], snakemake.params.band_edges)
        table = shortcuts.band_stop(
            network, data.images, data.labels, bands, len(data.classes), mean=data.mean, std=data.std
        )
        names = dict(enumerate(data.classes))
        table = table.replace({"true_class": names, "called_class": names})
        write_table(table, snakemake.output[0], **identity(snakemake.wildcards))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
