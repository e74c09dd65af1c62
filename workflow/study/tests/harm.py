"""What artefacts cost the networks of the benchmarks, on images without them and with them."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ..description import NetworkTest, files_of_run
from ..draws import describe
from ..job import FOLDER, run_of
from ..plan import Plan, Run

THE_TEST, TRAININGS = "test", "trainings"  # what is judged
FEW = 33  # images of each class that get the artefacts where the test is judged, those of all seeds


def measure(step: Any, created_by: str) -> None:
    """The recall of each class without artefacts, and what the artefacts do to images of other classes."""
    from frequency_shortcuts.images import stores
    from frequency_shortcuts.images.artefacts import Artefact
    from frequency_shortcuts.storage.tables import write_table
    from study.measures.harm import harm

    from ..tested_networks import read_inputs

    params, given = step.params, step.input
    network, test, run = read_inputs(step, "test")
    plain = stores.read(given.plain, "test", statistics=(test.mean, test.std), workers=step.threads)
    artefacts = [Artefact(**artefact) for artefact in params.artefacts]
    write_table(harm(network, test, plain, artefacts, params.images_per_class), step.output.harm, **run)


def artefacts_of(plan: Plan, run: Run) -> list[dict[str, Any]]:
    """The artefacts whose harm is measured: the own ones; of a clean network, those of the others.

    They are those of the same set and seed where trainings are judged, else of the same set and architecture.
    """
    draw, key = plan.drawn[tuple(run.values())], "seed" if plan.config["harm"]["judge"] == TRAININGS else "architecture"
    others = [
        other for other in plan.draws
        if other.suite == draw.suite and getattr(other, key) == getattr(draw, key) and not other.matched
    ]  # fmt: skip
    artefacts = draw.artefacts or tuple(artefact for other in others for artefact in other.artefacts)
    return [asdict(artefact) for artefact in {describe(artefact): artefact for artefact in artefacts}.values()]


def drawn_runs(judge: str) -> Callable[[Plan], list[Run]]:
    """The networks of the benchmark of `THE_TEST`, or of `TRAININGS`, if a plan is for it."""
    return lambda plan: plan.drawn_runs if plan.config["harm"]["judge"] == judge else []


TEST = NetworkTest(
    message="Measuring what artefacts cost {wildcards.network} on {wildcards.dataset} ({wildcards.augmentation}, seed "
    "{wildcards.seed})",
    runs=lambda plan: plan.drawn_runs,
    measure=measure,
    outputs={"harm": f"tests/{FOLDER}/harm.csv"},
    inputs=lambda plan: {
        **files_of_run(plan),
        "plain": lambda wildcards: f"{plan.results}/data/{plan.plain_set(wildcards.dataset)}.h5",
    },
    settings=lambda plan: {
        "artefacts": lambda wildcards: artefacts_of(plan, run_of(wildcards)),
        "images_per_class": FEW if plan.config["harm"]["judge"] == THE_TEST else None,
    },
    priority=4,  # before further trainings, so that stores of images are deleted soon
    order=20,
)
