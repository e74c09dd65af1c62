"""Cull the frequencies of networks on either half of the images that ranked them, whole or a part of one."""

from pathlib import Path

from cull import brought, culled, kept_until_written
from frequency_shortcuts import culling, images, spectrum, stability
from frequency_shortcuts.storage import sha256
from job import each, job, started


def main(snakemake):
    """The maps of both halves; finished blocks lie beside the outputs until all of these are written."""
    params, given, outputs = snakemake.params, snakemake.input, snakemake.output
    named = outputs if params.parts == 1 else outputs[:1]  # a part has a file for either half
    states = [state for output in named for state in states_of(output)]
    with job(snakemake) as created_by, kept_until_written(outputs, states):
        for output, store, weights in each(named, given.images, given.weights):
            network, data = brought(snakemake, store, weights)
            chosen = stability.halves(data.labels, params.seed, data.classes)
            started()
            halves = zip(map(data.subset, chosen), states_of(output), strict=True)
            found = [culled(snakemake, network, half, state) for half, state in halves]
            if params.parts == 1:
                write(output, found, store, weights, params, created_by)
            else:
                for path, half in zip(outputs, found, strict=True):
                    culling.write_part(path, half)


def states_of(output):
    """The files of finished blocks, of either half."""
    return [Path(f"{output}.half{half}.state") for half in (0, 1)]


def write(output, found, store, weights, params, created_by):
    """The file of both halves, whole."""
    data = images.read(store, params.split, 1, in_memory=0)
    stability.write_halves(
        output,
        found,
        spectrum.ConjugatePairs(*data.images.shape[-2:]),
        params.percents,
        classes=list(data.classes),
        split=params.split,
        seed=params.seed,
        weights_sha256=sha256(weights),
        created_by=created_by,
    )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
