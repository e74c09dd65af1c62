"""Train and test the networks of one part of the benchmark: those of a seed on clothing, pairs of classes, or crops."""

from frequency_shortcuts.evaluation.counterfactual import write_flips
from frequency_shortcuts.storage.files import replacing_hdf5
from frequency_shortcuts.storage.tables import write_table
from study import leaks
from study.devices import take_device
from study.job import log, script, stopping


@script
def main(snakemake, created_by):
    """Write a row for each network and class, the hits, and what artefacts of all seeds do to the clean network."""
    params, output, seed = snakemake.params, snakemake.output, int(snakemake.params.seed)
    with stopping() as stop:
        device = take_device(params.device)
        log.info("%s, seed %d, on %s", params.part, seed, device)
        table, hits, clean = leaks.measure(
            params.part, snakemake.input.images, params.settings, seed=seed, device=device, stop=stop
        )
        write_table(table.assign(suite=params.part, seed=seed), output.networks)
        with replacing_hdf5(output.hits) as file:
            for name, flips in hits.items():
                write_flips(file.create_group(name), flips)
            file.attrs.update(dataset=params.part, seed=seed, created_by=created_by)
        write_table(clean.assign(suite=params.part, seed=seed), output.clean)
