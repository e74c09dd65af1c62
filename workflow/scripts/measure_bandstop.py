"""Remove every two bands from the test images of a network and compare the confusion matrices."""

from frequency_shortcuts.data import stores
from frequency_shortcuts.evaluation import shortcuts
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.weights import normalisation
from frequency_shortcuts.spectrum import masks
from frequency_shortcuts.storage.tables import write_table
from study.devices import take_device
from study.job import identity, job


def main(snakemake):
    """One row a pair of bands, true class and called class."""
    params, given, output = snakemake.params, snakemake.input, snakemake.output[0]
    with job(snakemake):
        network = architectures.load(given.weights, take_device(params.device))
        data = stores.read(given.images, "test", statistics=normalisation(given.weights), workers=snakemake.threads)
        bands = masks.bands(*data.images.shape[-2:], params.band_edges)
        table = shortcuts.band_stop(network, data, bands)
        names = dict(enumerate(data.classes))
        table = table.replace({"true_class": names, "called_class": names})
        write_table(table, output, **identity(output))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
