"""Test whether the shortcuts of a network sit in the amplitudes or in the phases of their frequencies."""

from frequency_shortcuts.evaluation import phase
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.storage.tables import write_table
from study.job import identity, job
from study.shortcut_tests import run_name
from study.testing import load_network, read_images, with_names


def main(snakemake):
    """TPR and FPR of every class, region and kept part: both, the amplitudes or the phases."""
    params, given, output = snakemake.params, snakemake.input, snakemake.output[0]
    with job(snakemake):
        network, run = load_network(given.weights, params.device), identity(output)
        maps = dfm.read_mask(given.dfm, params.percent)
        data = read_images(
            given.images, params.split, params.images_per_class, weights=given.weights, workers=snakemake.threads
        )
        # The donors depend on the run and the seed alone, so that they are those of the shortcut tests.
        table = phase.measure(network, data, maps, run=run_name(run), progress=True, **params.settings)
        write_table(with_names(table, data.classes), output, **run)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
