"""Cull the frequencies of a network on all images that rank them, or on one half of these, in parts."""

from pathlib import Path

from frequency_shortcuts.data import stores
from frequency_shortcuts.evaluation import stability
from frequency_shortcuts.maps.methods import culling
from frequency_shortcuts.networks import architectures
from frequency_shortcuts.networks.weights import normalisation
from study.devices import take_device
from study.job import job, stopping


def main(snakemake):
    """The loss increments of one part; finished blocks lie beside the output until it is written."""
    params, given, wildcards, output = snakemake.params, snakemake.input, snakemake.wildcards, snakemake.output[0]
    state = Path(f"{output}.state")
    with job(snakemake):
        data = stores.read(
            given.images,
            params.images["split"],
            params.images["images_per_class"],
            statistics=normalisation(given.weights),
            workers=snakemake.threads,
        )
        if wildcards.images != "all":
            halves = stability.halves(data.labels, params.images["seed"], data.classes)
            data = data.subset(halves[("half0", "half1").index(wildcards.images)])
        network = architectures.load(given.weights, take_device(params.device))
        with stopping() as stop:
            found = culling.cull(
                network,
                data,
                **params.settings,
                part=(int(wildcards.part), params.parts),
                state=state,
                checkpoint_minutes=snakemake.config["checkpoint_minutes"],
                stop=stop,
                progress=True,
            )
        culling.write_part(output, found)
        state.unlink(missing_ok=True)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
