"""The figures of the study: the kinds, those of its tests and all others, and the inputs of their notebooks."""

import ast
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from .catalogue import TABLES
from .description import (
    MAPS,
    WEIGHTS,
    Figure,
    claims,
    classes,
    first_kind,
    of_dataset,
    of_photographs,
    percent,
    store,
    table,
)
from .job import FOLDER as RUN
from .job import NETWORK, ROOT, WITH_TRUTH
from .plan import Plan, expand_runs
from .tests import TESTS

# The module that draws each kind, in its function `draw_{kind}`.
NOTEBOOKS = {
    node.name.removeprefix("draw_"): str(path.relative_to(ROOT))
    for path in sorted((ROOT / "workflow" / "notebooks").glob("*.py"))
    for node in ast.parse(path.read_text()).body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("draw_")
}


def kinds(plan: Plan) -> list[str]:
    """The kinds of which a plan has figures."""
    return [kind for kind, figure in FIGURES.items() if figure.names(plan)]


def parameters(plan: Plan, kind: str) -> list[dict[str, Any]]:
    """What the notebook of a kind gets for each figure: `figure`, the path without suffix, files, and the rest."""
    figure, below = FIGURES[kind], f"{plan.results}/"
    return [
        {
            "figure": f"{below}figures/{kind}_{name}",
            **{
                key: below + given if isinstance(given, str) else [below + file for file in given]
                for key, given in figure.inputs(plan, name).items()
            },
            **figure.parameters(plan, name),
        }
        for name in figure.names(plan)
    ]


def inputs(plan: Plan, kind: str) -> list[str]:
    """The files that the figures of a kind are drawn from, each once."""
    figure = FIGURES[kind]
    given = [path for name in figure.names(plan) for path in _paths(figure.inputs(plan, name))]
    return [f"{plan.results}/{path}" for path in dict.fromkeys(given)]


def _paths(files: dict[str, Any]) -> list[str]:
    return [path for file in files.values() for path in ([file] if isinstance(file, str) else file)]


def _with_planned_tables(figure: Figure) -> Figure:
    """A kind with those of its figures alone whose tables a plan has, for `claims/{table}.csv` the table too."""

    def is_planned(plan: Plan, path: str) -> bool:
        folder, _, file = path.partition("/")
        return folder not in ("tables", "claims") or bool(TABLES[PurePath(file).stem](plan))

    def names(plan: Plan) -> list[str]:
        drawn = figure.names(plan)
        return [name for name in drawn if all(is_planned(plan, path) for path in _paths(figure.inputs(plan, name)))]

    return replace(figure, names=names)


CARD, CARDS = "{dataset}-{network}-{augmentation}", 4  # the name of the cards of a network, and their classes


def _network(name: str) -> dict[str, str]:
    """The network of the figure {dataset}-{network}-{augmentation}."""
    return dict(zip(NETWORK, name.split("-"), strict=True))


def _cards_inputs(plan: Plan, name: str) -> dict[str, Any]:
    (run,) = plan.first_seed_runs(**_network(name))
    return {
        **store(run["dataset"]),
        "weights": WEIGHTS.format(**run),
        "spectra": f"adcs/{run['dataset']}.h5",
        "maps": MAPS.format(**run),
        "shortcuts": "tables/shortcuts.csv",
    }


def _first_network(plan: Plan, name: str) -> str:
    """The same name of the first kind of networks of a data set."""
    return CARD.format(**plan.first_kind_runs(dataset=name)[0])


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


def _dynamics_parameters(plan: Plan, name: str) -> dict[str, Any]:
    datasets = _trained(plan, *WITH_TRUTH) if name == "synthetic" else [name]
    return {"datasets": datasets, "most": plan.setting("figures/classes"), **first_kind(plan, *datasets)}


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
        lambda plan, name: {
            **table("dynamics")(plan, name),
            **({} if name == "synthetic" else {**classes(name), **claims(plan, name, "dynamics")}),
        },
        _dynamics_parameters,
    ),
    "adcs": Figure(
        Plan.datasets,
        lambda plan, name: {"spectra": f"adcs/{name}.h5"},
        lambda plan, name: {"band_edges": plan.band_edges(name), "most": plan.setting("figures/classes")},
    ),
    "dfm": Figure(
        Plan.mapped_datasets,
        lambda plan, name: {
            "maps": _of_all_methods(plan, MAPS, f"maps/{{method}}/{RUN}.h5", name),
            "shortcuts": "tables/shortcuts.csv",
        },
        lambda plan, name: {
            **of_dataset(plan, name),
            **percent(plan),
            "labels": _of_all_methods(plan, "{network}/{augmentation}", "{network}, {method}/{augmentation}", name),
            "band_edges": plan.band_edges(name),
        },
        shown=of_photographs,
    ),
    "cards": Figure(
        lambda plan: expand_runs(CARD, plan.first_seed_runs()),
        _cards_inputs,
        lambda plan, name: {
            "run": _network(name),
            **percent(plan),
            "most": min(CARDS, plan.setting("figures/classes")),
            "band_edges": plan.band_edges(_network(name)["dataset"]),
        },
        shown=lambda plan, name: name in expand_runs(CARD, plan.first_kind_runs()),
    ),
    "shortcut": Figure(
        lambda plan: (plan.mapped_datasets("photographs") or plan.mapped_datasets())[:1],
        lambda plan, name: _cards_inputs(plan, _first_network(plan, name)),
        lambda plan, name: {"run": _network(_first_network(plan, name)), **percent(plan)},
    ),
    "reduced": Figure(
        lambda plan: plan.mapped_datasets("photographs"),
        lambda plan, name: {
            **store(name),
            "weights": expand_runs(WEIGHTS, plan.first_seed_runs(dataset=name)),
            "maps": expand_runs(MAPS, plan.first_seed_runs(dataset=name)),
            "shortcuts": "tables/shortcuts.csv",
            "table": "tables/shortcuts_over_seeds.csv",
        },
        lambda plan, name: {
            **of_dataset(plan, name),
            **percent(plan),
            "kinds": [[run[key] for key in NETWORK[1:]] for run in plan.first_seed_runs(dataset=name)],
        },
    ),
    "claims": Figure(
        lambda plan: ["all"],
        lambda plan, name: {"table": "tables/claims.csv", "numbers": "tables/claim_numbers.csv"},
        lambda plan, name: {},
    ),
    "renditions": Figure(
        Plan.ood_datasets,
        lambda plan, name: {
            **store(name),
            "renditions": [f"data/ood/{name}/{rendition}.h5" for rendition in plan.renditions(name)],
        },
        lambda plan, name: {"names": plan.renditions(name), "most": plan.setting("figures/classes")},
    ),
    **{kind: figure for test in TESTS.values() for kind, figure in test.figures.items()},
}
FIGURES = {kind: _with_planned_tables(figure) for kind, figure in _KINDS.items()}
