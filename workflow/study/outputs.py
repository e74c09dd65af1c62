"""The outputs of a study: the tables and figures of a plan, and the files of each target."""

from __future__ import annotations

from collections.abc import Iterable

from .figures import FIGURES, METHOD_FIGURES
from .job import FOLDER, WITH_TRUTH
from .network_tests.registry import TESTS, files_of_study
from .plan import Plan, Run, expand_runs
from .report import TABLES

# Tables that are also written of the maps of other methods, as `method_{name}`.
METHOD_TABLES = ("cross_matrix", "own_map_advantage", "ood_advantage", "transfer_advantage")
CRATE = "ro-crate-metadata.json"  # it describes the folder of results for a deposit
# Files of the quick analysis of a run.
ANALYSIS = ["report.html", "verdicts.csv", "rates.csv", "maps.h5"]


def of_study(plan: Plan) -> list[str]:
    """Every file of the study except the report."""
    of_dataset = [file for name in plan.datasets() for file in (f"data/{name}.h5", f"adcs/{name}.h5")]
    of_run = [
        *expand_runs(f"networks/{FOLDER}/weights.safetensors", plan.runs()),
        *expand_runs(f"dfm/{FOLDER}.h5", plan.mapped_runs()),
        *expand_runs(f"stability/{FOLDER}.h5", plan.halved_runs()),
    ]
    others = [file for run in plan.mapped_runs() for file in plan.tested_maps(run)]
    planned = tables(plan)
    of_all = [
        "checked.txt",
        "config.yaml",
        "explorer.html",
        "tables/headlines.rst",
        *_figure_files(figures(plan)),
        *_table_files(planned),
        *_table_files(["graded_dynamics"] if plan.graded_seeds() else []),
        *(f"tables/{name}.html" for name in TABLES if name in planned),
        *(f"tables/table_{number}.tex" for number in paper_tables(plan)),
    ]
    renditions = [file for name in plan.ood_datasets() for file in plan.rendition_files(name)]
    return [
        *renditions,
        *files_of_study(plan),
        *of_methods(plan),
        *others,
        *(f"{plan.results}/{file}" for file in (*of_all, *of_dataset, *of_run)),
    ]


def of_methods(plan: Plan) -> list[str]:
    """The tables and figures that compare the methods; nothing if no methods are planned."""
    if not plan.compared_runs():
        return []
    joined = ["methods", "method_rates", "method_overlap"]
    joined += ["wave"] if TESTS["wave"].runs(plan) else []
    drawn = [f"{kind}_{name}" for kind in METHOD_FIGURES for name in FIGURES[kind].names(plan)]
    return [f"{plan.results}/{file}" for file in (*_table_files(joined), *_figure_files(drawn))]


def of_cure(plan: Plan) -> list[str]:
    """The tables and figures on trainings that avoid shortcuts; nothing if none are planned."""
    if not plan.cure_networks():
        return []
    drawn = [f"cure_{name}" for name in FIGURES["cure"].names(plan)]
    return [f"{plan.results}/{file}" for file in (*_table_files(["cure", "findings"]), *_figure_files(drawn))]


def of_demo(plan: Plan) -> list[str]:
    """The pages of the quick analysis of every run with maps."""
    return expand_runs(f"{plan.results}/analysis/{FOLDER}/{ANALYSIS[0]}", plan.mapped_runs())


def _table_files(names: Iterable[str]) -> list[str]:
    return [f"tables/{name}.csv" for name in names]


def _figure_files(names: Iterable[str]) -> list[str]:
    return [f"figures/{name}.{suffix}" for name in names for suffix in ("svg", "png")]


def figures(plan: Plan) -> list[str]:
    """Names of all figures."""
    return [f"{kind}_{name}" for kind, figure in FIGURES.items() for name in figure.names(plan)]


def cover_figure(plan: Plan) -> str:
    """The figure of the cover: the shortcut tests of the first photographs, or of the first data set."""
    first, *_ = plan.mapped_datasets("photographs") or plan.mapped_datasets()
    return f"shortcuts_{first}"


def explored_runs(plan: Plan) -> list[Run]:
    """The runs in the explorer: the smallest seed of every network, photographs before sets with a known truth."""
    names = [*plan.datasets("photographs"), *plan.datasets(*WITH_TRUTH)]
    return [run for name in names for run in plan.first_seed_runs(dataset=name)]


def tables(plan: Plan) -> list[str]:
    """Names of all tables."""
    scores = ["truth"] if plan.mapped_datasets(*WITH_TRUTH) else []
    scores += ["graded"] if plan.graded_seeds() else []
    scores += ["stability"] if plan.stability_datasets() else []
    scores += ["cure"] if plan.cure_networks() else []
    paper = [f"table_{number}" for number in paper_tables(plan)]
    last = ["findings", "finding_numbers", "runtimes", "provenance"]
    return [*test_tables(plan), "curves", "corruptions", *scores, *paper, *last]


def test_tables(plan: Plan) -> list[str]:
    """Names of the tables from the tests of all runs."""
    planned = {
        "networks": True,
        "dynamics": plan.trained_runs(),
        "bandstop": plan.datasets("synthetic"),
        "shortcuts": True,
        "shortcuts_over_seeds": True,
        "cross_matrix": True,
        "own_map_advantage": True,
        "phase": True,
        "planted_use": plan.mapped_datasets(*WITH_TRUTH),
        "ood": plan.ood_datasets(),
        "ood_advantage": plan.ood_datasets(),
        "transfer": plan.config["transfer"],
        "transfer_advantage": plan.config["transfer"],
        "reliance": plan.reliance_runs(),
        "harm": plan.waved_runs(),
    }
    tested = [name for name in METHOD_TABLES if plan.tested_methods() and planned[name]]
    planned |= dict.fromkeys((f"method_{name}" for name in tested), True)
    return [name for name, wanted in planned.items() if wanted]


def paper_tables(plan: Plan) -> list[str]:
    """Numbers of the rebuilt tables of the published study. They use the fill `zeros`, as published."""
    tested, in_renditions = ("zeros" in plan.config[test]["fills"] for test in ("shortcuts", "ood"))
    wanted = {"1": plan.baselines(), "2": plan.non_baselines(), "3": in_renditions and plan.ood_datasets()}
    return [number for number, rows in wanted.items() if rows and tested]


def table_if_planned(plan: Plan, name: str) -> str | list[str]:
    """The file of a table if it is planned, else an empty list, which means no file for Snakemake."""
    return f"{plan.results}/tables/{name}.csv" if name in tables(plan) else []
