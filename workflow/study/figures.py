"""The figures of the study: the kinds, those of its tests and all others, and the inputs of their notebooks."""

import ast
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from .catalogue import TABLES
from .description import MAPS, WEIGHTS, Figure, of_photographs
from .job import FOLDER as RUN
from .job import NETWORK, ROOT, WITH_TRUTH
from .plan import Plan
from .tests import TESTS

_FUNCTIONS = {  # of each kind, the module with its function `draw_{kind}`, and this function
    node.name.removeprefix("draw_"): (str(path.relative_to(ROOT)), node)
    for path in sorted((ROOT / "workflow" / "notebooks").glob("*.py"))
    for node in ast.parse(path.read_text()).body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("draw_")
}
NOTEBOOKS = {kind: path for kind, (path, _) in _FUNCTIONS.items()}
TAKEN = {kind: [argument.arg for argument in node.args.args] for kind, (_, node) in _FUNCTIONS.items()}


def kinds(plan: Plan) -> list[str]:
    """The kinds of which a plan has figures."""
    return [kind for kind, figure in FIGURES.items() if figure.names(plan)]


def files(plan: Plan, kind: str, name: str) -> dict[str, Any]:
    """The files that a figure is drawn from, below the results, by parameters: its inputs, tables and its data set."""
    data = f"data/{name}.h5"
    of_dataset = {"classes": data, "store": data, "spectra": f"adcs/{name}.h5"} if name in plan.datasets() else {}
    known = {**{table: f"tables/{table}.csv" for table in TABLES}, **of_dataset}
    return {key: known[key] for key in TAKEN[kind] if key in known} | _KINDS[kind].inputs(plan, name)


def parameters(plan: Plan, kind: str) -> list[dict[str, Any]]:
    """What the notebook of a kind gets for each figure: `figure`, the path without suffix, files, and the rest.

    `dataset` is that of the rows that are drawn.
    """
    taken, below, found = TAKEN[kind], f"{plan.results}/", []
    for name in FIGURES[kind].names(plan):
        given: dict[str, Any] = {"figure": f"{below}figures/{kind}_{name}"}
        if name in plan.datasets() and {"dataset", "classes"} & {*taken}:
            given["dataset"] = name
        for key, paths in files(plan, kind, name).items():
            given[key] = below + paths if isinstance(paths, str) else [below + path for path in paths]
        own = FIGURES[kind].parameters(plan, name)
        known = {
            "most": plan.config["figures"]["classes"],
            "percent": plan.config["shortcuts"]["percent"],
            "first": {one: plan.first_kinds[one] for one in own.get("datasets", [name]) if one in plan.first_kinds},
        }
        found.append({**given, **{key: known[key] for key in taken if key in known}, **own})
    return found


def inputs(plan: Plan, kind: str) -> list[str]:
    """The files that the figures of a kind are drawn from, each once."""
    given = [path for name in FIGURES[kind].names(plan) for path in _paths(files(plan, kind, name))]
    return [f"{plan.results}/{path}" for path in dict.fromkeys(given)]


def _paths(files: dict[str, Any]) -> list[str]:
    return [path for file in files.values() for path in ([file] if isinstance(file, str) else file)]


def _with_planned_tables(kind: str, figure: Figure) -> Figure:
    """A kind with those of its figures alone whose tables a plan has."""

    def is_planned(plan: Plan, name: str) -> bool:
        tables = (path for path in _paths(files(plan, kind, name)) if path.startswith("tables/"))
        return all(TABLES[PurePath(path).stem](plan) for path in tables)

    return replace(figure, names=lambda plan: [name for name in figure.names(plan) if is_planned(plan, name)])


CARD, CARDS = "{dataset}-{network}-{augmentation}", 4  # the name of the cards of a network, and their classes


def _network(name: str) -> dict[str, str]:
    """The network of the figure {dataset}-{network}-{augmentation}."""
    return dict(zip(NETWORK, name.split("-"), strict=True))


def _cards_inputs(plan: Plan, name: str) -> dict[str, Any]:
    (run,) = plan.first_seed_runs(**_network(name))
    return {
        "store": f"data/{run['dataset']}.h5",
        "weights": WEIGHTS.format(**run),
        "spectra": f"adcs/{run['dataset']}.h5",
        "maps": MAPS.format(**run),
    }


def _of_all_methods(plan: Plan, own: str, other: str, name: str) -> list[str]:
    """Of each run on a data set, `own`, then `other` filled in with each other method whose maps are tested."""
    return [
        pattern.format(**run)
        for run in plan.mapped_runs(dataset=name)
        for pattern in (own, *(other.replace("{method}", method) for method in plan.tested_methods(run)))
    ]


def _trained(plan: Plan, *kinds: str) -> list[str]:
    """The data sets of these kinds on which networks are trained."""
    return [name for name in plan.datasets(*kinds) if any(run["dataset"] == name for run in plan.trained_runs())]


_KINDS: dict[str, Figure] = {
    "samples": Figure(
        lambda plan: ["synthetic"] if plan.datasets(*WITH_TRUTH) else [],
        lambda plan, name: {
            "stores": [f"data/{name}.h5" for name in plan.datasets(*WITH_TRUTH)],
            "spectra": [f"adcs/{name}.h5" for name in plan.datasets(*WITH_TRUTH)],
        },
        lambda plan, name: {
            "names": plan.datasets(*WITH_TRUTH),
            "band_edges": {name: plan.band_edges(name) for name in plan.datasets(*WITH_TRUTH)},
        },
    ),
    "dynamics": Figure(
        lambda plan: [*_trained(plan, "photographs"), *(["synthetic"] if _trained(plan, *WITH_TRUTH) else [])],
        parameters=lambda plan, name: {"datasets": _trained(plan, *WITH_TRUTH) if name == "synthetic" else [name]},
    ),
    "adcs": Figure(Plan.datasets, parameters=lambda plan, name: {"band_edges": plan.band_edges(name)}),
    "dfm": Figure(
        Plan.mapped_datasets,
        lambda plan, name: {"maps": _of_all_methods(plan, MAPS, f"maps/{{method}}/{RUN}.h5", name)},
        lambda plan, name: {
            "labels": _of_all_methods(plan, "{network}/{augmentation}", "{network}, {method}/{augmentation}", name),
            "band_edges": plan.band_edges(name),
        },
        shown=of_photographs,
    ),
    "cards": Figure(
        lambda plan: [CARD.format(**run) for run in plan.first_seed_runs()],
        _cards_inputs,
        lambda plan, name: {
            "run": _network(name),
            "most": min(CARDS, plan.config["figures"]["classes"]),
            "band_edges": plan.band_edges(_network(name)["dataset"]),
        },
        shown=lambda plan, name: name in [CARD.format(**run) for run in plan.first_kind_runs()],
    ),
    "shortcut": Figure(
        lambda plan: (plan.mapped_datasets("photographs") or plan.mapped_datasets())[:1],
        lambda plan, name: _cards_inputs(plan, CARD.format(**plan.first_kind_runs(dataset=name)[0])),
        lambda plan, name: {"run": {key: plan.first_kind_runs(dataset=name)[0][key] for key in NETWORK}},
    ),
    "reduced": Figure(
        lambda plan: plan.mapped_datasets("photographs"),
        lambda plan, name: {
            "weights": [WEIGHTS.format(**run) for run in plan.first_seed_runs(dataset=name)],
            "maps": [MAPS.format(**run) for run in plan.first_seed_runs(dataset=name)],
        },
        lambda plan, name: {"kinds": [[run[key] for key in NETWORK[1:]] for run in plan.first_seed_runs(dataset=name)]},
    ),
    "claims": Figure(lambda plan: ["all"]),
    "renditions": Figure(
        Plan.ood_datasets,
        lambda plan, name: {"renditions": [f"data/ood/{name}/{rendition}.h5" for rendition in plan.renditions(name)]},
        lambda plan, name: {"names": plan.renditions(name)},
    ),
    **{kind: figure for test in TESTS.values() for kind, figure in test.figures.items()},
}
FIGURES = {kind: _with_planned_tables(kind, figure) for kind, figure in _KINDS.items()}
