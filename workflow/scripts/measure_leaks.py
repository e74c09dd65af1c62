"""Train and test the networks of one part of the benchmark and one seed."""

from frequency_shortcuts.exchange.answers import write_answers
from frequency_shortcuts.storage.files import replacing_hdf5
from frequency_shortcuts.storage.tables import write_table
from study import leaks
from study.devices import take_device
from study.job import log, script, stopping


@script
def main(snakemake, created_by):
    """Write weights and answers, a row for each network and class, and what all artefacts do to the clean network."""
    params, output, seed = snakemake.params, snakemake.output, int(snakemake.params.seed)
    with stopping() as stop:
        device = take_device(params.device)
        log.info("%s, seed %d, on %s", params.part, seed, device)
        table, answers, clean = leaks.measure(
            params.part, snakemake.input.images, params.settings, seed=seed, weights=output.weights, device=device,
            stop=stop,
        )  # fmt: skip
        write_table(table.assign(suite=params.part, seed=seed), output.networks)
        with replacing_hdf5(output.answers) as file:
            for name, one in answers.items():
                write_answers(file.create_group(name), one)
            file.attrs.update(dataset=params.part, seed=seed, created_by=created_by)
        write_table(clean.assign(suite=params.part, seed=seed), output.clean)
