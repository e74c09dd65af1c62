"""Train and test the networks of one seed and one case of the benchmark of cures: one for each training."""

from frequency_shortcuts.evaluation.cure import NONE, draw, measure
from frequency_shortcuts.storage.tables import write_table
from study import photographs
from study.devices import take_device
from study.job import log, script, stopping
from study.trainings import protocol_of


@script
def main(snakemake, created_by):
    """Write a row for each training; for clean data, one for each training and artefact of the seed."""
    params, settings, seed = snakemake.params, snakemake.params.settings, int(snakemake.params.seed)
    with stopping() as stop:
        device = take_device(params.device)
        images = photographs.read(snakemake.input.images, settings)
        names, size = images.test.classes, images.test.images.shape[2:]
        artefacts = {
            case: draw(seed, case, [names.index(name) for name in settings["jpeg_in"]], size)
            if case.startswith("jpeg") else draw(seed, case, range(len(names)), size)
            for case in settings["cases"]
        }  # fmt: skip
        protocol = protocol_of(settings["network"], settings["recipe"], settings["augmentation"])
        trainings = [NONE, *settings["trainings"]]
        log.info("%s, seed %d, on %s: %s", params.case, seed, device, ", ".join(trainings))
        table = measure(images, params.case, artefacts, trainings, protocol, seed=seed, device=device, stop=stop)
        write_table(table, snakemake.output[0], seed=seed)
