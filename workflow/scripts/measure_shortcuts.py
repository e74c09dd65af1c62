"""Test what a network recognises from its maps, and whether it follows what is not the object, on the same images."""

from frequency_shortcuts.analysis.exchanges import ExchangeTest
from frequency_shortcuts.exchange.answers import write_answers
from frequency_shortcuts.exchange.test import collect
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.storage.files import replacing_hdf5
from frequency_shortcuts.storage.tables import write_table
from study.job import run_name, script
from study.measures import phase
from study.tested_maps import measure_maps
from study.tested_networks import TESTED, read_images, read_inputs


def test_maps(step, created_by):
    """The class that the network names for every mask and image, with phases and amplitudes, and a table of rates."""
    params, maps = step.params, step.input.maps
    network, data, run = read_inputs(step, params.split, params.images_per_class)
    chosen = {key: params.settings[key] for key in ("negatives", "seed")}
    with replacing_hdf5(step.output.hits) as file:
        table = measure_maps(file, network, data, maps, run_name(run), params, params.methods)
        about = {
            "split": params.split,
            "percent": params.percent,
            "seed_of_draws": params.seed,
            **run,
        }
        file.attrs.update(about, created_by=created_by)
        if params.phase:
            masks = dfm.read_mask(maps[0], params.percent)
            phases = phase.collect(network, data, masks, run=run_name(run), progress=True, **chosen)
            phase.write_phase_hits(file.create_group("phase"), phases)
    write_table(table, step.output.shortcuts, **run)


def test_exchange(step, created_by):
    """The class that the network calls before and after images got a part of other ones; numbers and verdicts."""
    params, given = step.params, step.input
    network, test, run = read_inputs(step, params.split, TESTED)
    ranking = read_images(given.images, params.ranking, weights=given.weights, workers=step.threads)
    answers = collect(network, ranking, test, seed=params.seed, progress=True)
    with replacing_hdf5(step.output.answers) as file:
        write_answers(file, answers)
        about = {"split": params.split, "ranking": params.ranking, "seed_of_draws": params.seed}
        file.attrs.update(
            about, classes=list(test.classes), images_per_class=TESTED, created_by=created_by, **run
        )
    exchange = ExchangeTest(network, ranking, test, answers, params.seed)
    write_table(exchange.table, step.output.exchanges, **run)


@script
def main(snakemake, created_by):
    test_maps(snakemake, created_by)
    test_exchange(snakemake, created_by)
