"""The figures of the study: the kinds with their titles, the figures in a plan, and the inputs of their notebooks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .job import FOLDER as RUN
from .job import NETWORK, WITH_TRUTH
from .plan import Plan, expand_runs
from .report import Result


@dataclass(frozen=True)
class Figure:
    """A kind of figure. The notebook of that name draws all figures of the kind.

    names : the figures of this kind in a plan; most are drawn once for each data set, with its name
    inputs : the files for a figure, below the results, by the parameters of the notebook's function `draw`
    parameters : the other parameters of that function
    """

    result: Result
    names: Callable[[Plan], list[str]]
    inputs: Callable[[Plan, str], dict[str, Any]]
    parameters: Callable[[Plan, str], dict[str, Any]]


def kinds(plan: Plan) -> list[str]:
    """The kinds of which a plan has figures."""
    return [kind for kind, figure in FIGURES.items() if figure.names(plan)]


def parameters(plan: Plan, kind: str) -> list[dict[str, Any]]:
    """What the notebook of a kind gets for each figure: `figure`, the path without suffix, files, and the rest."""
    figure = FIGURES[kind]
    return [
        {
            "figure": f"{plan.results}/figures/{kind}_{name}",
            **_below_results(plan, figure.inputs(plan, name)),
            **figure.parameters(plan, name),
        }
        for name in figure.names(plan)
    ]


def inputs(plan: Plan, kind: str) -> list[str]:
    """The files that the figures of a kind are drawn from, each once."""
    figure = FIGURES[kind]
    given = [_below_results(plan, figure.inputs(plan, name)) for name in figure.names(plan)]
    files = [file for by_name in given for file in by_name.values()]
    return list(dict.fromkeys(path for file in files for path in ([file] if isinstance(file, str) else file)))


def _below_results(plan: Plan, files: dict[str, Any]) -> dict[str, Any]:
    return {
        key: f"{plan.results}/{given}" if isinstance(given, str) else [f"{plan.results}/{file}" for file in given]
        for key, given in files.items()
    }


def _store(name: str) -> dict[str, str]:
    return {"store": f"data/{name}.h5"}


def _table(name: str) -> Callable[[Plan, str], dict[str, Any]]:
    return lambda plan, dataset: {"table": f"tables/{name}.csv"}


def _store_and_table(name: str) -> Callable[[Plan, str], dict[str, Any]]:
    return lambda plan, dataset: {**_store(dataset), "table": f"tables/{name}.csv"}


def _synthetic(names: list[str]) -> list[str]:
    """The name of a figure of all these data sets, if there are any."""
    return ["synthetic"] if names else []


def _stores_with_truth(names: list[str]) -> dict[str, list[str]]:
    return {"stores": [f"data/{name}.h5" for name in names], "spectra": [f"adcs/{name}.h5" for name in names]}


def _sets_with_truth(plan: Plan, names: list[str]) -> dict[str, Any]:
    return {"names": names, "band_edges": {name: plan.band_edges(name) for name in names}}


def _dataset(plan: Plan, name: str) -> dict[str, Any]:
    return {"dataset": name, **_most(plan)}


def _most(plan: Plan) -> dict[str, Any]:
    return {"most": plan.setting("figures/classes")}


def _percent(plan: Plan) -> dict[str, Any]:
    return {"percent": plan.setting("shortcuts/percent")}


CARDS = 4  # classes on the cards of a network


def _network(name: str) -> dict[str, str]:
    """The network of the figure {dataset}-{network}-{augmentation}."""
    return dict(zip(NETWORK, name.split("-"), strict=True))


def _cards_inputs(plan: Plan, name: str) -> dict[str, Any]:
    (run,) = plan.first_seed_runs(**_network(name))
    return {
        **_store(run["dataset"]),
        "weights": f"networks/{RUN}/weights.safetensors".format(**run),
        "spectra": f"adcs/{run['dataset']}.h5",
        "maps": f"dfm/{RUN}.h5".format(**run),
        "shortcuts": "tables/shortcuts.csv",
    }


def _cards_parameters(plan: Plan, name: str) -> dict[str, Any]:
    network = _network(name)
    edges, seed = plan.band_edges(network["dataset"]), plan.setting("shortcuts/seed")
    most = min(CARDS, plan.setting("figures/classes"))
    return {**network, **_percent(plan), "most": most, "control_seed": seed, "band_edges": edges}


def _of_robustness(plan: Plan, pattern: str, name: str) -> list[str]:
    """A pattern filled in with the runs on a data set that are tested on perturbed images."""
    return [pattern.format(**run) for run in plan.robustness_runs() if run["dataset"] == name]


def _of_all_methods(plan: Plan, own: str, other: str, name: str) -> list[str]:
    """Of each run on a data set, `own`, then `other` filled in with each other method whose maps are tested."""
    patterns = [own, *(other.replace("{method}", method) for method in plan.tested_methods())]
    return [pattern.format(**run) for run in plan.mapped_runs(dataset=name) for pattern in patterns]


def _tables_of_methods(plan: Plan, *names: str) -> list[str]:
    """The tables of these names with the maps of other methods; none if no others are tested."""
    return [f"tables/method_{name}.csv" for name in names if plan.tested_methods()]


def _scores(plan: Plan, name: str) -> list[str]:
    """The scores of learning dynamics, as published: for photographs other scores than for synthetic sets."""
    return ["precision", "recall"] if plan.kind_of(name) == "photographs" else ["f1"]


def _mechanism(plan: Plan, dataset: str) -> str:
    """The name of a set with a known truth: its mechanism, or its own name."""
    return str(plan.config["datasets"][dataset].get("mechanism", dataset))


def _compared(plan: Plan) -> list[str]:
    return ["all"] if plan.compared_runs() else []


def _compared_kinds(plan: Plan) -> list[str]:
    """The kinds of data sets for which methods are compared."""
    return list(dict.fromkeys(plan.kind_of(run["dataset"]) for run in plan.compared_runs()))


def _compared_with_truth(plan: Plan) -> list[str]:
    names = plan.datasets_with_truth()
    return [name for name in _compared_datasets(plan, "synthetic", "planted", "photographs") if name in names]


def _compared_datasets(plan: Plan, *kinds: str) -> list[str]:
    names = dict.fromkeys(run["dataset"] for run in plan.compared_runs())
    return [name for name in names if plan.kind_of(name) in kinds]


def _method_rates(title: str) -> Figure:
    return Figure(
        Result(title, "beyond"),
        _compared_kinds,
        _table("method_rates"),
        lambda plan, name: {"datasets": _compared_datasets(plan, name), **_percent(plan)},
    )


FIGURES = {
    "samples": Figure(
        Result("images and spectra", "samples"),
        lambda plan: _synthetic(plan.datasets(*WITH_TRUTH)),
        lambda plan, name: _stores_with_truth(plan.datasets(*WITH_TRUTH)),
        lambda plan, name: _sets_with_truth(plan, plan.datasets(*WITH_TRUTH)),
    ),
    "dynamics": Figure(
        Result("learning dynamics", "dynamics"),
        lambda plan: list(dict.fromkeys(run["dataset"] for run in plan.trained_runs())),
        _store_and_table("dynamics"),
        lambda plan, name: {**_dataset(plan, name), "scores": _scores(plan, name)},
    ),
    "graded": Figure(
        Result("earliness and gain", "dynamics"),
        lambda plan: ["all"] if plan.graded_seeds() else [],
        _table("graded"),
        lambda plan, name: {},
    ),
    "bandstop": Figure(
        Result("band-stop test", "bandstop"),
        lambda plan: plan.datasets("synthetic"),
        _store_and_table("bandstop"),
        _dataset,
    ),
    "adcs": Figure(
        Result("ADCS", "adcs"),
        Plan.datasets,
        lambda plan, name: {"spectra": f"adcs/{name}.h5"},
        lambda plan, name: {"band_edges": plan.band_edges(name), **_most(plan)},
    ),
    "dfm": Figure(
        Result("dominant frequency maps", "dfm"),
        Plan.mapped_datasets,
        lambda plan, name: {
            "maps": _of_all_methods(plan, f"dfm/{RUN}.h5", f"maps/{{method}}/{RUN}.h5", name),
            "shortcuts": "tables/shortcuts.csv",
        },
        lambda plan, name: {
            **_dataset(plan, name),
            **_percent(plan),
            "labels": _of_all_methods(plan, "{network}/{augmentation}", "{network}, {method}/{augmentation}", name),
            "band_edges": plan.band_edges(name),
        },
    ),
    "cards": Figure(
        Result("class cards", "dfm"),
        lambda plan: expand_runs("{dataset}-{network}-{augmentation}", plan.first_seed_runs()),
        _cards_inputs,
        _cards_parameters,
    ),
    "filtered": Figure(
        Result("images reduced to the maps", "dfm"),
        Plan.mapped_datasets,
        lambda plan, name: {
            **_store(name),
            "weights": expand_runs(f"networks/{RUN}/weights.safetensors", plan.first_seed_runs(dataset=name)),
            "maps": expand_runs(f"dfm/{RUN}.h5", plan.first_seed_runs(dataset=name)),
            "shortcuts": "tables/shortcuts.csv",
        },
        lambda plan, name: {
            **_dataset(plan, name),
            **_percent(plan),
            "labels": expand_runs("{network}/{augmentation}", plan.first_seed_runs(dataset=name)),
        },
    ),
    "findings": Figure(
        Result("findings and their intervals", "findings"),
        lambda plan: ["all"],
        lambda plan, name: {"table": "tables/findings.csv", "numbers": "tables/finding_numbers.csv"},
        lambda plan, name: {},
    ),
    "shortcuts": Figure(
        Result("TPR - FPR with controls", "shortcuts"),
        Plan.mapped_datasets,
        lambda plan, name: {
            **_store(name),
            "table": "tables/shortcuts_over_seeds.csv",
            "verdicts": "tables/shortcuts.csv",
        },
        _dataset,
    ),
    "cross": Figure(
        Result("every class with every map", "shortcuts"),
        Plan.mapped_datasets,
        lambda plan, name: {
            **_store(name),
            "table": "tables/cross_matrix.csv",
            "advantage": "tables/own_map_advantage.csv",
            "of_methods": _tables_of_methods(plan, "cross_matrix", "own_map_advantage"),
            "shortcuts": "tables/shortcuts.csv",
        },
        _dataset,
    ),
    "renditions": Figure(
        Result("the renditions", "ood"),
        Plan.ood_datasets,
        lambda plan, name: {
            **_store(name),
            "renditions": [f"data/ood/{name}/{rendition}.h5" for rendition in plan.renditions(name)],
        },
        lambda plan, name: {"names": plan.renditions(name), **_most(plan)},
    ),
    "ood": Figure(
        Result("TPR by rendition", "ood"),
        Plan.ood_datasets,
        lambda plan, name: {**_store(name), "table": "tables/ood.csv", "shortcuts": "tables/shortcuts.csv"},
        _dataset,
    ),
    "truth": Figure(
        Result("maps against the planted truth", "beyond"),
        lambda plan: _synthetic(plan.mapped_datasets(*WITH_TRUTH)),
        lambda plan, name: {
            **_stores_with_truth(plan.mapped_datasets(*WITH_TRUTH)),
            "maps": expand_runs(f"dfm/{RUN}.h5", plan.mapped_runs(*WITH_TRUTH)),
            "table": "tables/truth.csv",
        },
        lambda plan, name: {
            **_sets_with_truth(plan, plan.mapped_datasets(*WITH_TRUTH)),
            **_percent(plan),
            "datasets": expand_runs("{dataset}", plan.mapped_runs(*WITH_TRUTH)),
        },
    ),
    "stability": Figure(
        Result("stability of the maps", "beyond"),
        Plan.stability_datasets,
        _table("stability"),
        lambda plan, name: {"dataset": name, **_percent(plan)},
    ),
    "phase": Figure(
        Result("phase or amplitude", "beyond"),
        Plan.mapped_datasets,
        _store_and_table("phase"),
        _dataset,
    ),
    "curves": Figure(
        Result("recall without some frequencies", "beyond"),
        Plan.mapped_datasets,
        _store_and_table("curves"),
        _dataset,
    ),
    "sensitivity": Figure(
        Result("error under single plane waves", "beyond"),
        Plan.mapped_datasets,
        lambda plan, name: {"maps": _of_robustness(plan, f"tests/{RUN}/sensitivity.h5", name)},
        lambda plan, name: {
            "labels": _of_robustness(plan, "{network}, {augmentation}", name),
            "band_edges": plan.band_edges(name),
        },
    ),
    "corruptions": Figure(
        Result("recall under corruptions", "beyond"),
        lambda plan: plan.mapped_datasets() if plan.setting("robustness/corruptions") else [],
        _table("corruptions"),
        lambda plan, name: {"dataset": name},
    ),
    "reliance": Figure(
        Result("are the frequencies of the maps needed?", "beyond"),
        lambda plan: list(dict.fromkeys(run["dataset"] for run in plan.reliance_runs())),
        _table("reliance"),
        lambda plan, name: {"dataset": name},
    ),
    "harm": Figure(
        Result("what a strong shortcut costs", "beyond"),
        lambda plan: ["all"] if plan.waved_runs() else [],
        _table("harm"),
        lambda plan, name: {},
    ),
    "cure": Figure(
        Result("training that avoids shortcuts", "beyond"),
        Plan.cure_datasets,
        _table("cure"),
        lambda plan, name: {"dataset": name},
    ),
    "method_truth": Figure(
        Result("every method against the planted truth", "beyond"),
        lambda plan: ["all"] if _compared_with_truth(plan) else [],
        _table("methods"),
        lambda plan, name: {"mechanisms": {key: _mechanism(plan, key) for key in _compared_with_truth(plan)}},
    ),
    "method_rates": _method_rates("maps of every method, kept"),
    "method_deletion": _method_rates("maps of every method, removed"),
    "method_cost": Figure(
        Result("quality and cost of every method", "beyond"),
        _compared,
        lambda plan, name: {"scores": "tables/methods.csv", "rates": "tables/method_rates.csv"},
        lambda plan, name: _percent(plan),
    ),
    "method_overlap": Figure(
        Result("overlap of the maps over seeds", "beyond"),
        lambda plan: ["all"] if len({run["seed"] for run in plan.compared_runs()}) > 1 else [],
        _table("method_overlap"),
        lambda plan, name: _percent(plan),
    ),
}
METHOD_FIGURES = [kind for kind in FIGURES if kind.startswith("method_")]
