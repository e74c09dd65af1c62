"""One part of the culling of a network, on all images that rank its frequencies or on one half of them."""

from pathlib import Path

from frequency_shortcuts.maps import halves
from frequency_shortcuts.maps.methods import culling
from frequency_shortcuts.storage.files import delete_state
from study.job import code_version, job, stopping
from study.origin import origin_of
from study.testing import load_network, read_images


def main(snakemake):
    """Write the loss increments of one part; until then, finished blocks are stored beside the output."""
    params, given, wildcards, output = snakemake.params, snakemake.input, snakemake.wildcards, snakemake.output[0]
    state = Path(f"{output}.state")
    with job(snakemake):
        images = params.images["split"], params.images["images_per_class"]
        data = read_images(given.images, *images, weights=given.weights, workers=snakemake.threads)
        if wildcards.images != "all":
            parts = halves.halves(data.labels, params.images["seed"], data.classes)
            data = data.subset(parts[("half0", "half1").index(wildcards.images)])
        network = load_network(given.weights, params.device)
        with stopping() as stop:
            found = culling.cull(
                network,
                data,
                **params.settings,
                part=(int(wildcards.part), params.parts),
                state=state,
                version=code_version(snakemake.input.code),
                checkpoint_minutes=snakemake.config["checkpoint_minutes"],
                stop=stop,
                progress=True,
            )
        culling.write_part(output, found, **origin_of(output, weights=given.weights, images=given.images))
        delete_state(state)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
