"""Remove every two bands from the test images and compare the confusion matrices."""

from frequency_shortcuts import images, networks, shortcuts, spectrum
from frequency_shortcuts.storage import write_table
from job import identity, job, started


def main(snakemake):
    """One row a pair of bands, true class and called class."""
    with job(snakemake):
        network = networks.load(snakemake.input.weights, networks.pick_device(snakemake.params.device))
        data = images.read(snakemake.input.images, "test")
        seen, labels = data.tensors()
        started()
        bands = spectrum.bands(*seen.shape[-2:], snakemake.params.band_edges)
        table = shortcuts.band_stop(network, seen, labels, bands, len(data.classes))
        names = dict(enumerate(data.classes))
        table = table.replace({"true_class": names, "called_class": names})
        write_table(table, snakemake.output[0], **identity(snakemake.wildcards))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
