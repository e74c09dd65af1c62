"""The maps of every method on one network: their rates, and their scores against a known truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..categories import Result
from ..description import Figure, NetworkTest, Output, Table, files_of_run, percent, run_of, table
from ..job import FOLDER, NETWORK, RUN, WITH_TRUTH, run_of_path

if TYPE_CHECKING:
    import pandas as pd

    from ..plan import Plan

COST = ["passes", "seconds", "resumed"]
LOW_PASS = "low_pass"  # the method that is a control of the others


def measure(step: Any, created_by: str) -> None:
    """Write the rates of every map, and the scores and cost of every method."""
    import pandas as pd

    from frequency_shortcuts.evaluation import comparison, truth
    from frequency_shortcuts.evaluation.method_scores import score_methods
    from frequency_shortcuts.maps import dfm
    from frequency_shortcuts.storage.hdf5 import read_hdf5
    from frequency_shortcuts.storage.tables import write_table

    from ..shortcut_tests import run_name
    from ..tested_networks import read_inputs, with_names

    params, given, output = step.params, step.input, step.output
    network, data, run = read_inputs(step, params.images["split"], params.images["images_per_class"])
    found = {name: dfm.read(path) for name, path in zip(params.names, given.maps, strict=True)}
    maps = {name: held.masks for name, held in found.items()}
    rates = comparison.compare_methods(network, data, maps, run=run_name(run), progress=True, **params.settings)
    write_table(with_names(rates, data.classes), output.rates, **run)

    cost = pd.DataFrame(
        [{"method": name, **{key: held.attributes[key] for key in COST}} for name, held in found.items()]
    )
    table = cost.assign(truth=None)
    with read_hdf5(given.images) as file:
        planted = truth.planted(file) if "planted/truth" in file else None
    if planted:
        planes = {name: held.score.astype(float) for name, held in found.items()}
        scored = score_methods(planes, planted, seed=params.settings["seed"])
        table = with_names(scored, data.classes).merge(cost, on="method", validate="many_to_one")
    write_table(table, output.scores, **run)


def join(given: Mapping[str, Any], settings: Mapping[str, Any], plan: Plan) -> dict[str, pd.DataFrame]:
    """Scores and cost of every method; its rates beside those of the best control; the overlap of its maps."""

    from frequency_shortcuts.evaluation.method_scores import CONTROL, with_best_control
    from frequency_shortcuts.evaluation.usage import only_where_used

    scores, rates = given["scores"], given["rates"]
    if len(given["use"]):
        use = given["use"][[*RUN, "class", "uses"]]
        scores = only_where_used(scores.merge(use, on=[*RUN, "class"], how="left", validate="many_to_one"))
    keys = [*RUN, "part", "fill", "percent", "class", "method"]
    means = rates.groupby(keys, sort=False, as_index=False)[["positions", "images", "tpr", "fpr"]].mean()
    margins = with_best_control(rates, CONTROL, LOW_PASS)
    columns = [key for key in keys if key != "part"]
    margins = margins[[*columns, "measure", "best_control", "margin"]].assign(part="keep")
    return {
        "methods": scores,
        "method_rates": means.merge(margins, on=keys, how="left", validate="one_to_one"),
        "method_overlap": overlaps(given["maps"]),
    }


def overlaps(files: list[str]) -> pd.DataFrame:
    """The overlap of the maps of each method over the seeds of each network."""
    from collections import defaultdict
    from pathlib import Path

    import pandas as pd

    from frequency_shortcuts.evaluation.method_scores import overlap_over_seeds
    from frequency_shortcuts.maps import dfm

    of_network = defaultdict(list)
    for path in files:
        run, method = run_of_path(Path(path).with_suffix("") / "maps"), Path(path).parts[-len(RUN) - 1]
        of_network[method, *(run[key] for key in NETWORK)].append(path)
    tables = []
    for (method, *network), paths in of_network.items():
        found = [dfm.read(path) for path in paths]
        overlap = overlap_over_seeds([held.masks for held in found], found[0].attributes["classes"])
        tables.append(overlap.assign(**dict(zip(NETWORK, network, strict=True)), method=method))
    return pd.concat(tables)[[*NETWORK, "method", "class", "percent", "overlap", "seeds"]]


def _join_inputs(plan: Plan) -> dict[str, Any]:
    of_truth = plan.compared_runs(*WITH_TRUTH)
    return {
        "rates": TEST.files(plan, "rates"),
        "scores": TEST.files(plan, "scores"),
        "use": [f"{plan.results}/tests/{FOLDER}/planted_use.csv".format(**run) for run in of_truth],
        "maps": plan.map_files(),
    }


def _all(plan: Plan) -> list[str]:
    return ["all"] if plan.compared_runs() else []


def _datasets(plan: Plan, *kinds: str) -> list[str]:
    names = dict.fromkeys(run["dataset"] for run in plan.compared_runs())
    return [name for name in names if plan.kind_of(name) in kinds]


def _with_truth(plan: Plan) -> list[str]:
    names = plan.datasets_with_truth()
    return [name for name in _datasets(plan, *WITH_TRUTH, "photographs") if name in names]


def _mechanisms(plan: Plan) -> dict[str, str]:
    """Each set with a known truth, and its name in the figure: its mechanism, or its own name."""
    return {name: str(plan.config["datasets"][name].get("mechanism", name)) for name in _with_truth(plan)}


def _rates_parameters(plan: Plan, name: str) -> dict[str, Any]:
    kind, part = name.split("_")
    return {"datasets": _datasets(plan, kind), "part": part, **percent(plan)}


TEST = NetworkTest(
    message="Comparing the methods on {wildcards.network}, {wildcards.dataset} ({wildcards.augmentation}, seed "
    "{wildcards.seed})",
    runs=lambda plan: plan.compared_runs(),
    measure=measure,
    outputs={
        "rates": Output(
            f"tests/{FOLDER}/method_rates.csv",
            "the maps of all methods on one network: one row a `method` (a name of the plan, random_control, or "
            "unfiltered), part (keep, remove), fill, `percent`, class and draw: `positions`, `images`, `negatives`, "
            "TPR, FPR (keep only) with intervals",
        ),
        "scores": Output(
            f"tests/{FOLDER}/method_scores.csv",
            "one row a method, class and truth: `average_precision`, and `_size` (by the absolute value of the "
            "scores); `random` with `_low`, `_high`, of random rankings; `passes`, `seconds`, `resumed`. For "
            "photographs without a known truth one row a method, without scores",
        ),
    },
    inputs=lambda plan: {**files_of_run(plan), "maps": lambda wildcards: plan.map_files(**run_of(wildcards))},
    settings=lambda plan: {
        "images": plan.section("shortcuts", "split", "images_per_class"),
        "names": lambda wildcards: plan.methods(**run_of(wildcards)),
        "settings": lambda wildcards: plan.comparison_settings(wildcards.dataset),
    },
    minutes=120,
    memory=4000,
    tables={
        "methods": Table(
            holds="`method_scores.csv` of all runs joined; scores only where the network uses the planted mask "
            "(`uses`)",
        ),
        "method_rates": Table(
            holds="`method_rates.csv` of all runs joined, draws averaged; `measure` is TPR - FPR, `best_control` that "
            "of the better of random and low-pass masks of the same size, `margin` their difference",
        ),
        "method_overlap": Table(
            holds="one row a network, method, percent and class: `overlap`, the mean intersection over union of the "
            "maps over all pairs of `seeds`",
            planned=lambda plan: plan.compared_runs(),
        ),
    },
    join=join,
    join_inputs=_join_inputs,
    rule="method_tables",
    figures={
        "method_truth": Figure(
            Result("methods against the planted truth", "beyond"),
            lambda plan: ["main", "all"] if _with_truth(plan) else [],
            table("methods"),
            lambda plan, name: {"mechanisms": _mechanisms(plan), "few": name == "main"},
            caption="Average precision of a method's ranking of the conjugate pairs against the planted truth of each "
            "class, for methods that users would take (``main``) and for all (``all``): mean over classes and seeds in "
            "which the network uses the planted mask (n of them; table: is the planted mask used?). All methods rank "
            "with the same {{ config.culling.images_per_class or '' }} {{ "
            "config.culling.split }} images a class. Bold: a mean of at least 0.95; in a single class, a truth is "
            "*found* if its average precision is at least 0.95. In the last row: the mean of random rankings, which "
            "the method ``random`` equals. Methods in italics are simple ones that others must beat; ``adcs`` and "
            "``energy`` read the images and not the network. In *decoy*, ranking and test images carry a second cue "
            "that the training images do not have: a method that reads the images alone falls for it (last column, "
            "where a low value is good).",
        ),
        "method_rates": Figure(
            Result("maps of every method, kept or removed", "beyond"),
            lambda plan: [
                f"{kind}_{part}"
                for kind in dict.fromkeys(plan.kind_of(run["dataset"]) for run in plan.compared_runs())
                for part in ("keep", "remove")
            ],
            table("method_rates"),
            _rates_parameters,
            caption="Rates with the maps of every method, by their share of the frequencies, on {{ "
            "config.shortcuts.images_per_class or 'all' }} {{ config.shortcuts.split }} images a class that ranked "
            "nothing; means over classes and seeds. *keep*: TPR - FPR when the maps are kept. The fill says what "
            "stands at the other frequencies: nothing (zeros), or the coefficients of another image (swap), of the "
            "neutral class where the set has one. All methods have the same images, donors and controls. Dashed: the "
            "better control at each size, of {{ config.shortcuts.controls }} random masks and the lowest frequencies. "
            "*remove*: TPR when the maps are removed, with the fill in their place. A curve that falls early belongs "
            "to a method whose best frequencies the class cannot do without. Dashed: the control that falls further.",
        ),
        "method_cost": Figure(
            Result("quality and cost of every method", "beyond"),
            _all,
            lambda plan, name: {"scores": "tables/methods.csv", "rates": "tables/method_rates.csv"},
            lambda plan, name: percent(plan),
            caption="Quality of every method against the forward passes of one image that it takes for all classes of "
            "a network (a backward pass counts two). Above: average precision against the planted truth, mean over the "
            "sets. Below, on photographs: TPR - FPR at {{ parameters.percent }} % minus that of the better of random "
            "and low-pass masks, mean over classes, with the first fill of the study. Methods left of the line take no "
            "pass.",
        ),
        "method_overlap": Figure(
            Result("overlap of the maps over seeds", "beyond"),
            lambda plan: ["all"] if len({run["seed"] for run in plan.compared_runs()}) > 1 else [],
            table("method_overlap"),
            lambda plan, name: percent(plan),
            caption="Overlap (intersection over union) of the top {{ parameters.percent }} % maps of networks that "
            "were trained with other seeds, mean over classes and pairs of seeds. Dots are data sets, lines means. The "
            "overlap of ``random`` is chance; ``low_pass`` does not look at the network, and its maps are always the "
            "same.",
        ),
    },
    in_study=False,
    order=7,
)
