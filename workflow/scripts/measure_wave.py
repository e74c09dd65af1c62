"""Test what tells that a class hangs on the wave in its images: without it, and with its frequencies exchanged."""

from frequency_shortcuts.evaluation.usage import wave_rates
from frequency_shortcuts.storage.checksums import read_hdf5
from frequency_shortcuts.storage.tables import write_table
from study.job import identity, job
from study.shortcut_tests import run_name
from study.testing import load_network, read_with_and_without, with_names


def main(snakemake):
    """TPR of the class with the wave; without it (the photographs as they were); and with masks of it."""
    params, given, output = snakemake.params, snakemake.input, snakemake.output[0]
    with job(snakemake):
        network, run = load_network(given.weights, params.device), identity(output)
        chosen = params.images["split"], params.images["images_per_class"]
        waved, plain = read_with_and_without(
            given.images, given.plain, *chosen, weights=given.weights, workers=snakemake.threads
        )
        with read_hdf5(given.images) as file:
            wave, harmonics = file["planted/truth"][:], file["planted/harmonics"][:]
        table = wave_rates(network, waved, plain, wave, harmonics, run=run_name(run), **params.settings)
        write_table(with_names(table, waved.classes), output, **run)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
