"""Cull the frequencies of a network on all images that rank them, on both halves of these, or a part of a culling."""

from pathlib import Path

from frequency_shortcuts.maps import halves
from frequency_shortcuts.maps.methods.culling import cull, write_part
from frequency_shortcuts.storage.files import delete_state
from study.job import code_version, job, stopping
from study.map_files import write_maps
from study.tested_networks import load_network, read_images


def main(snakemake):
    """Write the maps, or one part of the loss increments; until then, finished blocks are stored beside the output."""
    params, inputs, output = snakemake.params, snakemake.input, snakemake.output[0]
    part = int(snakemake.wildcards.get("part", 0)), params.parts
    states = [Path(f"{output}.{subset}.state") for subset in params.subsets]
    with job(snakemake) as created_by:
        images = params.images["split"], params.images["images_per_class"]
        data = read_images(inputs.images, *images, weights=inputs.weights, workers=snakemake.threads)
        network = load_network(inputs.weights, params.device)
        with stopping() as stop:
            cullings = [
                cull(
                    network,
                    chosen(data, subset, params.images.get("seed")),
                    **params.settings,
                    part=part,
                    state=state,
                    version=code_version(inputs.code),
                    stop=stop,
                    progress=True,
                )
                for subset, state in zip(params.subsets, states, strict=True)
            ]
        if params.parts == 1:
            write_maps(snakemake, cullings, data, created_by)
        else:
            write_part(output, *cullings)
        for state in states:
            delete_state(state)


def chosen(data, subset, seed):
    """All images, or one half of them: half0 or half1."""
    if subset == "all":
        return data
    return data.subset(halves.halves(data.labels, seed, data.classes)[("half0", "half1").index(subset)])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
