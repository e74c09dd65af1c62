"""Cull the frequencies of networks, whole or a part of one, and write their DFM files."""

from contextlib import contextmanager
from pathlib import Path

from devices import take_device
from frequency_shortcuts import culling, dfm, images, networks, spectrum
from frequency_shortcuts.storage import check_unused, sha256
from frequency_shortcuts.weights import normalisation
from job import each, job, started, stopping


def main(snakemake):
    """Loss increments, ranks and masks; finished blocks lie beside the outputs until all of these are written."""
    params, given, outputs = snakemake.params, snakemake.input, snakemake.output
    with job(snakemake) as created_by, kept_until_written(outputs, [state_of(path) for path in outputs]):
        for output, store, weights in each(outputs, given.images, given.weights):
            network, data = brought(snakemake, store, weights)
            started()
            found = culled(snakemake, network, data, state_of(output))
            if params.parts == 1:
                write(output, found, store, weights, params, created_by)
            else:
                culling.write_part(output, found)


def state_of(output):
    """The file of finished blocks."""
    return Path(f"{output}.state")


@contextmanager
def kept_until_written(outputs, states):
    """The files of finished blocks, of all networks of a job: they go when its work is done and all outputs are there.

    Raises RuntimeError where another process is at work on one of them.
    """
    for state in states:
        check_unused(state)
    yield
    # Where another run has deleted some of them, it wants to have them again.
    if all(Path(output).exists() for output in outputs):
        for state in states:
            state.unlink(missing_ok=True)


def brought(snakemake, store, weights):
    """The network, and the images that rank its frequencies."""
    params = snakemake.params
    data = images.read(
        store,
        params.split,
        params.images_per_class,
        statistics=normalisation(weights),
        workers=snakemake.threads,
    )
    return networks.load(weights, take_device(params.device)), data


def culled(snakemake, network, data, state):
    """The increments by these images, of the part that the job is to do; finished blocks lie in the file `state`."""
    part = int(snakemake.wildcards.get("part", 0)), snakemake.params.parts
    with stopping() as stop:
        return culling.cull(
            network,
            data.images,
            data.labels,
            len(data.classes),
            mean=data.mean,
            std=data.std,
            **snakemake.params.settings,
            part=part,
            state=state,
            checkpoint_minutes=snakemake.config["checkpoint_minutes"],
            stop=stop,
            progress=True,
        )


def write(output, found, store, weights, params, created_by):
    """The DFM file of a whole culling."""
    data = images.read(store, params.split, 1, in_memory=0)
    dfm.write(
        output,
        found,
        spectrum.ConjugatePairs(*data.images.shape[-2:]),
        params.percents,
        classes=list(data.classes),
        split=params.split,
        weights_sha256=sha256(weights),
        created_by=created_by,
    )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
