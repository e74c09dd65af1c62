"""What artefacts cost the networks of the benchmarks, on images without them and with them."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ..description import NetworkTest
from ..draws import describe
from ..job import FOLDER
from ..plan import Plan, Run

THE_TEST, TRAININGS = "test", "trainings"  # what is judged
FEW = 33  # images of each class that get the artefacts where the test is judged, those of all seeds


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


def planted_in(plan: Plan, run: Run) -> list[dict[str, Any]]:
    """The own artefacts that tell a class from others."""
    return [asdict(artefact) for artefact in plan.drawn[tuple(run.values())].artefacts if not artefact.others]


def drawn_runs(judge: str) -> Callable[[Plan], list[Run]]:
    """The networks of the benchmark of `THE_TEST`, or of `TRAININGS`, if a plan is for it."""
    return lambda plan: plan.drawn_runs if plan.config["harm"]["judge"] == judge else []


TEST = NetworkTest(
    runs=lambda plan: plan.drawn_runs,
    outputs={"harm": f"tests/{FOLDER}/harm.csv"},
    order=20,
)
