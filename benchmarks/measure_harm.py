"""What artefacts cost the networks of the benchmarks and, where the exchange test is judged, what it says of them."""

from typing import Any

from benchmarks.harm import FEW, harm
from benchmarks.leaks.data import measure_data
from frequency_shortcuts.exchange.answers import rates, write_answers
from frequency_shortcuts.exchange.test import collect
from frequency_shortcuts.images import stores
from frequency_shortcuts.images.artefacts import Artefact
from frequency_shortcuts.storage.files import replacing_hdf5
from frequency_shortcuts.storage.tables import write_table
from study.job import script
from study.tested_networks import TESTED, read_images, read_inputs


def measure_costs(step: Any, images_per_class: int | None) -> None:
    """The recall of each class without artefacts, and what the artefacts do to images of other classes."""
    network, test, run = read_inputs(step, "test")
    plain = stores.read(
        step.input.plain, "test", statistics=(test.mean, test.std), workers=step.threads
    )
    artefacts = [Artefact(**artefact) for artefact in step.params.artefacts]
    write_table(harm(network, test, plain, artefacts, images_per_class), step.output.harm, **run)


def test_exchange(step: Any, created_by: str) -> None:
    """The class that the network calls before and after, numbers and verdicts, and what tells the images apart."""
    network, test, run = read_inputs(step, "test", TESTED)
    ranking = read_images(
        step.input.images, "validation", TESTED, weights=step.input.weights, workers=step.threads
    )
    answers = collect(network, ranking, test, seed=run["seed"], progress=True)
    with replacing_hdf5(step.output.answers) as file:
        write_answers(file, answers)
        file.attrs.update(classes=list(test.classes), created_by=created_by, **run)
    write_table(rates(answers), step.output.exchanges, **run)
    planted = [Artefact(**artefact) for artefact in step.params.planted]
    write_table(
        measure_data(stores.read(step.input.plain, "test"), planted, run["seed"]),
        step.output.data,
        **run,
    )


@script
def main(snakemake: Any, created_by: str) -> None:
    judged = bool(snakemake.output.get("exchanges"))
    measure_costs(snakemake, FEW if judged else None)
    if judged:
        test_exchange(snakemake, created_by)
