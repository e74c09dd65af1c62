"""Measure what the shortcut of a class with a wave costs: recall without the wave, and other images that carry it."""

from frequency_shortcuts.evaluation.harm import harm
from frequency_shortcuts.evaluation.hits import read_hits, read_hits_of_methods
from frequency_shortcuts.storage.checksums import read_hdf5
from frequency_shortcuts.storage.tables import write_table
from study.job import identity, job
from study.testing import load_network, read_with_and_without, with_names
from study.waves import wave_of


def main(snakemake):
    """One row a method: the class with the wave, its shortcut, and its harm."""
    params, given, output = snakemake.params, snakemake.input, snakemake.output[0]
    with job(snakemake):
        network, run = load_network(given.weights, params.device), identity(output)
        _, plain = read_with_and_without(
            given.images, given.plain, params.split, weights=given.weights, workers=snakemake.threads
        )
        with read_hdf5(given.hits) as file:
            hits = {"culling": read_hits(file), **read_hits_of_methods(file)}
        table = harm(network, plain, wave_of(params.wave, plain.classes), hits, params.strong)
        write_table(with_names(table, plain.classes), output, **run)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
