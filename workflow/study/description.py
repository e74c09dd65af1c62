"""What is to be known of a table, of a kind of figures and of a test of networks, outside the jobs that make them.

Also the order of results in the report, and how each is marked there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .job import FOLDER
from .plan import Plan, Run

IMAGES, WEIGHTS, MAPS = "data/{dataset}.h5", f"networks/{FOLDER}/weights.safetensors", f"dfm/{FOLDER}.h5"


class Result(NamedTuple):
    """A figure or table in the report.

    category : a key of `CATEGORIES`; number : of the figure or table of the paper that it rebuilds
    """

    title: str
    category: str
    number: str = ""


# In the order of the paper.
CATEGORIES = {
    "claims": "0. The claims",
    "samples": "1. Data",
    "dynamics": "2. What is learned first",
    "adcs": "3. What sets a class apart: ADCS",
    "maps": "4. Maps and shortcuts",
    "texture": "5. Texture or shape",
    "capacity": "6. Capacity and augmentation",
    "other": "7. Other images and networks",
    "beyond": "8. Beyond the paper",
    "run": "9. How it was run",
}

EXPLORER = Result("explorer: every class, network and size of map", "maps")
CONFIGURATION = Result("the configuration in use", "run")
NOTEBOOKS = Result("the executed notebooks", "run")


def marks(result: Result, kind: str = "", name: str = "") -> dict[str, Any]:
    """The keywords of Snakemake's `report()` for one file, whose rule has the param `caption`.

    kind : figure or table; of a page, none; name : which of several figures of a kind it is

    The report sorts by the label, so that "Figure 6 · maps" stands before "Figure: others", and figures before tables.
    There is only one label: Snakemake turns a second label with two values, each on half of the results, into a switch,
    and the page breaks if a result has no counterpart.
    """
    head = f"{kind.capitalize()}: " if kind else ""
    label = (f"{result.number} · " if result.number else head) + result.title
    return {
        "caption": f"../../report/captions/{'table' if kind == 'table' else 'caption'}.rst",
        "category": CATEGORIES[result.category],
        "labels": {"result": f"{label}: {name}" if name else label},
    }


@dataclass(frozen=True)
class Table:
    """A table of the whole study, `tables/{name}.csv`; columns.yaml has its columns, and its caption in the report.

    result : its title and category in the report; without it, the table is not shown there
    planned : true of plans that have it; by default of those that have runs of its test, and of all for no test
    """

    result: Result | None = None
    planned: Callable[[Plan], Any] | None = None

    def is_planned(self, plan: Plan) -> bool:
        """Whether a study has this table."""
        return self.planned is None or bool(self.planned(plan))


@dataclass(frozen=True)
class Figure:
    """A kind of figure. The notebook of that name draws all figures of the kind; captions.yaml has their caption.

    names : the figures of this kind in a plan; most are drawn once for each data set, with its name
    inputs : the files for a figure, below the results, by the parameters of the notebook's function `draw`
    parameters : the other parameters of that function
    shown : whether a figure stands in the report, or in the notebook alone
    numbers : of figures of the paper, by name, where they are others than that of `result`
    """

    result: Result
    names: Callable[[Plan], list[str]]
    inputs: Callable[[Plan, str], dict[str, Any]]
    parameters: Callable[[Plan, str], dict[str, Any]]
    shown: Callable[[Plan, str], bool] = lambda plan, name: True
    numbers: Mapping[str, str] = field(default_factory=dict)

    def marks(self, name: str) -> dict[str, Any]:
        """The keywords of Snakemake's `report()` for a figure."""
        result = self.result._replace(number=self.numbers.get(name, self.result.number))
        return marks(result, "figure", "" if name == "all" else name)


def files_of_run(plan: Plan, *, maps: bool = False) -> dict[str, Any]:
    """The inputs of a test of one network: images, weights and, with `maps`, the maps of the study."""
    paths = {"images": IMAGES, "weights": WEIGHTS} | ({"dfm": MAPS} if maps else {})
    return {name: f"{plan.results}/{path}" for name, path in paths.items()}


@dataclass(frozen=True)
class NetworkTest:
    """A test of networks: a rule with some files of each run, and the tables and figures that follow from these.

    message : of the rule
    runs : the runs that are tested
    measure : what a job does, from Snakemake's object and the text for `created_by`; without it, the test has no rule
        and no files of runs, but tables
    in_jobs_of : the test whose jobs also measure this one, with the same runs; by default, it has jobs of its own
    outputs : the files of a run by their names in the rule: paths below the results, with the wildcards of the run
    inputs : the input files by their names in the rule, paths with wildcards or functions of wildcards
    settings : the params of the rule by their names, values or functions of wildcards, besides `device`
    wildcards : one dict for each time the test runs; by default the runs
    place : of a job, in the names of its log and benchmark
    minutes, memory, priority : of a job; its limits in minutes and MiB
    resumes : whether a job that was stopped goes on where it was

    tables : the tables of the study that follow, by their names
    join : these tables, from inputs, settings and the plan; tables of runs are given as one, other files as paths. By
        default, `outputs` of these names
    join_inputs : the files that `join` reads, by names; by default, all outputs of all runs
    join_settings : the settings that `join` uses

    figures : kinds of figures, by the names of their notebooks
    order : among the tests, in lists of files and in docs
    """

    message: str
    runs: Callable[[Plan], list[Run]]
    measure: Callable[[Any, str], None] | None = None
    in_jobs_of: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    inputs: Callable[[Plan], dict[str, Any]] = files_of_run
    settings: Callable[[Plan], dict[str, Any]] = lambda plan: {}
    wildcards: Callable[[Plan], list[dict[str, Any]]] | None = None
    place: str = FOLDER
    minutes: int = 30
    memory: int = 3000
    priority: int = 0
    resumes: bool = False
    tables: Mapping[str, Table] = field(default_factory=dict)
    join: Callable[[Mapping[str, Any], Mapping[str, Any], Plan], Mapping[str, Any]] | None = None
    join_inputs: Callable[[Plan], dict[str, Any]] | None = None
    join_settings: Callable[[Plan], dict[str, Any]] = lambda plan: {}
    figures: Mapping[str, Figure] = field(default_factory=dict)
    order: int = 100
    name: str = ""

    def jobs(self, plan: Plan) -> list[dict[str, Any]]:
        """The values of the wildcards of each job."""
        return self.runs(plan) if self.wildcards is None else self.wildcards(plan)

    def files(self, plan: Plan, *names: str) -> list[str]:
        """The files that the test writes; all, or those of the outputs of these names."""
        chosen = [path for name, path in self.outputs.items() if not names or name in names]
        return [file for path in chosen for file in plan.files(path, self.jobs(plan))]

    def benchmarks(self, plan: Plan) -> list[str]:
        """The files with the run times of the jobs."""
        jobs = self.jobs(plan) if self.measure and not self.in_jobs_of else []
        return [f"{plan.results}/benchmarks/{self.name}/{self.place.format(**job)}.tsv" for job in jobs]

    def planned_tables(self, plan: Plan) -> list[str]:
        """The names of its tables that a study has."""
        return [name for name, table in self.tables.items() if table.is_planned(plan)]

    def joined_files(self, plan: Plan) -> dict[str, Any]:
        """The files that the tables are joined from, by their names."""
        return self.join_inputs(plan) if self.join_inputs else {key: self.files(plan, key) for key in self.outputs}


# Inputs and parameters that kinds of figures share


def classes(name: str) -> dict[str, str]:
    """The file with the classes of a data set."""
    return {"classes": f"data/{name}.h5"}


def store(name: str) -> dict[str, str]:
    """The classes of a data set, and its images."""
    return {**classes(name), "store": f"data/{name}.h5"}


def table(name: str) -> Callable[[Plan, str], dict[str, Any]]:
    """`Figure.inputs`: a table."""
    return lambda plan, dataset: {"table": f"tables/{name}.csv"}


def claims(plan: Plan, dataset: str, *tables: str) -> dict[str, list[str]]:
    """The numbers that tables give of claims on photographs; none of another data set, or if its cue was made."""
    judged = plan.kind_of(dataset) == "photographs" and not plan.has_truth(dataset)
    return {"claims": [f"claims/{name}.csv" for name in tables if judged]}


def of_dataset(plan: Plan, name: str) -> dict[str, Any]:
    """`Figure.parameters`: the data set, and the greatest number of classes to draw."""
    return {"dataset": name, "most": plan.setting("figures/classes")}


def of_photographs(plan: Plan, name: str) -> bool:
    """`Figure.shown`: of photographs, and of other data sets where no photographs are planned."""
    photographs = plan.datasets("photographs")
    return name in photographs or not photographs


def first_kind(plan: Plan, *names: str) -> dict[str, Any]:
    """Network and augmentation of the first kind of networks of each of these data sets, the one of the claims."""
    return {"first": {name: plan.first_kinds[name] for name in names}}


def of_first_kind(plan: Plan, name: str) -> dict[str, Any]:
    """`Figure.parameters`: those of `of_dataset`, and the first kind of networks."""
    return of_dataset(plan, name) | first_kind(plan, name)


def percent(plan: Plan) -> dict[str, Any]:
    """The size of the maps that are tested."""
    return {"percent": plan.setting("shortcuts/percent")}
