"""Remove every two bands from the test images of a network and compare the confusion matrices."""

from frequency_shortcuts.evaluation import shortcuts
from frequency_shortcuts.spectrum import masks
from frequency_shortcuts.storage.tables import write_table
from study.job import identity, job
from study.testing import load_network, read_images, with_names


def main(snakemake):
    """One row per pair of bands, true class and called class."""
    params, given, output = snakemake.params, snakemake.input, snakemake.output[0]
    with job(snakemake):
        network = load_network(given.weights, params.device)
        data = read_images(given.images, "test", weights=given.weights, workers=snakemake.threads)
        table = shortcuts.band_stop(network, data, masks.bands(*data.images.shape[-2:], params.band_edges))
        write_table(with_names(table, data.classes, "true_class", "called_class"), output, **identity(output))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
