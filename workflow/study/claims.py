"""The claims of a study: the tables that give their numbers, what the plan says of its networks, and their figures."""

from typing import Any

from study.findings.matrices import MATRICES
from study.findings.numbers import NUMBERS

from . import figures as figures_in_report
from . import targets
from .plan import Plan
from .tests import TESTS

FIGURE_OF = {  # the kind of figure that shows a claim
    "a": "graded",
    "a2": "graded",
    "b": "bandstop",
    "c": "dynamics",
    "d": "shortcuts",
    "e1": "ood",
    "e2": "transfer",
    "f": "shortcuts",
    "g": "shortcuts",
    "t": "texture",
    "n": "reliance",
    "h": "flips",
}


def sources(plan: Plan) -> dict[str, list[str]]:
    """The files of each planned table that claims follow from; of `reliance` those of runs, not their means."""
    planned = [name for name in (*NUMBERS, *MATRICES) if name in targets.tables(plan)]
    found = {name: [f"{plan.results}/tables/{name}.csv"] for name in planned}
    return found | {name: TESTS[name].files(plan, name) for name in found if name == "reliance"}


def files(plan: Plan, *names: str) -> list[str]:
    """What is measured for claims, of each of these tables that is planned."""
    return [f"{plan.results}/claims/{name}.csv" for name in sources(plan) if name in names]


def study(plan: Plan) -> dict[str, Any]:
    """The fields of `numbers.Study`."""
    networks = {run["network"]: plan.config["networks"][run["network"]] for run in plan.trained_runs()}
    return {
        "photographs": photographs(plan),
        "first": plan.first_kinds,
        "forms": {name: [network["architecture"], network["width"]] for name, network in networks.items()},
        "control_bands": {name: plan.dataset(name)["control_band"] for name in plan.datasets("synthetic")},
    }


def photographs(plan: Plan) -> list[str]:
    """The sets that claims about photographs are judged on: none whose cue was made."""
    return [name for name in plan.datasets("photographs") if not plan.has_truth(name)]


def figures(plan: Plan) -> dict[str, str]:
    """The figure of each claim that has one in the report: of photographs, if there is one, else the first one."""
    found = {}
    for claim, kind in FIGURE_OF.items():
        if names := figures_in_report.shown(plan, kind):
            found[claim] = f"{kind}_{next((name for name in photographs(plan) if name in names), names[0])}"
    return found
