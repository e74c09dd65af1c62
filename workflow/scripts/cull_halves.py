"""Cull the frequencies of a network on either half of the images that ranked them, all of them or one part."""

from pathlib import Path

from cull import culled, network_and_images
from frequency_shortcuts.data import stores
from frequency_shortcuts.evaluation import stability
from frequency_shortcuts.maps.methods import culling
from frequency_shortcuts.spectrum import pairs
from frequency_shortcuts.storage.files import sha256
from study.job import job


def main(snakemake):
    """The maps of both halves; finished blocks lie beside the first output until all outputs are written."""
    params, given, outputs = snakemake.params, snakemake.input, snakemake.output
    states = [Path(f"{outputs[0]}.half{half}.state") for half in (0, 1)]
    with job(snakemake) as created_by:
        network, data = network_and_images(snakemake)
        halves = map(data.subset, stability.halves(data.labels, params.images["seed"], data.classes))
        found = [culled(snakemake, network, half, state) for half, state in zip(halves, states, strict=True)]
        if params.parts == 1:
            write(outputs[0], found, given.images, given.weights, params, created_by)
        else:  # a file for either half
            for path, half in zip(outputs, found, strict=True):
                culling.write_part(path, half)
        for state in states:
            state.unlink(missing_ok=True)


def write(output, found, store, weights, params, created_by):
    """The file of both halves, whole."""
    data = stores.read(store, params.images["split"], 1, in_memory=0)
    stability.write_halves(
        output,
        found,
        pairs.ConjugatePairs(*data.images.shape[-2:]),
        params.percents,
        classes=list(data.classes),
        split=params.images["split"],
        seed=params.images["seed"],
        weights_sha256=sha256(weights),
        created_by=created_by,
    )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
