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
    Result,
    claims,
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
        return folder not in ("tables", "claims") or TABLES[PurePath(file).stem].is_planned(plan)

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
    together = name == "synthetic"
    datasets = _trained(plan, *WITH_TRUTH) if together else [name]
    given = {"datasets": datasets, "most": plan.setting("figures/classes"), **first_kind(plan, *datasets)}
    return given | ({"store": None} if together else {})


_KINDS: dict[str, Figure] = {
    "samples": Figure(
        Result("images and spectra", "samples", "Figure 1"),
        lambda plan: ["synthetic"] if plan.datasets(*WITH_TRUTH) else [],
        lambda plan, name: {
            "stores": [f"data/{name}.h5" for name in plan.datasets(*WITH_TRUTH)],
            "spectra": [f"adcs/{name}.h5" for name in plan.datasets(*WITH_TRUTH)],
        },
        lambda plan, name: {
            "names": plan.datasets(*WITH_TRUTH),
            "band_edges": {name: plan.band_edges(name) for name in plan.datasets(*WITH_TRUTH)},
        },
        caption="The first test image of each class (a column) of every synthetic and planted set, and the mean "
        "amplitude spectrum of all {{ config.adcs.split }} images of the class, on a logarithmic scale; in Syn_1 to "
        "Syn_4, circles mark the edges of the bands. In ``syn_b``, class C3 has no energy in band b, C1 has more "
        "along the diagonals (x {{ config.synthesis.diagonal_gain }} in amplitude), C2 along the axes (x {{ "
        "config.synthesis.axis_gain }}). In planted sets each class has one cue, after which the set is named: in "
        "``present`` and ``redundant`` a few frequencies have x {{ config.planting.gain }} the amplitude, in "
        "``absent`` a ring has none.",
    ),
    "dynamics": Figure(
        Result("when each class is learned", "dynamics", "Figure 5"),
        lambda plan: [*_trained(plan, "photographs"), *(["synthetic"] if _trained(plan, *WITH_TRUTH) else [])],
        lambda plan, name: {
            **table("dynamics")(plan, name),
            **({"claims": []} if name == "synthetic" else {**store(name), **claims(plan, name, "dynamics")}),
        },
        _dynamics_parameters,
        caption="{% if 'photographs' in kinds %}Photographs (Figure 5): the iteration at which F1 of a class first "
        "passes 0.5 on the test images as they are, low-passed and high-passed (at {{ "
        "config.training.photographs.dynamics.cutoff }} cycles per image), one mark a network, open at the right edge "
        "if it never does; classes are sorted by the median (bar). {% endif %}{% if 'synthetic' in names %}Synthetic "
        "and planted sets (Figure 2): F1 of every class over the first iterations, the mean and each network. {% "
        "endif %}The networks, of the first kind that is planned, are tested {% set comma = joiner(', ') %}{% for "
        "images in ('photographs', 'synthetic', 'planted') if images in kinds or (images != 'photographs' and "
        "'synthetic' in names) %}{% set dynamics = config.training[images].dynamics %}{{ comma() }}on {{ "
        "dynamics.images_per_class }} {{ images if images == 'photographs' else images ~ ' images' }} a class every "
        "{{ dynamics.every }} iterations{% endfor %}.",
        numbers={"synthetic": "Figure 2"},
    ),
    "graded": Figure(
        Result("gain and earliness", "dynamics"),
        lambda plan: ["all"] if plan.graded_seeds() else [],
        lambda plan, name: {"table": "tables/graded.csv", "claims": ["claims/graded.csv"]},
        lambda plan, name: {},
        caption="{% set of = config.graded -%} Each class of {{ of.sets }} graded sets, with a network for each set: "
        "earliness, the mean F1 over the tests in the first {{ of.iterations }} iterations (one every {{ of.every }}, "
        "on {{ of.test_images_per_class }} test images a class), against the gain at the frequencies of the class. "
        "Two classes of a set lie in a low ring and two in a high one; ring, frequencies and gain were drawn at "
        "random. A grey line joins the classes of a set.",
    ),
    "adcs": Figure(
        Result("ADCS", "adcs", "Figure 4"),
        Plan.datasets,
        lambda plan, name: {"spectra": f"adcs/{name}.h5"},
        lambda plan, name: {"band_edges": plan.band_edges(name), "most": plan.setting("figures/classes")},
        caption="For each frequency, the number of classes with a lower mean amplitude than this class minus the "
        "number with a higher one, over all {{ config.adcs.split }} images: *as published*, and by differences beyond "
        "three standard errors alone (*significant*), so that chance stays white. Zero frequency is in the centre; at "
        "red frequencies the class has more energy than the others, at blue ones less.{% if control_bands() %} "
        "Circles mark the edges of the bands, and C3 has no energy in the control band ({{ control_bands() }}).{% "
        "endif %}",
    ),
    "dfm": Figure(
        Result("dominant frequency maps", "maps", "Figure 6"),
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
        caption="The top {{ config.shortcuts.percent }} % of the spectrum by the rise of the class's loss without a "
        "frequency ({{ config.culling.method }} culling on {{ config.culling.images_per_class or 'all' }} {{ "
        "config.culling.split }} images a class); a column is a class, a row a network and augmentation. The shade is "
        "the share of its networks ({{ seeds() }}) that have the frequency in the map; zero frequency is in the "
        "centre.{% if config.shortcuts.methods %} Rows with the name of a method ({{ plain(config.shortcuts.methods | "
        "join(', ')) }}) show the maps that it finds.{% endif %}",
        shown=of_photographs,
    ),
    "cards": Figure(
        Result("class cards", "maps", "Figure 7"),
        lambda plan: expand_runs(CARD, plan.first_seed_runs()),
        _cards_inputs,
        lambda plan, name: {
            "run": _network(name),
            **percent(plan),
            "most": min(CARDS, plan.setting("figures/classes")),
            "band_edges": plan.band_edges(_network(name)["dataset"]),
        },
        caption="From left to right: ADCS; the rise of the class's loss without a frequency, as a share of the "
        "greatest (square-root scale); the top {{ config.shortcuts.percent }} % map; the first test image of the "
        "class, the same reduced to the map, and to as many of the lowest frequencies, with TPR / FPR of such images "
        "({{ judged }}). At the other frequencies stand zeros or, where the set has a neutral class, an image of it "
        "(swap); reduced images are stretched in contrast. One network, of the first seed, and at most four classes: "
        "the explorer has all others.",
        shown=lambda plan, name: name in expand_runs(CARD, plan.first_kind_runs()),
    ),
    "shortcut": Figure(
        Result("one shortcut", "maps", "Figure 7"),
        lambda plan: (plan.mapped_datasets("photographs") or plan.mapped_datasets())[:1],
        lambda plan, name: _cards_inputs(plan, _first_network(plan, name)),
        lambda plan, name: {"run": _network(_first_network(plan, name)), **percent(plan)},
        caption="The class with the largest TPR - FPR from its map minus that from as many of the lowest frequencies, "
        "mean over the networks of the first kind that is planned. Its first test image, with the map of the first "
        "planned seed; reduced images are stretched in contrast. Below, TPR (recognised) and FPR (false positives) of "
        "such images ({{ judged }}), mean over the networks.",
    ),
    "reduced": Figure(
        Result("images reduced to their maps", "maps", "Figure 7"),
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
        caption="The first test image of every class (a column), as it is and reduced to the top {{ "
        "config.shortcuts.percent }} % map of each kind of network (a row; the first planned seed), with zeros "
        "elsewhere, stretched in contrast. Below each: TPR / FPR of such images ({{ judged }}), mean over the "
        "networks of the kind.",
    ),
    "claims": Figure(
        Result("the claims and their intervals", "claims"),
        lambda plan: ["all"],
        lambda plan, name: {"table": "tables/claims.csv", "numbers": "tables/claim_numbers.csv"},
        lambda plan, name: {},
        caption="Each claim of the paper (black) and ours (grey): the mean over the networks, or the share of them, "
        "its 95 % interval, and each network. *Seen*: the interval lies above the threshold; *not seen*: below it, or "
        "within the bound; else *unclear*. Bold: *decided*, by 15 networks or more and after Holm's correction; of "
        "fewer than five networks the interval is over their images.",
    ),
    "renditions": Figure(
        Result("the renditions", "other"),
        Plan.ood_datasets,
        lambda plan, name: {
            **store(name),
            "renditions": [f"data/ood/{name}/{rendition}.h5" for rendition in plan.renditions(name)],
        },
        lambda plan, name: {"names": plan.renditions(name), "most": plan.setting("figures/classes")},
        caption="One test photograph of every class (a column), and one image of each rendition (a row). {% for name "
        "in names -%} {{ 'Those of ' if loop.first }}{{ plain(name) }} are {{ 'its out-of-distribution twin in ' ~ "
        "plain(config.datasets[name].ood.root) if 'ood' in config.datasets[name] else 'made from %d test photographs "
        "a class' | format(config.ood.images_per_class) }}{{ '; ' if not loop.last else '.' }}{% endfor -%} {% if "
        "'texture' in config.ood.renditions %} In *texture*, the low frequencies are those of the photograph, so that "
        "maps of low frequencies keep their region.{% endif %}",
    ),
    **{kind: figure for test in TESTS.values() for kind, figure in test.figures.items()},
}
FIGURES = {kind: _with_planned_tables(figure) for kind, figure in _KINDS.items()}
