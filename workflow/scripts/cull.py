"""Cull the frequencies of a network, all of them or one part, and write its DFM file."""

from pathlib import Path

from frequency_shortcuts.data import stores
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.maps.methods import culling
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.weights import normalisation
from frequency_shortcuts.spectrum import pairs
from frequency_shortcuts.storage.files import sha256
from study.devices import take_device
from study.job import job, stopping


def main(snakemake):
    """Loss increments, ranks and masks; finished blocks lie beside the output until it is written."""
    params, given, output = snakemake.params, snakemake.input, snakemake.output[0]
    state = Path(f"{output}.state")
    with job(snakemake) as created_by:
        network, data = network_and_images(snakemake)
        found = culled(snakemake, network, data, state)
        if params.parts == 1:
            write(output, found, given.images, given.weights, params, created_by)
        else:
            culling.write_part(output, found)
        state.unlink(missing_ok=True)


def network_and_images(snakemake):
    """The network, and the images that rank its frequencies."""
    params, given = snakemake.params, snakemake.input
    data = stores.read(
        given.images,
        params.images["split"],
        params.images["images_per_class"],
        statistics=normalisation(given.weights),
        workers=snakemake.threads,
    )
    return architectures.load(given.weights, take_device(params.device)), data


def culled(snakemake, network, data, state):
    """The increments by these images, of the part that the job is to do; finished blocks lie in the file `state`."""
    part = int(snakemake.wildcards.get("part", 0)), snakemake.params.parts
    with stopping() as stop:
        return culling.cull(
            network,
            data,
            **snakemake.params.settings,
            part=part,
            state=state,
            checkpoint_minutes=snakemake.config["checkpoint_minutes"],
            stop=stop,
            progress=True,
        )


def write(output, found, store, weights, params, created_by):
    """The DFM file of a whole culling."""
    data = stores.read(store, params.images["split"], 1, in_memory=0)
    dfm.write(
        output,
        found,
        pairs.ConjugatePairs(*data.images.shape[-2:]),
        params.percents,
        classes=list(data.classes),
        split=params.images["split"],
        weights_sha256=sha256(weights),
        created_by=created_by,
    )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
