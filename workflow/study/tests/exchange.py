"""The exchange test: what a network calls images before and after they got a part that is not the object."""

from typing import Any

from ..description import Figure, NetworkTest, of_photographs
from ..job import FOLDER


def measure(step: Any, created_by: str) -> None:
    """The class that the network calls before and after, and the table of numbers and verdicts."""
    from frequency_shortcuts.analysis.counterfactuals import FlipTest
    from frequency_shortcuts.exchange.answers import write_answers
    from frequency_shortcuts.exchange.test import TESTED, collect
    from frequency_shortcuts.storage.files import replacing_hdf5
    from frequency_shortcuts.storage.tables import write_table

    from ..tested_networks import read_images, read_inputs

    params, given, output = step.params, step.input, step.output
    network, test, run = read_inputs(step, params.split, TESTED)
    ranking = read_images(given.images, params.ranking, weights=given.weights, workers=step.threads)
    answers = collect(network, ranking, test, seed=params.seed, progress=True)
    with replacing_hdf5(output.answers) as file:
        write_answers(file, answers)
        about = {"split": params.split, "ranking": params.ranking, "seed_of_draws": params.seed}
        file.attrs.update(about, classes=list(test.classes), images_per_class=TESTED, created_by=created_by, **run)
    write_table(FlipTest(network, ranking, test, answers, params.seed).table, output.flips, **run)


TEST: NetworkTest = NetworkTest(
    message="Giving images of {wildcards.dataset} parts of other classes for {wildcards.network} "
    "({wildcards.augmentation}, seed {wildcards.seed})",
    runs=lambda plan: plan.mapped_runs(),
    measure=measure,
    in_jobs_of="shortcuts",
    outputs={"answers": f"tests/{FOLDER}/flips.h5", "flips": f"tests/{FOLDER}/flips.csv"},
    settings=lambda plan: {**plan.section("shortcuts", "split", "seed"), "ranking": plan.config["culling"]["split"]},
    tables={"flips": None},
    join_inputs=lambda plan: {"flips": TEST.files(plan, "flips")},
    figures={"flips": Figure(lambda plan: plan.mapped_datasets(), shown=of_photographs)},
    order=0,
)
