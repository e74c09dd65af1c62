"""What is to be known of a test of networks, outside the jobs that make it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .job import FOLDER
from .plan import Plan, Run

IMAGES, WEIGHTS, MAPS = "data/{dataset}.h5", f"networks/{FOLDER}/weights.safetensors", f"dfm/{FOLDER}.h5"
Planned = Callable[[Plan], Any]  # true of plans that have a table


@dataclass(frozen=True)
class NetworkTest:
    """A test of networks: some files of each run, and the tables that follow from these.

    runs : the runs that are tested; the rule of the same name, in workflow/rules/tests.smk, tests one of them
    outputs : the files of a run by their names in the rule: paths below the results, with the wildcards of the run
    wildcards : one dict for each time the test runs; by default the runs

    tables : the tables of the study that follow, by their names; None for those of plans that have runs of the test;
        the rule `{name}_tables`, in workflow/rules/tables.smk, joins them
    order : among the tests, in lists of files and in docs
    """

    runs: Callable[[Plan], list[Run]]
    outputs: Mapping[str, str] = field(default_factory=dict)
    wildcards: Callable[[Plan], list[dict[str, Any]]] | None = None
    tables: Mapping[str, Planned | None] = field(default_factory=dict)
    order: int = 100
    name: str = ""

    def jobs(self, plan: Plan) -> list[dict[str, Any]]:
        """The values of the wildcards of each job."""
        return self.runs(plan) if self.wildcards is None else self.wildcards(plan)

    def files(self, plan: Plan, *names: str) -> list[str]:
        """The files that the test writes; all, or those of the outputs of these names."""
        chosen = [path for name, path in self.outputs.items() if not names or name in names]
        return [file for path in chosen for file in plan.files(path, self.jobs(plan))]

    def planned_tables(self, plan: Plan) -> list[str]:
        """The names of its tables that a study has."""
        return [name for name, planned in self.tables.items() if (planned or self.runs)(plan)]
