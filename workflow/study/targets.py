"""The outputs of a study: the tables and figures of a plan, and the files of each target."""

from . import figures as drawn
from .catalogue import TABLES
from .job import FOLDER
from .plan import Plan
from .tests import TESTS

TYPESET = (
    "flips",
    "shortcuts",
    "shortcuts_over_seeds",
    "own_map_advantage",
    "phase",
    "planted_use",
    "transfer_advantage",
    "reliance",
    "networks",
    "table_1",
    "table_2",
    "table_3",
    "claims",
    "claims_by_class",
    "claim_variants",
    "runtimes",
    "provenance",
)  # in the report


def of_study(plan: Plan) -> list[str]:
    """Every file of the study except the report."""
    of_dataset = [file for name in plan.datasets() for file in (f"data/{name}.h5", f"adcs/{name}.h5")]
    trained = [*plan.runs(), *plan.graded_runs, *plan.drawn_runs]
    maps = [file for run in plan.mapped_runs() for file in plan.tested_maps(run)]
    planned = tables(plan)
    of_all = [
        "checked.txt",
        "config.yaml",
        "notebooks.html",
        "tables/cover.rst",
        *(f"figures/{name}.{suffix}" for name in figures(plan) for suffix in ("svg", "png")),
        *(f"tables/{name}.csv" for name in planned),
        *(f"tables/{name}.html" for name in typeset_tables(plan)),
        *(f"tables/{name}.tex" for name in paper_tables(plan)),
    ]
    renditions = [file for name in plan.ood_datasets() for file in plan.rendition_files(name)]
    return [
        *renditions,
        *(file for test in TESTS.values() for file in test.files(plan)),
        *plan.map_files(),
        *maps,
        *(f"{plan.results}/{file}" for file in (*of_all, *of_dataset)),
        *plan.files(f"networks/{FOLDER}/weights.safetensors", trained),
    ]


def of_methods(plan: Plan) -> list[str]:
    """The maps of all planned methods and, where the truth is known, the table and the figure of their scores."""
    scores = ["tables/methods.csv", "figures/methods_all.svg", "figures/methods_all.png"] if plan.scored_runs() else []
    return [*plan.map_files(), *(f"{plan.results}/{file}" for file in ("checked.txt", *scores))]


def of_benchmark(plan: Plan, name: str) -> list[str]:
    """The tables of one of the benchmarks, and its figure."""
    tables = [f"tables/{table}.csv" for table in TESTS[name].planned_tables(plan)]
    files = ["checked.txt", *tables, *(f"figures/{name}_all.{suffix}" for suffix in ("svg", "png"))]
    return [f"{plan.results}/{file}" for file in files]


def figures(plan: Plan) -> list[str]:
    """Names of all figures."""
    return [f"{kind}_{name}" for kind, names in drawn.names(plan).items() for name in names]


def tables(plan: Plan) -> list[str]:
    """Names of all tables."""
    return [name for name, planned in TABLES.items() if planned(plan)]


def paper_tables(plan: Plan) -> list[str]:
    """Names of the rebuilt tables of the published study."""
    return [name for name in tables(plan) if name.startswith("table_")]


def typeset_tables(plan: Plan) -> list[str]:
    """Names of the tables that the report shows."""
    return [name for name in tables(plan) if name in TYPESET]


def notebooks(plan: Plan) -> list[str]:
    """Names of all notebooks."""
    kinds = [kind for kind, names in drawn.names(plan).items() if names]
    return [*kinds, *(["paper_tables"] if paper_tables(plan) else [])]
