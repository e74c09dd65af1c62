"""Find the maps of a network with one method, on the images that rank its frequencies."""

from pathlib import Path

import numpy as np

from frequency_shortcuts.maps import dfm
from frequency_shortcuts.maps.methods import registry
from frequency_shortcuts.maps.methods.method import find
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.journal import Work
from study.job import run_of_path, script, stopping
from study.tested_networks import load_network, read_images


@script
def main(snakemake, created_by):
    """Write the maps, or those of a part of the classes; until then, finished blocks are stored beside the output."""
    inputs, output, search = snakemake.input, snakemake.output[0], snakemake.params.search
    if inputs.get("parts"):
        dfm.join(output, inputs.parts)
        return
    images = inputs.images, search["split"], search["images_per_class"]
    data = read_images(*images, weights=inputs.weights, workers=snakemake.threads)
    part, parts = snakemake.params.part
    run = run_of_path(inputs.weights)
    classes = np.array_split(np.arange(len(data.classes)), parts)[part]
    network = load_network(inputs.weights, snakemake.config["device"])
    state = Path(f"{output}.state")
    with stopping([output]) as stop:
        found = find(
            registry.load(search["method"]),
            network,
            data,
            classes=classes,
            seed=0 if search["own"] else run["seed"],
            **search["limits"],
            work=Work(state, str(snakemake.params.code), stop, progress=True),
            **search["settings"],
        )
    dfm.write(
        output,
        found,
        ConjugatePairs(*data.images.shape[-2:]),
        classes=[data.classes[c] for c in classes],
        method="" if search["own"] else search["method"],
        split=search["split"],
        created_by=created_by,
        **run,
    )
    state.unlink(missing_ok=True)
