"""The shortcut test, and the test of phases and amplitudes on the same images: hits of every mask and image."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from .. import shortcut_tests
from ..description import (
    MAPS,
    WEIGHTS,
    Figure,
    NetworkTest,
    Output,
    Result,
    Table,
    claims,
    files_of_run,
    of_dataset,
    of_first_kind,
    of_photographs,
    percent,
    store,
)
from ..job import FOLDER, run_of, run_of_path
from ..plan import Plan, Run
from ..shortcut_tests import settings, settings_of_methods


def measure(step: Any, created_by: str) -> None:
    """The class that the network names for every mask and image, and a table of rates."""
    from frequency_shortcuts.maps import dfm
    from frequency_shortcuts.storage.files import replacing_hdf5
    from frequency_shortcuts.storage.tables import write_table
    from study.measures import phase

    from ..tested_networks import read_inputs

    params, given, output = step.params, step.input, step.output
    network, data, run = read_inputs(step, params.split, params.images_per_class)
    name, chosen = shortcut_tests.run_name(run), {key: params.settings[key] for key in ("negatives", "seed")}
    with replacing_hdf5(output.hits) as file:
        table = shortcut_tests.measure(file, network, data, given.maps, name, params, params.methods)
        about = {"split": params.split, "percent": params.percent, "seed_of_draws": chosen["seed"], **run}
        file.attrs.update(about, created_by=created_by)
        if params.phase:
            masks = dfm.read_mask(given.maps[0], params.percent)
            phases = phase.collect(network, data, masks, run=name, progress=True, **chosen)
            phase.write_phase_hits(file.create_group("phase"), phases)
    write_table(table, output.shortcuts, **run)


def join(given: Mapping[str, Any], settings: Mapping[str, Any], plan: Plan) -> dict[str, pd.DataFrame]:
    """Verdicts, the cross matrix, the own-map advantage and phases, from the hits of all runs.

    One file is read at a time, since the hits of thousands of classes take gigabytes.
    """
    from frequency_shortcuts.shortcuts.cross import cross_matrix, own_map_advantage
    from frequency_shortcuts.shortcuts.hits import read_hits_of_methods
    from frequency_shortcuts.shortcuts.verdict import over_seeds, verdicts
    from frequency_shortcuts.storage.hdf5 import read_hdf5
    from frequency_shortcuts.storage.tables import CULLING
    from study.findings import study_tables
    from study.measures.phase import phase_verdicts, read_phase_hits

    strong = settings["strong"]
    parts: dict[str, list[pd.DataFrame]] = {}
    for path in given["hits"]:
        with read_hdf5(path) as file:
            classes, hits_of = list(file.attrs["classes"]), read_hits_of_methods(file)
            phases = read_phase_hits(file["phase"]) if "phase" in file else None
        run = run_of_path(path)
        found = [("shortcuts", run, verdicts(hits_of[CULLING], strong))]
        found += [("phase", run, phase_verdicts(phases, strong))] if phases else []
        for method, hits in hits_of.items():
            for measured in (cross_matrix, own_map_advantage):
                found.append((measured.__name__, {**run, "method": method}, measured(hits)))
        for name, about, table in found:
            parts.setdefault(name, []).append(study_tables.of_run(table, about, classes))
    tables = {name: pd.concat(tables, ignore_index=True) for name, tables in parts.items()}
    return {**tables, "shortcuts_over_seeds": over_seeds(tables["shortcuts"])}


def _first_of_photographs(plan: Plan) -> list[Run]:
    """Of each set of photographs, the first run of the first kind of networks whose phases are tested."""
    of_kinds = [run for name in plan.mapped_datasets("photographs") for run in plan.first_kind_runs(dataset=name)]
    runs = [run for run in plan.phase_runs() if run in of_kinds]
    return list({run["dataset"]: run for run in reversed(runs)}.values())[::-1]


def _texture_inputs(plan: Plan, name: str) -> dict[str, Any]:
    (run,) = (run for run in _first_of_photographs(plan) if run["dataset"] == name)
    files = {"weights": WEIGHTS.format(**run), "maps": MAPS.format(**run)}
    return {**store(name), **files, "table": "tables/phase.csv"}


TEST: NetworkTest = NetworkTest(
    message="Testing the shortcuts of {wildcards.network} on {wildcards.dataset} ({wildcards.augmentation}, seed "
    "{wildcards.seed})",
    runs=lambda plan: plan.mapped_runs(),
    measure=measure,
    outputs={
        "hits": Output(
            f"tests/{FOLDER}/hits.h5",
            "the class that the network names, for every mask and image; group `phase`, under exchanged phases; groups "
            "`methods/{name}`, of each method in `shortcuts.methods`: the same with its maps, those of other classes "
            "and the lowest frequencies",
        ),
        "shortcuts": Output(
            f"tests/{FOLDER}/shortcuts.csv",
            "one row a class, part, fill, filter and draw: `class`, `neutral` (it has no cue of its own, and no rows "
            "with swap), `part` (the frequencies of the mask: keep, remove), `fill` at the others (zeros; swap: "
            "another image, the donor), `filter` (unfiltered, dfm, random, radial, low_pass, other; of remove the "
            "first three), `draw` (number, or the other class), `positions` of the mask, `overlap` with the map "
            "(intersection over union), `images` of the class, `negatives` of other classes, `tpr`, `fpr` and their 95 "
            "% intervals `_low`, `_high`",
        ),
    },
    inputs=lambda plan: {**files_of_run(plan), "maps": lambda wildcards: plan.tested_maps(run_of(wildcards))},
    settings=lambda plan: {
        **settings(plan),
        **settings_of_methods(plan, plan.config["shortcuts"]["fills"]),
        "phase": lambda wildcards: run_of(wildcards) in plan.phase_runs(),
    },
    minutes=120,
    priority=1,
    tables={
        "shortcuts": Table(
            "the verdicts, one row a network, seed, class, part and fill: `neutral`, `positions` of the map, `images`, "
            "`negatives`; TPR and FPR `_unfiltered`, with the map (`_dfm`) and with each control of its size (means; "
            "no FPR of radial), with `error_{kind}` (SD / sqrt(draws)) and `draws_{kind}`; `overlap_radial` with the "
            "map; `measure`, TPR - FPR of the map; `largest_other`, that of the map of `largest_other_class`; "
            "`margin`, `measure` minus that of the closest control on the same images (of remove: control minus map; "
            "of radial: of TPR, over one more draw); `best_control`, its kind, and `closest_class`; `smallest_effect`, "
            "the least margin that so many images would show; `low_pass_margin` to the lowest frequencies, and "
            "`than_lowest`: worse, as well (within 0.1), better, undecided; `_low`, `_high`: 95 % intervals; "
            "`verdict`: strong (the margins to all controls are above 0, and the whole intervals of TPR and FPR at "
            "least `shortcuts.strong` and at most 0.1), weak (the former alone), none, too few images; missing below "
            "an unfiltered TPR of 0.5; `headline`, the row to quote: keep, with swap where the set has a neutral "
            "class, else zeros",
            Result("verdict on every class, network and seed", "maps"),
            caption="TPR and FPR of every class, network and seed, unfiltered, with the map and with each control of "
            "its size, and the verdict. *Strong*: better than all controls, TPR at least {{ config.shortcuts.strong "
            "}} and FPR at most 0.1; *weak*: better than all controls alone.",
        ),
        "shortcuts_over_seeds": Table(
            "one row a network, class, part and fill: `seeds`, `strong_seeds`, `headline`; `_mean` and `_sd` over "
            "seeds of the rates, of `margin` and of `largest_other`; `measure_mean`, the mean TPR - FPR of the map, "
            "with its 95 % interval `measure_low`, `measure_high`; `interval`: of networks (Student's t over at least "
            "five seeds) or these networks (over their images)",
            Result("mean and spread over seeds", "maps"),
            caption="The same, mean and standard deviation over networks of a kind, with a 95 % interval of TPR - "
            "FPR. *Headline* marks the rows to quote.",
        ),
        "cross_matrix": Table(
            "every class with every map, of the part keep: one row a network, seed, `method` (whose maps: culling, or "
            "a method of `shortcuts.methods`), fill, `class` and `map`: `headline` (whether the fill is the one to "
            "quote), `tpr`, `fpr`, `measure` (TPR - FPR); a neutral class has no row and no map; of more than 21 "
            "classes, each sees 20 other maps",
        ),
        "own_map_advantage": Table(
            "one row a network, seed, `method` (whose maps) and fill: `headline`, `classes`; `own`, the mean TPR - FPR "
            "with the own map, `others`, with the maps of other classes, `advantage`, their difference; "
            "`low_pass_margin` and `best_other_margin`, `own` minus that with as many of the lowest frequencies, and "
            "with the best other map (chosen on every second image, compared on the others, both ways); each with its "
            "95 % interval `_low`, `_high` over the images of this network (bootstrap)",
            Result("own-map advantage of every network", "capacity"),
            caption="Mean over the classes of TPR - FPR from the own map, minus that from the maps of other classes, "
            "of every network, with a 95 % interval over its images. Beside it: the own map against as many of the "
            "lowest frequencies, and against the best other map.",
        ),
        "phase": Table(
            "one row a network, seed and class: `positions` of the map, `images`, `negatives`; TPR and FPR where "
            "images keep amplitudes and phases, or one of them, inside the map (`_both`, `_amplitude`, `_phase`, with "
            "`_low`, `_high`) or at all frequencies (`_spectrum`), the other part from another image; outside the map "
            "stands this image (with a neutral class) or nothing; `share_amplitude`, `share_phase` of the TPR - FPR "
            "with both; `margin_amplitude`, `margin_phase`, minus half of it, with 95 % intervals; `verdict`: texture "
            "(only the margin of amplitudes is above 0, the other below), shape (that of phases), either (both above), "
            "both (both below), undecided; shares, margins and verdict are missing where `tpr_both` is below "
            "`shortcuts.strong` or not above `fpr_both`",
            Result("texture or shape?", "texture"),
            lambda plan: plan.phase_runs(),
            caption="TPR and FPR of every class when images keep amplitudes, phases or both inside the map, and the "
            "verdict. The figure explains the words.",
        ),
    },
    join=join,
    join_inputs=lambda plan: {"hits": TEST.files(plan, "hits")},
    join_settings=lambda plan: plan.section("shortcuts", "strong"),
    figures={
        "shortcuts": Figure(
            Result("the kinds of networks side by side", "capacity", "Table 2"),
            lambda plan: plan.mapped_datasets(),
            lambda plan, name: {
                **store(name),
                "table": "tables/shortcuts_over_seeds.csv",
                **claims(plan, name, "own_map_advantage"),
                "verdicts": "tables/shortcuts.csv",
                "networks": "tables/networks.csv",
            },
            of_dataset,
            caption="TPR - FPR of every class from its top {{ config.shortcuts.percent }} % map alone ({{ judged }}), "
            "mean over the networks of a kind with its 95 % interval; a panel is a kind, the largest first. Open "
            "marks are controls of the map's size: the best map of another class, and the lowest frequencies; "
            "elsewhere stand zeros or, where the set has a neutral class, its images (swap). The paper, on "
            "ImageNet-10: {{ published.table_2 | join('; ') }}.",
            shown=of_photographs,
        ),
        "cross": Figure(
            Result("every class with every map", "maps"),
            lambda plan: plan.mapped_datasets(),
            lambda plan, name: {
                **store(name),
                "table": "tables/cross_matrix.csv",
                "advantage": "tables/own_map_advantage.csv",
                "shortcuts": "tables/shortcuts.csv",
            },
            of_first_kind,
            caption="TPR - FPR of every class (a row) from the top {{ config.shortcuts.percent }} % map of every "
            "class (a column), with zeros or, where the set has a neutral class, its images (swap) elsewhere ({{ "
            "judged }}), mean over the networks of the first kind{% if config.shortcuts.methods %}; a panel with the "
            "name of a method ({{ plain(config.shortcuts.methods | join(', ')) }}) is of the maps that it finds{% "
            "endif %}. Black frames: the own maps; if maps were not specific to their class, each column would have "
            "one colour. Above each panel: the *own-map advantage*, the mean of the diagonal minus that of the rest, "
            "with its 95 % interval.",
            shown=of_photographs,
        ),
        "texture": Figure(
            Result("texture or shape", "texture"),
            lambda plan: list(dict.fromkeys(run["dataset"] for run in _first_of_photographs(plan))),
            _texture_inputs,
            lambda plan, name: {**of_first_kind(plan, name), **percent(plan)},
            caption="Left: the first test image, and the same reduced to the top {{ config.shortcuts.percent }} % "
            "map. Right: TPR - FPR ({{ judged }}; networks of the first kind) when images keep their amplitudes and "
            "phases inside the map, or one of them and another image gives the other, with 95 % intervals. The grey "
            "tick is half of the value with both: *texture*, amplitudes alone lie clearly above it and phases below; "
            "*shape*, the reverse; *either*, each lies above; *both*, neither does; else *undecided*, and no word "
            "where the map alone does not suffice.",
        ),
    },
    order=2,
)
