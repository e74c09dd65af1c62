"""Train and test the networks of one part of the benchmark: those of a seed on clothing, pairs of classes, or crops."""

from pathlib import Path

import pandas as pd

from frequency_shortcuts.evaluation.counterfactual import write_flips
from frequency_shortcuts.storage.files import replacing_hdf5
from frequency_shortcuts.storage.tables import write_table
from study import leaks, photographs
from study.devices import take_device
from study.job import job, log, stopping


def main(snakemake):
    """Write a row for each network and class, the hits, and what artefacts of all seeds do to the clean network."""
    params, given, output = snakemake.params, snakemake.input, snakemake.output
    part, seed = params.part, int(params.seed)
    with job(snakemake) as created_by, stopping() as stop:
        device = take_device(params.device)
        settings = params.settings

        def protocol(network):
            return photographs.protocol(settings["networks"][network], settings["recipes"][part], settings["geometry"])

        log.info("%s, seed %d, on %s", part, seed, device)
        how = {"seed": seed, "device": device, "stop": stop}
        clean = pd.DataFrame(columns=["called", "artefact"])
        if part == "clothing":
            table, hits, clean = leaks.clothing(given.images, protocol, settings, **how)
        elif part == "pairs":
            table, hits = leaks.pairs(given.images, protocol, settings, **how)
        else:
            of_crops = leaks.photographs if part == "photographs" else leaks.textures
            table, hits = of_crops(Path(given.images), protocol, settings, **how)
        write_table(table.assign(suite=part, seed=seed), output.networks)
        with replacing_hdf5(output.hits) as file:
            for name, flips in hits.items():
                write_flips(file.create_group(name), flips)
            file.attrs["created_by"] = created_by
        write_table(clean.assign(seed=seed), output.clean)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821
