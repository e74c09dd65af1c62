"""Train and test the networks of one set, case and seed of the benchmark of cures: one for each training."""

from frequency_shortcuts.storage.tables import write_table
from study import cure
from study.devices import take_device
from study.job import log, script, stopping


@script
def main(snakemake, created_by):
    """Write a row for each training; for clean data, one for each training and artefact of the seed."""
    params, seed = snakemake.params, int(snakemake.params.seed)
    case = params.case.replace("_", " ")
    with stopping() as stop:
        device = take_device(params.device)
        log.info("%s, %s, seed %d, on %s", params.part, case, seed, device)
        table = cure.measure(
            params.part, case, snakemake.input.images, params.settings, seed=seed, device=device, stop=stop
        )
        write_table(table, snakemake.output[0], seed=seed)
