"""What artefacts cost a network after `fs.refit`, as a user would call it: with the parts that the test names."""

from typing import Any

import frequency_shortcuts as fs
from benchmarks.harm import harm
from frequency_shortcuts.exchange.verdict import PARTS
from frequency_shortcuts.images import stores
from frequency_shortcuts.images.artefacts import Artefact
from frequency_shortcuts.storage.tables import write_table
from study.job import script
from study.tested_networks import read_images, read_inputs


@script
def main(snakemake: Any, created_by: str) -> None:
    """The test and the fit see images with the artefact that neither trained the network nor test it."""
    given = snakemake.input
    workers = snakemake.threads
    network, test, run = read_inputs(snakemake, "test")
    images = read_images(given.images, "validation", weights=given.weights, workers=workers)
    statistics = (test.mean, test.std)
    plain = stores.read(given.plain, "test", statistics=statistics, workers=workers)
    seeded = fs.Run(seed=run["seed"], progress=False)
    # Where nothing is named, what could be followed is not known: all parts.
    parts = fs.analyse(network, images, run=seeded).parts or dict.fromkeys(PARTS, ())
    mended = fs.refit(network, images, parts=parts, run=seeded)
    artefacts = [Artefact(**artefact) for artefact in snakemake.params.artefacts]
    table = harm(mended, test, plain, artefacts)
    table["parts"] = ", ".join(parts)
    table["restored"] = mended.refitted.restored
    write_table(table, snakemake.output.refit, **run)
