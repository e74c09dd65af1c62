"""The figures of the study: the kinds, those of its tests and all others, and the inputs of their notebooks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import Any

from .catalogue import TABLES
from .categories import Result
from .description import Figure, claims, first_kind, of_dataset, percent, store, table
from .job import FOLDER as RUN
from .job import NETWORK, WITH_TRUTH
from .network_tests import TESTS
from .plan import Plan, expand_runs


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
    given = [path for name in figure.names(plan) for path in _paths(_below_results(plan, figure.inputs(plan, name)))]
    return list(dict.fromkeys(given))


def _paths(files: dict[str, Any]) -> list[str]:
    return [path for file in files.values() for path in ([file] if isinstance(file, str) else file)]


def _below_results(plan: Plan, files: dict[str, Any]) -> dict[str, Any]:
    return {
        key: f"{plan.results}/{given}" if isinstance(given, str) else [f"{plan.results}/{file}" for file in given]
        for key, given in files.items()
    }


def _samples_inputs(plan: Plan, name: str) -> dict[str, Any]:
    names = plan.datasets(*WITH_TRUTH)
    return {"stores": [f"data/{name}.h5" for name in names], "spectra": [f"adcs/{name}.h5" for name in names]}


def _samples_parameters(plan: Plan, name: str) -> dict[str, Any]:
    names = plan.datasets(*WITH_TRUTH)
    return {"names": names, "band_edges": {name: plan.band_edges(name) for name in names}}


def _with_planned_tables(figure: Figure) -> Figure:
    """A kind with those of its figures alone whose tables a plan has, for `claims/{table}.csv` the table too."""

    def is_planned(plan: Plan, path: str) -> bool:
        folder, _, file = path.partition("/")
        return folder not in ("tables", "claims") or TABLES[PurePath(file).stem].is_planned(plan)

    def names(plan: Plan) -> list[str]:
        drawn = figure.names(plan)
        return [name for name in drawn if all(is_planned(plan, path) for path in _paths(figure.inputs(plan, name)))]

    return replace(figure, names=names)


CARDS = 4  # classes on the cards of a network


def _network(name: str) -> dict[str, str]:
    """The network of the figure {dataset}-{network}-{augmentation}."""
    return dict(zip(NETWORK, name.split("-"), strict=True))


def _cards_inputs(plan: Plan, name: str) -> dict[str, Any]:
    (run,) = plan.first_seed_runs(**_network(name))
    return {
        **store(run["dataset"]),
        "weights": f"networks/{RUN}/weights.safetensors".format(**run),
        "spectra": f"adcs/{run['dataset']}.h5",
        "maps": f"dfm/{RUN}.h5".format(**run),
        "shortcuts": "tables/shortcuts.csv",
    }


def _reduced_inputs(plan: Plan, name: str) -> dict[str, Any]:
    runs = plan.first_seed_runs(dataset=name)
    return {
        **store(name),
        "weights": expand_runs(f"networks/{RUN}/weights.safetensors", runs),
        "maps": expand_runs(f"dfm/{RUN}.h5", runs),
        "shortcuts": "tables/shortcuts.csv",
        "table": "tables/shortcuts_over_seeds.csv",
    }


def _cards_parameters(plan: Plan, name: str) -> dict[str, Any]:
    run, most = _network(name), min(CARDS, plan.setting("figures/classes"))
    return {"run": run, **percent(plan), "most": most, "band_edges": plan.band_edges(run["dataset"])}


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
        Result("images and spectra", "samples"),
        lambda plan: ["synthetic"] if plan.datasets(*WITH_TRUTH) else [],
        _samples_inputs,
        _samples_parameters,
        caption="Images (the first test image of each class) and mean amplitude spectra of the synthetic and planted "
        "sets, one column a class. Spectra are the mean over all {{ config.adcs.split }} images of a class and over "
        "the channels, on a logarithmic scale; in Syn_1 to Syn_4, circles mark the band edges. In ``syn_b`` class C3 "
        "has no energy in band b; C1 is raised along the diagonals (x {{ config.synthesis.diagonal_gain }} in "
        "amplitude), C2 along the axes (x {{ config.synthesis.axis_gain }}). In planted sets each class has one cue, "
        "of the mechanism that the set is named after: in ``present`` and ``redundant``, the amplitude of a set of "
        "pairs is raised x {{ config.planting.gain }}; in ``absent``, a ring has no energy.",
    ),
    "dynamics": Figure(
        Result("when each class is learned", "dynamics"),
        lambda plan: [*_trained(plan, "photographs"), *(["synthetic"] if _trained(plan, *WITH_TRUTH) else [])],
        lambda plan, name: {
            **table("dynamics")(plan, name),
            **({"claims": []} if name == "synthetic" else {**store(name), **claims(plan, name, "dynamics")}),
        },
        _dynamics_parameters,
        caption="On photographs: the iteration at which F1 of a class first passes 0.5, one mark a network, open at "
        "the right edge if it never does; classes are sorted by the median (bar). The test images are shown as they "
        "are, low-passed and high-passed. On synthetic and planted sets: F1 of every class over the first iterations, "
        "mean and each network. Both are of the first kind of network that is planned. {% for images in ("
        "'photographs', 'synthetic', 'planted') if images in kinds or (images != 'photographs' and 'synthetic' in "
        "names) -%} {% set dynamics = config.training[images].dynamics -%} {{ images[0] | upper ~ images[1:] }}: "
        "tested every {{ dynamics.every }} iterations on {{ dynamics.images_per_class }} test images a class, cut at "
        "{{ dynamics.cutoff }} cycles per image. {% endfor -%} At most {{ config.figures.classes }} classes are "
        "drawn.",
    ),
    "graded": Figure(
        Result("earliness and gain", "dynamics"),
        lambda plan: ["all"] if plan.graded_seeds() else [],
        lambda plan, name: {"table": "tables/graded.csv", "claims": ["claims/graded.csv"]},
        lambda plan, name: {},
        caption="{% set of = config.graded -%} Earliness of the classes of {{ of.sets }} graded sets against the gain "
        "at their frequencies: mean F1 over the tests in the first {{ of.iterations }} iterations (one every {{ "
        "of.every }}, on {{ of.test_images_per_class }} test images a class). In each set, two classes lie in a low "
        "ring and two in a high one; ring, pairs and gain were drawn at random. A grey line joins the classes of a "
        "set.",
    ),
    "adcs": Figure(
        Result("ADCS", "adcs"),
        Plan.datasets,
        lambda plan, name: {"spectra": f"adcs/{name}.h5"},
        lambda plan, name: {"band_edges": plan.band_edges(name), "most": plan.setting("figures/classes")},
        caption="ADCS of every class: for each frequency the number of classes with a lower mean amplitude minus the "
        "number with a higher one, *as published*, and (*significant*) by differences beyond three standard errors "
        "alone, so that chance stays white. The mean is over all {{ config.adcs.split }} images of the class, "
        "as a network sees them, and over the channels ({{ config.adcs.channel_weights }}). Zero frequency is in the "
        "centre; at red frequencies a class has more energy than the others, at blue ones less.{% if control_bands() "
        "%} In synthetic sets, circles mark the band edges; class C3 has no energy in the control band ({{ "
        "control_bands() }}).{% endif %} At most {{ config.figures.classes }} classes are drawn.",
    ),
    "dfm": Figure(
        Result("dominant frequency maps", "dfm"),
        Plan.mapped_datasets,
        lambda plan, name: {
            "maps": _of_all_methods(plan, f"dfm/{RUN}.h5", f"maps/{{method}}/{RUN}.h5", name),
            "shortcuts": "tables/shortcuts.csv",
        },
        lambda plan, name: {
            **of_dataset(plan, name),
            **percent(plan),
            "labels": _of_all_methods(plan, "{network}/{augmentation}", "{network}, {method}/{augmentation}", name),
            "band_edges": plan.band_edges(name),
        },
        caption="Dominant frequency maps: the top {{ config.shortcuts.percent }} % of the spectrum by the rise of the "
        "class's loss when a conjugate pair is removed ({{ config.culling.method }} culling on {{ "
        "config.culling.images_per_class or 'all' }} {{ config.culling.split }} images a class). A column is a class, "
        "a row a network and augmentation; the shade is the share of its seeds ({{ seeds() }}) that have the frequency "
        "in the map. Zero frequency is in the centre.{% if config.culling.method == 'screened' %} Screened maps are "
        "found with an aimed recall of {{ config.culling.target_recall }}.{% endif %}{% if config.shortcuts.methods %} "
        "Rows with the name of a method ({{ plain(config.shortcuts.methods | join(', ')) }}) show the maps that it "
        "finds.{% endif %}",
    ),
    "cards": Figure(
        Result("class cards", "dfm"),
        lambda plan: expand_runs("{dataset}-{network}-{augmentation}", plan.first_seed_runs()),
        _cards_inputs,
        _cards_parameters,
        caption="Class cards of one network on one data set, of at most four classes; the explorer shows the others. "
        "From left to right: ADCS of the {{ config.adcs.split }} images; rise of the class's loss when a conjugate "
        "pair is removed ({{ config.culling.method }} culling on {{ config.culling.images_per_class or 'all' }} {{ "
        "config.culling.split }} images a class), as a share of the greatest, on a square-root scale; the top {{ "
        "config.shortcuts.percent }} % map; the first test image of the class as it is, reduced to the map, and "
        "reduced to as many of the lowest frequencies. At the other frequencies stands "
        "nothing (zeros) or, where the set has a neutral class, an image of it (swap). Reduced images are stretched in "
        "contrast, each from its 1st to its 99th percentile; below, TPR / FPR of such images. "
        "Weights and maps of the first planned seed.",
    ),
    "reduced": Figure(
        Result("images reduced to their maps", "dfm"),
        lambda plan: plan.mapped_datasets("photographs"),
        _reduced_inputs,
        lambda plan, name: {
            **of_dataset(plan, name),
            **percent(plan),
            "kinds": [[run[key] for key in NETWORK[1:]] for run in plan.first_seed_runs(dataset=name)],
        },
        caption="The first test image of every class (a column), as it is and reduced to the top {{ "
        "config.shortcuts.percent }} % map of each kind of network (a row; the first planned seed), with zeros at the "
        "other frequencies, stretched in contrast. Below each, TPR / FPR of such images ({{ judged }}), mean over the "
        "networks of the kind.",
    ),
    "claims": Figure(
        Result("the claims and their intervals", "findings"),
        lambda plan: ["all"],
        lambda plan, name: {"table": "tables/claims.csv", "numbers": "tables/claim_numbers.csv"},
        lambda plan, name: {},
        caption="Each claim of the paper (black) and ours (grey), with the mean over the networks, or the share of "
        "them, its 95 % interval, and each network. *Seen*: the interval lies above the threshold; *not seen*: below "
        "it, or within the bound; else *unclear*. Bold: *decided*, by 15 networks or more and after Holm's correction. "
        "Fewer than five networks have an interval over their images. The table ``claims`` names the figure of each, "
        "``claim_variants`` has other fills, maps and networks.",
    ),
    "renditions": Figure(
        Result("the renditions", "ood"),
        Plan.ood_datasets,
        lambda plan, name: {
            **store(name),
            "renditions": [f"data/ood/{name}/{rendition}.h5" for rendition in plan.renditions(name)],
        },
        lambda plan, name: {"names": plan.renditions(name), "most": plan.setting("figures/classes")},
        caption="One test photograph of every class (a column), and one image of each rendition (a row). {% for name "
        "in names -%} {% if 'ood' in config.datasets[name] -%} Those of {{ plain(name) }} are its out-of-distribution "
        "twin in {{ plain(config.datasets[name].ood.root) }}. {% else -%} Those of {{ plain(name) }} are synthetic, "
        "made from {{ config.ood.images_per_class }} test photographs a class: place and framing are those of the "
        "photograph.{% if 'texture' in config.ood.renditions %} *texture* keeps its low frequencies alone, with the "
        "high ones of a photograph of another class, so that maps of low frequencies keep their region.{% endif %} {% "
        "endif -%} {% endfor %}",
    ),
    **{kind: figure for test in TESTS.values() for kind, figure in test.figures.items()},
}
FIGURES = {kind: _with_planned_tables(figure) for kind, figure in _KINDS.items()}
