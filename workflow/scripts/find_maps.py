"""Find the maps of a network with one method."""

from importlib import import_module
from pathlib import Path

from frequency_shortcuts.maps import scores
from frequency_shortcuts.maps.methods.engine import Limits
from frequency_shortcuts.maps.methods.method import find
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.files import delete_state
from study.job import code_version, job, stopping
from study.tested_networks import load_network, read_images


def main(snakemake):
    """Write the scores and maps; until then, finished blocks are stored beside the output."""
    params, inputs, output = snakemake.params, snakemake.input, snakemake.output[0]
    state = Path(f"{output}.state")
    with job(snakemake) as created_by:
        split, images_per_class = params.images["split"], params.images["images_per_class"]
        data = read_images(inputs.images, split, images_per_class, weights=inputs.weights, workers=snakemake.threads)
        network = load_network(inputs.weights, params.device)
        # The plan names the module, so that a job depends on its own method and on no other.
        method = import_module(params.module)
        with stopping() as stop:
            found = find(
                method,
                network,
                data,
                seed=int(snakemake.wildcards.seed),
                limits=Limits(**params.limits),
                state=state,
                version=code_version(inputs.code),
                stop=stop,
                progress=True,
                **params.settings,
            )
        pairs = ConjugatePairs(*data.images.shape[-2:])
        scores.write(
            output, found, pairs, params.percents, method=params.method, classes=list(data.classes), split=split,
            created_by=created_by,
        )  # fmt: skip
        delete_state(state)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
