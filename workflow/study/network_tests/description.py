"""What is to be known of a test of networks outside the script that runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..job import FOLDER, RUN
from ..plan import Plan, Run

IMAGES, WEIGHTS, MAPS = "data/{dataset}.h5", f"networks/{FOLDER}/weights.safetensors", f"dfm/{FOLDER}.h5"


@dataclass(frozen=True)
class Output:
    """A file of a test.

    path : below the results, with the wildcards of a run
    holds : what it holds, for results/README.md
    keys : of a table, the columns that identify a row of a run, besides the numbers of draws
    """

    path: str
    holds: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Test:
    """A test of networks, which is a rule, a script, and some files of each run.

    script : in workflow/scripts
    message : of the rule
    outputs : by their names in the rule
    runs : the runs that are tested
    inputs : the input files by their names in the rule, paths with wildcards or functions of wildcards
    settings : the params of the rule by their names, values or functions of wildcards, besides `device`
    wildcards : one dict for each time the test runs; by default the runs
    minutes, memory : limits of a job, in minutes and MiB
    """

    script: str
    message: str
    outputs: Mapping[str, Output]
    runs: Callable[[Plan], list[Run]]
    inputs: Callable[[Plan], dict[str, Any]]
    settings: Callable[[Plan], dict[str, Any]]
    wildcards: Callable[[Plan], list[dict[str, Any]]] | None = None
    place: str = FOLDER
    minutes: int = 30
    memory: int = 3000
    priority: int = 0
    name: str = field(default="")

    def jobs(self, plan: Plan) -> list[dict[str, Any]]:
        """The values of the wildcards of each job."""
        return self.runs(plan) if self.wildcards is None else self.wildcards(plan)

    def files(self, plan: Plan, *names: str) -> list[str]:
        """The files that the test writes; all, or those of the outputs of these names."""
        chosen = [output for name, output in self.outputs.items() if not names or name in names]
        return [f"{plan.results}/{output.path.format(**job)}" for output in chosen for job in self.jobs(plan)]

    def benchmarks(self, plan: Plan) -> list[str]:
        """The files with the run times of the jobs."""
        return [f"{plan.results}/benchmarks/{self.name}/{self.place.format(**job)}.tsv" for job in self.jobs(plan)]


def run_of(wildcards: Any) -> Run:
    """The run of a job, from its wildcards."""
    return {key: int(wildcards[key]) if key == "seed" else wildcards[key] for key in RUN}


def files_of_run(plan: Plan, *, maps: bool = False) -> dict[str, Any]:
    """The inputs of a test of one network: images, weights and, if it needs them, the maps of the study."""
    paths = {"images": IMAGES, "weights": WEIGHTS} | ({"dfm": MAPS} if maps else {})
    return {name: f"{plan.results}/{path}" for name, path in paths.items()}
