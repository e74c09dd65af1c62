"""Cull the frequencies of one network on either half of the images that ranked them, whole or in part."""

from pathlib import Path

from cull import brought, culled
from frequency_shortcuts import culling, images, spectrum, stability
from frequency_shortcuts.storage import sha256
from job import job, started


def main(snakemake):
    """The maps of both halves; finished blocks lie beside the outputs until these are written."""
    params, outputs = snakemake.params, snakemake.output
    states = [Path(f"{outputs[0]}.half{half}.state") for half in (0, 1)]
    with job(snakemake) as created_by:
        network, data = brought(snakemake)
        chosen = stability.halves(data.labels, params.seed, data.classes)
        started()
        halves = zip(map(data.subset, chosen), states, strict=True)
        found = [culled(snakemake, network, half, state) for half, state in halves]
        if params.parts == 1:
            write(snakemake, found, created_by)
        else:
            for output, half in zip(outputs, found, strict=True):
                culling.write_part(output, half)
        for state in states:
            state.unlink(missing_ok=True)


def write(snakemake, found, created_by):
    """The file of both halves, whole."""
    params = snakemake.params
    data = images.read(snakemake.input.images, params.split, 1, in_memory=0)
    stability.write_halves(
        snakemake.output[0],
        found,
        spectrum.ConjugatePairs(*data.images.shape[-2:]),
        params.percents,
        classes=list(data.classes),
        split=params.split,
        seed=params.seed,
        weights_sha256=sha256(snakemake.input.weights),
        created_by=created_by,
    )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
