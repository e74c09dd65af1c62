"""Test whether a network uses the planted frequencies of its data set."""

from frequency_shortcuts.evaluation import truth, usage
from frequency_shortcuts.storage.checksums import read_hdf5
from frequency_shortcuts.storage.tables import write_table
from study.job import identity, job
from study.shortcut_tests import run_name
from study.testing import load_network, read_images, with_names


def main(snakemake):
    """TPR from the planted mask, from its complement, and from random masks of its size, one row per class."""
    params, given, output = snakemake.params, snakemake.input, snakemake.output[0]
    settings = params.settings
    with job(snakemake):
        network, run = load_network(given.weights, params.device), identity(output)
        with read_hdf5(given.images) as file:
            planted = truth.planted(file)["own"]
        data = read_images(
            given.images,
            settings["split"],
            settings["images_per_class"],
            weights=given.weights,
            workers=snakemake.threads,
        )
        table = usage.planted_use(network, data, planted, seed=settings["seed"], run=run_name(run), progress=True)
        write_table(with_names(table, data.classes), output, **run)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
