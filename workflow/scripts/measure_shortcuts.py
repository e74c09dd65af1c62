"""Test the shortcuts of a network on other images than those that ranked its frequencies."""

from frequency_shortcuts.maps import dfm
from frequency_shortcuts.storage.tables import write_table
from study.job import identity, job
from study.shortcut_tests import measure_shortcuts, run_name
from study.testing import load_network, read_images


def main(snakemake):
    """TPR and FPR of every class, part, fill, filter and draw."""
    params, given, output = snakemake.params, snakemake.input, snakemake.output[0]
    with job(snakemake):
        network = load_network(given.weights, params.device)
        maps = dfm.read_mask(given.dfm, params.percent)
        data = read_images(
            given.images, params.split, params.images_per_class, weights=given.weights, workers=snakemake.threads
        )
        run = identity(output)
        write_table(measure_shortcuts(network, data, maps, run_name(run), params.settings), output, **run)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
